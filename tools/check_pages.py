#!/usr/bin/env python3
"""Open pages in headless Chromium and use their viewer as people do: tools/check_pages.py [PAGE.html...]

Without arguments it makes pages of two digital rats, one of them under a surface coil. It needs playwright and a
Chromium (CHROMIUM names one; default: the first on the PATH), and says so and ends well where there is none.
--shots DIR keeps screenshots, which are for looking at and never belong into the repository."""
import argparse, json, os, shutil, sys, tempfile
from html import unescape
from pathlib import Path

root = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root))
sizes = [(1400, 1000, 'light'), (1400, 1000, 'dark'), (400, 850, 'light'), (400, 850, 'dark')]

def sample_pages(folder):
    "Pages of two digital rats, and their volumes: {page: {name: volume}}"
    import torch, torchio as tio
    from easysr.infer import super_resolve
    from easysr.pages import scan_page
    from easysr.phantom import phantom
    from easysr.slices import thicken
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

    def readings(self, name, vol):
        "(values that the page shows at points within a volume, values of the file there)"
        import numpy as np
        x,rng,shown,true = vol.data[0].numpy(), np.random.default_rng(0), [], []
        for _ in range(60):
            voxel = [int(n*u) for n,u in zip(x.shape, rng.uniform(.15, .85, 3))]
            point = (vol.affine@[*voxel,1])[:3].tolist()
            self.tab.evaluate("p => { document.querySelector('.easysr-viewer').easysr.point = p; }", point)
            self.tab.evaluate("document.querySelector('.easysr-viewer').easysr.paint()")
            caption = self.tab.locator('figcaption', has=self.tab.get_by_text(name, exact=True)).first
            text = caption.locator('.es-value').inner_text().replace('\u2212', '-')
            if text!='outside':
                shown.append(float(text))
                true.append(float(x[tuple(voxel)]))
        return shown, true

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

def check(browser, page, vols, shots):
    "Faults of a page in all sizes"
    faults = still(browser, page)
    for width,height,scheme in sizes:
        context = browser.new_context(viewport=dict(width=width, height=height), color_scheme=scheme)
        c = Check(context.new_page(), page, width, height, scheme)
        times = c.tab.evaluate("(({first, ready}) => [first, ready])(document.querySelector('.easysr-viewer').dataset)")
        print(f'{c.label}: first picture after {times[0]} ms, all after {times[1]} ms')
        if shots:
            c.tab.screenshot(path=shots/f'{page.stem}_{width}_{scheme}.png', full_page=True)
        c.layout()
        c.slider()
        c.keys()
        if vols and scheme=='light':
            c.values(vols)
        c.wheel()
        c.window()
        faults += c.faults
        context.close()
    return faults

def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('pages', nargs='*', type=Path, help='pages to open; default: those of two digital rats')
    p.add_argument('--shots', type=Path, help='folder for screenshots')
    args = p.parse_args()
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return print('playwright is not installed: the pages were not opened')
    if not chromium():
        return print('there is no Chromium here: the pages were not opened')
    if args.shots:
        args.shots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as d, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium(), args=['--no-sandbox'])
        pages = {o.resolve(): {} for o in args.pages} or sample_pages(Path(d))
        faults = [o for page,vols in pages.items() for o in check(browser, page, vols, args.shots)]
        browser.close()
    print(*faults, sep='\n')
    sys.exit(f'{len(faults)} faults' if faults else 0)

if __name__ == '__main__':
    main()
