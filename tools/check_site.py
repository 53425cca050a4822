#!/usr/bin/env python3
"""Render the staged site with smalldocs into a temporary folder and open pages of it in headless Chromium.

Home, a tutorial and a page of functions at 1400 and 400 pixels, light and dark: no error in the console, nothing that
scrolls sideways or is cut, pictures that load and have an alt text, a viewer that moves.
tools/check_site.py [PAGE...] [--staged] [--site DIR] [--shots DIR] [--keep DIR]
--staged takes _proc/ as it is. Where smalldocs, playwright or Chromium is absent it says so and ends well."""
import argparse, html, importlib, json, re, shutil, subprocess, sys, tempfile
from pathlib import Path

from check_pages import chromium
from llms import llms_text
from page_faults import option
from staged import cells, front_matter, joined, root, stage

pages = ['index.html', 'tutorials/first_scan.html', 'infer.html']
with_viewer = pages[:1]
sizes = [(1400, 1000, 'light'), (1400, 1000, 'dark'), (400, 850, 'light'), (400, 850, 'dark')]

def unfolded(cell):
    "A folded cell as smalldocs understands it, which knows no `code-fold`"
    source = joined(cell['source'])
    if option(source, 'code-fold')!='true' or option(source, 'echo')=='false':
        return [cell]
    code = '\n'.join(o for o in source.splitlines() if not o.startswith('#|'))
    raw = f'<div class="sourceCode"><pre><code>{html.escape(code)}</code></pre></div>'
    raw = f'<details class="code-fold"><summary>{option(source, "code-summary") or "Code"}</summary>{raw}</details>'
    fold = dict(cell_type='markdown', metadata={}, source='```{=html}\n'+raw+'\n```')
    return [fold, {**cell, 'source': '#| echo: false\n'+source}] if cell.get('outputs') else [fold]

def relinked(s, names):
    "Markdown whose links to notebooks name what the page is called on the site, as Quarto has it from `output-file`"
    return re.sub(r'(\]\((?:\.\./)*)([\w-]+\.ipynb)(?=[#)])', lambda m: m[1]+names.get(m[2], m[2]), s)

def linked(cell, names):
    "A cell with the links of its prose, and of the markdown that it prints, mended"
    outs = [{**o, 'data': {k: relinked(joined(v), names) if k=='text/markdown' else v for k,v in o['data'].items()}}
            if 'data' in o else o for o in cell.get('outputs', [])]
    prose = cell['cell_type']=='markdown'
    new = {**cell, 'source': relinked(joined(cell['source']), names) if prose else cell['source']}
    return new | ({'outputs': outs} if 'outputs' in cell else {})

def prepare(proc, dest):
    "A copy of `_proc` for smalldocs: pages under the names that Quarto gives them, tests folded"
    shutil.copytree(proc, dest, ignore=shutil.ignore_patterns('_docs', '.quarto'))
    yml = (dest/'_quarto.yml').read_text(encoding='utf-8')
    def titled(m): # a section that is a page, which smalldocs knows in these words alone
        return f'{m[1]}- section: "{front_matter(dest/m[2])["title"]}"\n{m[1]}  href: {m[2]}'
    yml = re.sub(r'^( *)- section: ([\w/]+\.ipynb).*', titled, yml, flags=re.M)
    notebooks = sorted(dest.rglob('*.ipynb'))
    names = {o.name: front_matter(o)['output-file'].replace('.html', '.ipynb') for o in notebooks
             if 'output-file' in front_matter(o)}   # of numbered pages; elsewhere the same name
    for page in notebooks:
        nb = json.loads(page.read_text(encoding='utf-8'))
        nb['cells'] = [linked(o, names) for c in cells(page) for o in unfolded(c)]
        page.write_text(json.dumps(nb), encoding='utf-8')
        new = page.rename(page.with_name(names.get(page.name, page.name)))
        old,new = (o.relative_to(dest).as_posix() for o in (page,new))
        yml = re.sub(rf'(- |href: ){re.escape(old)}\n', rf'\g<1>{new}\n', yml)
    for page in dest.rglob('*.qmd'):
        page.write_text(relinked(page.read_text(encoding='utf-8'), names), encoding='utf-8')
    lines = [o for o in yml.splitlines() if not absent(o, dest) and not o.startswith('  post-render:')]
    (dest/'_quarto.yml').write_text('\n'.join(lines), encoding='utf-8')

def absent(line, folder):
    "Does a line of the sidebar name a page that is not there? check_docs.py says which"
    name = line.strip().removeprefix('- ')
    return line.strip().startswith('- ') and name.endswith(('.ipynb','.qmd')) and not (folder/name).is_file()

def render(proc, work):
    "The site as smalldocs makes it; its folder"
    prepare(proc, work/'proc')
    code = 'from smalldocs.cli import main; main()'
    done = subprocess.run([sys.executable, '-c', code, 'render'], cwd=work/'proc', capture_output=True, text=True)
    out = work/'proc/_docs'
    if done.returncode or not (out/'index.html').exists():
        sys.exit(f'smalldocs stopped.\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}')
    (out/'llms.txt').write_text(llms_text(proc), encoding='utf-8')
    return out

wide_parts = """() => { const scrolls = o => /auto|scroll|hidden|clip/.test(getComputedStyle(o).overflowX);
    const inside = o => (o = o.parentElement) && o.tagName != 'BODY' && (scrolls(o) || inside(o));
    return [...document.querySelectorAll('main *, header *, footer *')]
        .filter(o => o.getBoundingClientRect().right > innerWidth + 1 && !inside(o))
        .slice(0, 4).map(o => o.tagName + '.' + o.className); }"""
cut_code = """[...document.querySelectorAll('main .sourceCode pre, main pre.sourceCode')]
    .filter(o => o.scrollWidth > o.clientWidth + 2).length"""
cut_tables = """[...document.querySelectorAll('main table')]
    .filter(o => o.offsetParent && o.scrollWidth > o.clientWidth + 2).map(o => o.innerText.slice(0, 40))"""

class Look:
    "One page in one size, and what was found wrong with it"
    def __init__(self, tab, site, page, width, height, scheme, alone):
        self.tab, self.faults, self.label = tab, [], f'{page} {width} {scheme}'
        self.page, self.width, self.alone = page, width, alone
        tab.route('http**', self.foreign)
        tab.on('console', self.console)
        tab.on('pageerror', lambda e: self.wrong(str(e)))
        tab.goto((site/page).as_uri())
        tab.wait_for_timeout(400)
    def foreign(self, route):
        "Nothing is asked of other servers. Pages by smalldocs ask for what draws formulas, which is none of ours"
        if self.alone:
            self.wrong(f'asks for {route.request.url}')
        route.abort()
    def console(self, m): # what another server does not give is no fault of the page
        if m.type=='error' and m.location['url'].startswith('file:'):
            self.wrong(m.text)
    def wrong(self, text): self.faults.append(f'{self.label}: {text}')

    def layout(self):
        "Nothing beyond the edge"
        wide,window = self.tab.evaluate('[document.scrollingElement.scrollWidth, innerWidth]')
        if wide>window:
            self.wrong(f'is {wide} pixels wide in a window of {window}: {self.tab.evaluate(wide_parts)}')

    def code(self):
        "No block of code is cut at the right"
        cut = self.tab.evaluate(cut_code)
        if cut:
            self.wrong(f'{cut} blocks of code are wider than their box')

    def tables(self):
        "On a wide window no table is cut; on a narrow one it scrolls"
        cut = self.tab.evaluate(cut_tables) if self.width>1000 else []
        if cut:
            self.wrong(f'tables are wider than the text: {cut}')

    def jump(self):
        "Where the contents are not beside the text, they fold out above it"
        beside = self.tab.locator('nav[role=doc-toc] > ul, #TOC > ul').first
        if beside.count() and beside.locator('a').count()>2 and not beside.is_visible():
            if not self.tab.locator('.es-jump > summary').is_visible():
                self.wrong('the contents of the page cannot be reached')

    def pictures(self):
        "Every picture loads and has an alt text"
        bad = self.tab.evaluate("""() => [...document.images].filter(o => !o.hasAttribute('alt')
            || (o.complete && !o.naturalWidth && getComputedStyle(o).display != 'none')).length""")
        if bad:
            self.wrong(f'{bad} pictures do not load or have no alt text')

    def viewer(self):
        "The first viewer is ready, and its slider moves it"
        viewer = self.tab.locator('.easysr-viewer').first
        if not self.tab.locator('.easysr-viewer').count():
            return self.wrong('has no viewer') if self.page in with_viewer else None
        self.tab.wait_for_selector('.easysr-viewer[data-ready]', timeout=60_000)
        canvas = viewer.locator('canvas').first
        canvas.scroll_into_view_if_needed()
        before = canvas.screenshot()
        move = "o.value = +o.min + Math.round((o.max-o.min)*.35); o.dispatchEvent(new Event('input', {bubbles: true}));"
        viewer.locator('input[type=range]').first.evaluate(f'o => {{ {move} }}')
        self.tab.wait_for_timeout(250)
        if canvas.screenshot()==before:
            self.wrong('the slider of the viewer moves nothing')

def look(browser, site, page, shots, alone):
    "Faults of a page in all sizes"
    faults = []
    for width,height,scheme in sizes:
        context = browser.new_context(viewport=dict(width=width, height=height), color_scheme=scheme)
        o = Look(context.new_page(), site, page, width, height, scheme, alone)
        o.layout()
        o.code()
        o.tables()
        o.jump()
        o.pictures()
        if shots:
            o.tab.screenshot(path=shots/f'{page.replace("/","_")}_{width}_{scheme}.png')
        o.viewer()
        faults += o.faults
        context.close()
    return faults

def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('pages', nargs='*', default=pages, help=f'addresses within the site; default: {" ".join(pages)}')
    p.add_argument('--staged', action='store_true', help='take _proc/ as it is')
    p.add_argument('--site', type=Path, help='open this site, as Quarto rendered it, in place of one by smalldocs')
    p.add_argument('--shots', type=Path, help='folder for screenshots')
    p.add_argument('--keep', type=Path, help='folder for the rendered site, which must not exist')
    args = p.parse_args()
    try:
        args.site or importlib.import_module('smalldocs')   # renders
        from playwright.sync_api import sync_playwright
    except ImportError as e:
        return print(f'{e.name} is not installed: the site was not opened')
    if not chromium():
        return print('there is no Chromium here: the site was not opened')
    if args.shots:
        args.shots.mkdir(parents=True, exist_ok=True)
    proc = root/'_proc' if args.staged or args.site else stage()
    with tempfile.TemporaryDirectory() as d, sync_playwright() as play:
        site = args.site.resolve() if args.site else render(proc, Path(d))
        browser = play.chromium.launch(executable_path=chromium(), args=['--no-sandbox'])
        faults = [o for page in args.pages for o in look(browser, site, page, args.shots, bool(args.site))]
        browser.close()
        if args.keep:
            shutil.copytree(site, args.keep)
    print(f'{len(args.pages)} pages in {len(sizes)} windows')
    print(*faults, sep='\n')
    sys.exit(f'{len(faults)} faults' if faults else 0)

if __name__ == '__main__':
    main()
