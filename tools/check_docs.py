#!/usr/bin/env python3
"""Stage the site into _proc/ without Quarto, and check what Quarto lets pass: it exits 0 on a broken link.

Staging runs the cells that are exported or import something; every other output is the one stored in the notebook."""
import json, os, re, sys
from pathlib import Path
from urllib.parse import unquote

import yaml
from nbdev.config import get_config
from nbdev.doclinks import _build_modidx
from nbdev.quarto import nbdev_sidebar, refresh_quarto_yml
from nbdev.serve import proc_nbs

root = Path(__file__).resolve().parent.parent
os.chdir(root)               # nbdev looks for settings.ini from here
sys.path.insert(0, str(root)) # and staging imports the modules, installed or not

def _join(o):
    "Text that notebooks store as a list of lines"
    return ''.join(o) if isinstance(o, list) else o

def stage():
    "`nbdev_proc_nbs`, less its search for Quarto, which downloads; returns `_proc`"
    refresh_quarto_yml()
    _build_modidx()
    nbdev_sidebar.__wrapped__()
    return proc_nbs(n_workers=0, force=True)

def entries(o):
    "Every page named in a sidebar, sections and all"
    if isinstance(o, str):
        return [o]
    if isinstance(o, list):
        return [x for i in o for x in entries(i)]
    return [x for k in ('href', 'file', 'contents') if k in o for x in entries(o[k])]

def text(page):
    "The page's prose, and the markdown that its cells print (`show_doc` tables among it), without code"
    if page.suffix!='.ipynb':
        s = page.read_text(encoding='utf-8')
    else:
        cells = json.loads(page.read_text(encoding='utf-8'))['cells']
        outs  = [o for c in cells for o in c.get('outputs', []) if 'data' in o]
        s = '\n\n'.join([_join(c['source']) for c in cells if c['cell_type']!='code'] +
                        [_join(o['data']['text/markdown']) for o in outs if 'text/markdown' in o['data']])
    return re.sub(r'^(```+|~~~+).*?^\1', '', s, flags=re.M|re.S)

def slug(h):
    "Pandoc's identifier of a heading"
    h = re.sub(r'!?\[([^]]*)\]\([^)]*\)', r'\1', re.sub(r'\{.*\}\s*$', '', h)).lower()
    return re.sub(r'^[^a-z]+', '', re.sub(r'\s+', '-', re.sub(r'[^\w\s.-]', '', h).strip())) or 'section'

def anchors(s):
    "Every place in `s` that a link can point to"
    res = []
    for h in re.findall(r'^#{1,6}\s+(.+?)\s*#*$', s, re.M):
        res.append(f'{slug(h)}-{res.count(slug(h))}' if slug(h) in res else slug(h))
    return {*res, *re.findall(r'\{#([\w:.-]+)', s), *re.findall(r'''\b(?:id|name)=["']([^"']+)''', s)}

def html_name(page):
    "What the page is called on the site: its number goes, or its front matter says"
    m = re.search(r'^output-file:\s*(\S+)', text(page), re.M)
    return m[1] if m else page.with_suffix('.html').name

def settings_faults(yml, cfg):
    "Where `_quarto.yml` differs from settings.ini, in words"
    site = yml['website']
    want = {'title':cfg.title, 'description':cfg.description, 'site-url':address(cfg),
            'repo-url':cfg.git_url, 'repo-branch':cfg.branch}
    bad  = [f'_quarto.yml: {k} is {site.get(k)!r}, settings.ini has {v!r}' for k,v in want.items()
            if site.get(k,'').rstrip('/')!=v.rstrip('/')]
    if yml['project']['output-dir']!=cfg.doc_path.name:
        bad.append(f'_quarto.yml: output-dir is not {cfg.doc_path.name}')
    return bad

def address(cfg):
    "Where the site is published"
    return cfg.doc_host.rstrip('/')+cfg.doc_baseurl

def sidebar_faults(yml, pages):
    "Pages that the sidebar names and that are not there, and the reverse"
    listed = entries(yml['website']['sidebar']['contents'])
    bad = [f'sidebar: {o} does not exist' for o in listed if o not in pages]
    return bad + [f'sidebar: {o} is not listed' for o in pages if o not in listed]

def links(prose):
    "Every link and every source of a picture"
    return re.findall(r'\]\(<?([^)\s>]+)', prose) + re.findall(r'''\b(?:href|src)=["']([^"']+)''', prose)

class Site:
    "The staged pages, and what a link from one of them meets"
    def __init__(self, proc, base):
        self.proc, self.base = proc, base
        kinds = ('.ipynb','.qmd','.md')
        self.pages = {p.relative_to(proc).as_posix():p for p in sorted(proc.rglob('*')) if p.suffix in kinds}
        self.texts = {k:text(p) for k,p in self.pages.items()}
        self.urls  = {(Path(k).parent/html_name(p)).as_posix():k for k,p in self.pages.items()}
        self.ids   = {k:anchors(s) for k,s in self.texts.items()}

    def target(self, page, link):
        "(page or file that `link` on `page` leads to, anchor there); None for other sites"
        own = link.startswith(self.base)
        t = link[len(self.base):].lstrip('/') if own else link
        if re.match(r'[a-z]+:|//', t):
            return None
        t,_,anchor = unquote(t).partition('#')
        if not t and not own:
            return page, anchor
        local = t if own else os.path.normpath(Path(page).parent/t)
        return self.urls.get(local or 'index.html', local), anchor

    def link_faults(self, page, prose):
        "Links of a page that lead nowhere"
        for o in links(prose):
            found = self.target(page, o)
            if found is None:
                continue
            target, anchor = found
            if target in self.pages:
                if anchor and anchor not in self.ids[target]:
                    yield f'{page}: no anchor #{anchor} in {target} ({o})'
            elif not (self.proc/target).is_file() or '..' in Path(target).parts:
                yield f'{page}: broken link {o}'

    def label_faults(self, page, prose):
        "Cross-references of a page without a label"
        raw = self.pages[page].read_text(encoding='utf-8')
        for o in sorted({*re.findall(r'(?<![\w@/.])@((?:fig|tbl|sec|eq|lst)-[\w-]+)', prose)}):
            if not re.search(rf'#{o}\b|label:\s*{o}\b', raw):
                yield f'{page}: @{o} is defined nowhere'

    def cell_faults(self, page):
        "Cells of a notebook that ended in an error"
        if self.pages[page].suffix!='.ipynb':
            return
        for c in json.loads(self.pages[page].read_text(encoding='utf-8'))['cells']:
            for o in c.get('outputs', []):
                if o['output_type']=='error':
                    yield f"{page}: a cell ended in {o['ename']}: {o['evalue']}"

def check(proc, cfg):
    "All that is wrong, in words"
    yml  = yaml.safe_load((proc/'_quarto.yml').read_text(encoding='utf-8'))
    site = Site(proc, address(cfg))
    bad  = settings_faults(yml, cfg) + sidebar_faults(yml, site.pages)
    for page in site.pages:
        prose = re.sub(r'(`+).+?\1', '', site.texts[page])
        bad += [*site.link_faults(page, prose), *site.label_faults(page, prose), *site.cell_faults(page)]
    print(f'{len(site.pages)} pages, {sum(map(len, site.ids.values()))} anchors')
    return bad

if __name__ == '__main__':
    try:
        proc = stage()
    except Exception as e:
        sys.exit(f'Staging stopped. {e}\n{e.__cause__!r}')
    bad = check(proc, get_config())
    for o in bad:
        print(o)
    sys.exit(f'{len(bad)} faults' if bad else 0)
