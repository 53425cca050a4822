#!/usr/bin/env python3
"""Open pages in headless Chromium and use their viewer as people do: tools/check_pages.py [PAGE.html...]

Without arguments it makes pages of two digital rats, one of them under a surface coil, and of a viewer of four volumes
with labels. It needs playwright and a Chromium (CHROMIUM names one; default: the first on the PATH), and says so and
ends well where there is none. --shots DIR keeps screenshots, which are for looking at and never belong into the
repository. --time prints what each page weighs and when its first picture is there, and checks nothing."""
import argparse, json, os, shutil, sys, tempfile
from html import unescape
from pathlib import Path

root = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root))
sizes = [(1400, 1000, 'light'), (1400, 1000, 'dark'), (400, 850, 'light'), (400, 850, 'dark')]

def sample_pages(folder):
    "Pages of digital rats, and their volumes: {page: {name: volume}}"
    import torch, torchio as tio
    from easysr.infer import super_resolve
    from easysr.pages import scan_page
    from easysr.phantom import phantom, phantom_labels
    from easysr.slices import thicken
    from easysr.view import SliceViewer
    pages = {}
    for name,reach in dict(even=None, coil=3.).items():
        rat = phantom(.3)
        if reach:
            height = torch.linspace(rat.spatial_shape[2]*rat.spacing[2], 0, rat.spatial_shape[2])
            rat = tio.ScalarImage(tensor=rat.data*torch.exp(-height/reach), affine=rat.affine)
        res = super_resolve(thicken(rat, .9), .3, uncertainty=True)
        page = folder/f'{name}.html'
        page.write_text(scan_page(res, f'{name} <b>&', methods='<p>The scans were restored.</p>'), encoding='utf-8')
        pages[page] = dict(scan=res.scan, cubic=res.cubic, easysr=res.volume)
        if name=='even':
            pages[folder/'four.html'] = vols = pages[page] | dict(truth=rat)
            viewer = SliceViewer(vols, 'sagittal', labels=phantom_labels(.3)).html()
            head = '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            style = '<style>body{margin:16px;font-family:sans-serif}:root{color-scheme:light dark}</style>'
            (folder/'four.html').write_text(f'{head}<title>four</title>{style}{viewer}', encoding='utf-8')
    return pages

def chromium():
    "Path of a Chromium, or None"
    names = (os.environ.get('CHROMIUM', ''), 'chromium', 'chromium-browser', 'google-chrome')
    return next((found for o in names if o and (found := shutil.which(o))), None)

def stored_spec(page):
    "What the viewer of a page was told, less its pictures"
    import re
    spec = json.loads(unescape(re.search('data-spec="(.*?)"', page.read_text(encoding='utf-8'))[1]))
    for o in spec['volumes']:
        o.pop('data')
    return spec

# milliseconds until the first picture and until all
TIMES = "(({first, ready}) => [first, ready])(document.querySelector('.easysr-viewer').dataset)"

# texts of the value below the panel of a volume (or the first panel), with the crosshair at each of some points
READ = """([name, points]) => {
    const viewer = document.querySelector('.easysr-viewer').easysr;
    const all = [...document.querySelectorAll('figcaption')];
    const caption = all.find(o => !name || o.firstChild.textContent === name);
    const value = caption.querySelector('.es-value');
    return points.map(p => { viewer.point = p; viewer.paint(); return value.textContent; });
}"""

class Check:
    "One page in one size, and what was found wrong with it"
    def __init__(self, tab, page, width, height, scheme):
        self.tab, self.page, self.faults = tab, page, []
        self.label = f'{page.name} {width} {scheme}'
        tab.on('console', lambda m: self.wrong(m.text) if m.type in ('error','warning') else None)
        tab.on('pageerror', lambda e: self.wrong(str(e)))
        tab.on('request', lambda r: None if r.url.startswith(('file:','data:')) else self.wrong(f'asked for {r.url}'))
        tab.goto(page.as_uri())
        tab.wait_for_selector('.easysr-viewer[data-ready]', timeout=60_000)
        self.settle()
    def wrong(self, text): self.faults.append(f'{self.label}: {text}')
    def settle(self): self.tab.wait_for_timeout(120)
    def pictures(self): return [o.screenshot() for o in self.tab.locator('.easysr-viewer canvas').all()]
    def expect(self, condition, text):
        if not condition:
            self.wrong(text)

    def layout(self):
        "Nothing beyond the edge, stills replaced, canvases at least a pixel a voxel where they fit"
        wide = self.tab.evaluate('[document.scrollingElement.scrollWidth, innerWidth]')
        self.expect(wide[0]<=wide[1], f'is {wide[0]} pixels wide in a window of {wide[1]}')
        self.expect(self.tab.locator('.es-still, .es-note').count()==0, 'still pictures are left')
        self.expect(self.tab.locator('.easysr-viewer canvas').count()>=3, 'has no panels')

    def slider(self):
        "The slider moves every panel of its plane, whatever its volume"
        before = self.pictures()
        move = "o => { o.value = Math.round(o.max*.35); o.dispatchEvent(new Event('input')); }"
        self.tab.locator('.es-slider').evaluate(move)
        self.settle()
        same = sum(a==b for a,b in zip(before, self.pictures()))
        self.expect(same==0, f'the slider leaves {same} of {len(before)} panels as they were')

    def keys(self):
        "Arrows move the crosshair, Page Up the slice, and 2 looks from above"
        viewer = self.tab.locator('.easysr-viewer')
        for key in ('ArrowLeft','ArrowUp','PageUp'):
            before = self.tab.locator('.es-reading').inner_text()
            viewer.press(key)
            self.settle()
            self.expect(self.tab.locator('.es-reading').inner_text()!=before, f'{key} does nothing')
        viewer.press('2')
        self.settle()
        pressed = self.tab.locator('[aria-label=plane] button[aria-pressed=true]').inner_text()
        self.expect(pressed=='axial', f'2 shows the {pressed} plane, not the axial one')
        viewer.press('1')

    def wheel(self):
        "The wheel over a picture that was clicked changes the slice"
        canvas = self.tab.locator('.easysr-viewer canvas').first
        canvas.click()
        before = self.tab.locator('.es-where').inner_text()
        self.tab.mouse.wheel(0, 100)
        self.settle()
        self.expect(self.tab.locator('.es-where').inner_text()!=before, 'the wheel does nothing')

    def window(self):
        "Two numbers set the window, reset brings it back, and dragging with the right button changes it"
        low,high = (self.tab.locator('.es-line input[type=number]').nth(i) for i in (0,1))
        before,first = low.input_value(), self.pictures()[0]
        low.fill(f'{float(high.input_value())/2:.3g}')
        low.dispatch_event('change')
        self.settle()
        self.expect(self.pictures()[0]!=first, 'the window cannot be typed')
        self.tab.get_by_role('button', name='reset').click()
        self.settle()
        self.expect(low.input_value()==before, 'reset does not bring the window back')
        box = self.tab.locator('.easysr-viewer canvas').first.bounding_box()
        x,y = box['x']+box['width']/2, box['y']+box['height']/2
        self.tab.mouse.move(x, y)
        self.tab.mouse.down(button='right')
        self.tab.mouse.move(x+50, y+20, steps=4)
        self.tab.mouse.up(button='right')
        self.settle()
        self.expect(low.input_value()!=before, 'dragging does not change the window')

    def show(self, mode):
        "Choose one of the modes"
        self.tab.locator('[aria-label=volumes]').get_by_role('button', name=mode, exact=True).click()
        self.settle()
        return self.pictures()

    def modes(self, planes):
        "A, B, their blend and their difference: four pictures, each in all planes, and the slider of the blend moves"
        shown = {o: self.show(o) for o in ('A','B','blend','difference')}
        self.expect(len({o[0] for o in shown.values()})==4, 'two modes show the same picture')
        counts = {len(o) for o in shown.values()}
        self.expect(counts=={planes}, f'modes have {counts} panels and not {planes}')
        blend = self.show('blend')[0]
        self.tab.get_by_label('blend of A and B').fill('90')
        self.settle()
        self.expect(self.pictures()[0]!=blend, 'the slider of the blend does nothing')
        before = self.show('A')[0]
        picker = self.tab.get_by_label('A', exact=True)
        picker.select_option('1')
        self.settle()
        self.expect(self.pictures()[0]!=before, 'another volume as A shows the same')
        for key,mode in dict(s='side by side', a='A', b='B', m='blend', d='difference').items():
            self.tab.locator('.easysr-viewer').press(key)
            self.settle()
            pressed = self.tab.locator('[aria-label=volumes] [aria-pressed=true]').inner_text()
            self.expect(pressed==mode, f'key {key} shows {pressed}')
        self.show('side by side')

    def labels(self):
        "Labels go and come back, and their opacity counts"
        box = self.tab.get_by_role('checkbox', name='labels')
        if not box.count():
            return
        on = self.pictures()[0]
        box.uncheck()
        self.settle()
        off = self.pictures()[0]
        box.check()
        self.settle()
        self.expect(off!=on and self.pictures()[0]==on, 'labels cannot be switched off and on')
        self.tab.get_by_label('opacity of the labels').fill('90')
        self.settle()
        self.expect(self.pictures()[0] not in (on, off), 'the opacity of the labels does nothing')

    def difference(self, a, b, first, second):
        "What the page reads as A minus B is that of the files, the coarser interpolated linearly"
        import numpy as np
        from easysr.live import Difference, voxel_at
        names = [o['name'] for o in stored_spec(self.page)['volumes'] if not o.get('labels')]
        self.show('difference')
        for letter,name in (('A',first), ('B',second)):
            self.tab.get_by_label(letter, exact=True).select_option(str(names.index(name)))
        apart = Difference(a, b)
        shown,true = self.readings('', apart.on, lambda p: float(apart.at(voxel_at(apart.on, p)[:,None])[0]))
        spec = next(o for o in stored_spec(self.page)['volumes'] if o['name']==first)
        errors = np.abs(np.subtract(shown, true))/np.subtract(*spec['window'][::-1])
        print(f'{self.label}: {first} minus {second}, median error {np.median(errors):.2%} of the window')
        off = np.median(errors)
        self.expect(len(errors)>20 and off<.03, f'{first} minus {second} is off by {off:.1%} of the window')
        self.show('side by side')

    def values(self, vols):
        "The value at the crosshair is that of the volume's file, within what compression costs"
        import numpy as np
        spec = {o['name']: o for o in stored_spec(self.page)['volumes']}
        for name,vol in vols.items():
            shown,true = self.readings(name, vol)
            span = np.subtract(*spec[name]['window'][::-1])
            errors = np.abs(np.subtract(shown, true))/span
            print(f'{self.label}: {name} at {len(errors)} points, median error {np.median(errors):.2%} of the window')
            self.expect(len(errors)>20 and np.median(errors)<.02 and np.quantile(errors, .9)<.08,
                        f'{name}: values are off by {np.median(errors):.1%} of the window in the median')

    def readings(self, name, vol, truth=None):
        "(values that the page shows at points within a volume, values of the file there)"
        import numpy as np
        x,rng = vol.data[0].numpy(), np.random.default_rng(0)
        voxels = [[int(n*u) for n,u in zip(x.shape, rng.uniform(.15, .85, 3))] for _ in range(60)]
        points = [(vol.affine@[*o,1])[:3].tolist() for o in voxels]
        texts = self.tab.evaluate(READ, [name, points])
        pairs = [(float(text.replace('\u2212', '-')), truth(p) if truth else float(x[tuple(o)]))
                 for text,p,o in zip(texts, points, voxels) if text!='outside']
        return [list(o) for o in zip(*pairs)] or ([],[])

def still(browser, page):
    "Faults of a page whose scripts do not run"
    context = browser.new_context(java_script_enabled=False, viewport=dict(width=400, height=850))
    tab = context.new_page()
    tab.goto(page.as_uri())
    shown = tab.locator('.es-still img').all()
    bad = [] if shown and all(o.is_visible() for o in shown) else [f'{page.name}: no still pictures without scripts']
    if not tab.get_by_text('Trust Notebook').is_visible():
        bad.append(f'{page.name}: does not say that scripts are off')
    context.close()
    return bad

def touch(browser, page):
    "Faults of a page under a finger: a first tap places the crosshair, and then it follows"
    context = browser.new_context(has_touch=True, is_mobile=True, viewport=dict(width=400, height=850))
    c = Check(context.new_page(), page, 400, 850, 'touch')
    canvas = c.tab.locator('.easysr-viewer canvas').first
    canvas.scroll_into_view_if_needed()
    box, send = canvas.bounding_box(), context.new_cdp_session(c.tab).send
    def reading(): return c.tab.locator('.es-reading').inner_text()
    def finger(kind, x, y):
        points = [] if kind=='touchEnd' else [dict(x=box['x']+box['width']*x, y=box['y']+box['height']*y)]
        send('Input.dispatchTouchEvent', dict(type=kind, touchPoints=points))
        c.settle()
        return reading()
    seen = [reading(), finger('touchStart', .3, .3)]
    finger('touchEnd', 0, 0)
    finger('touchStart', .3, .3)
    seen += [finger('touchMove', .5, .3), finger('touchMove', .5, .6)]
    finger('touchEnd', 0, 0)
    c.expect(len(set(seen))==4, f'a finger moves the crosshair to {len(set(seen))-1} of 3 places')
    c.tab.locator('[aria-label=drag]').get_by_role('button', name='window').click()
    before = c.tab.locator('.es-line input[type=number]').first.input_value()
    finger('touchStart', .3, .3)
    finger('touchMove', .6, .5)
    finger('touchEnd', 0, 0)
    after = c.tab.locator('.es-line input[type=number]').first.input_value()
    c.expect(after!=before, 'a finger does not drag the window')
    wide = c.tab.evaluate('[document.scrollingElement.scrollWidth, innerWidth]')
    c.expect(wide[0]<=wide[1], f'is {wide[0]} pixels wide on a phone of {wide[1]}')
    context.close()
    return c.faults

def timed(browser, pages, times=5):
    "Print kB and milliseconds of pages: the median of several times, each in a fresh tab"
    for page in pages:
        found = []
        for _ in range(times):
            context = browser.new_context(viewport=dict(width=1400, height=1000))
            tab = context.new_page()
            tab.goto(page.as_uri())
            tab.wait_for_selector('.easysr-viewer[data-ready]', timeout=60_000)
            found.append([int(o) for o in tab.evaluate(TIMES)])
            context.close()
        first,ready = (sorted(o)[times//2] for o in zip(*found))
        print(f'{page.stem}: {page.stat().st_size/1000:.0f} kB, first picture after {first} ms, all after {ready} ms')

def check(browser, page, vols, shots):
    "Faults of a page in all sizes"
    faults = still(browser, page)+touch(browser, page)
    for width,height,scheme in sizes:
        context = browser.new_context(viewport=dict(width=width, height=height), color_scheme=scheme)
        c = Check(context.new_page(), page, width, height, scheme)
        times = c.tab.evaluate(TIMES)
        print(f'{c.label}: first picture after {times[0]} ms, all after {times[1]} ms')
        if shots:
            c.tab.screenshot(path=shots/f'{page.stem}_{width}_{scheme}.png', full_page=True)
        c.layout()
        c.slider()
        c.keys()
        if vols and scheme=='light':
            c.values(vols)
            c.difference(vols['easysr'], vols['cubic'], 'easysr', 'cubic')
            c.difference(vols['scan'], vols['easysr'], 'scan', 'easysr')
        c.wheel()
        c.window()
        if scheme=='light':
            c.labels()
            several = len(stored_spec(page)['volumes'])>1
            if several:
                three = c.tab.get_by_role('button', name='three planes').get_attribute('aria-pressed')
                c.modes(3 if three=='true' else 1)
                if shots:
                    c.show('difference')
                    c.tab.screenshot(path=shots/f'{page.stem}_{width}_difference.png')
        faults += c.faults
        context.close()
    return faults

def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('pages', nargs='*', type=Path, help='pages to open; default: those of two digital rats')
    p.add_argument('--shots', type=Path, help='folder for screenshots')
    p.add_argument('--quick', action='store_true', help='two windows in place of four: wide and light, narrow and dark')
    p.add_argument('--time', action='store_true', help='print kB and milliseconds to the first picture, check nothing')
    args = p.parse_args()
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return print('playwright is not installed: the pages were not opened')
    if not chromium():
        return print('there is no Chromium here: the pages were not opened')
    if args.quick:
        sizes[:] = sizes[:1]+sizes[3:]
    if args.shots:
        args.shots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as d, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium(), args=['--no-sandbox'])
        pages = {o.resolve(): {} for o in args.pages} or sample_pages(Path(d))
        if args.time:
            return timed(browser, pages)
        faults = [o for page,vols in pages.items() for o in check(browser, page, vols, args.shots)]
        browser.close()
    print(*faults, sep='\n')
    sys.exit(f'{len(faults)} faults' if faults else 0)

if __name__ == '__main__':
    main()
