"""The site as nbdev stages it in _proc/, before Quarto renders it: its pages, their text, where their links lead.

Used by check_docs.py, check_site.py and llms.py. Staging runs the cells that are exported or import something; every
other output is the one stored in the notebook."""
import json, os, re, sys
from pathlib import Path
from urllib.parse import unquote

import yaml

root = Path(__file__).resolve().parent.parent

def stage():
    "`nbdev_proc_nbs`, less its search for Quarto, which downloads; returns `_proc`"
    os.chdir(root)                 # nbdev looks for settings.ini from here
    sys.path.insert(0, str(root))  # and staging imports the modules, installed or not
    os.environ.pop('EASYSR_DATA', None)   # no cell on real scans runs, whatever it imports
    from nbdev.doclinks import _build_modidx
    from nbdev.quarto import nbdev_sidebar, refresh_quarto_yml
    from nbdev.serve import proc_nbs
    refresh_quarto_yml()
    _build_modidx()
    nbdev_sidebar.__wrapped__()
    return proc_nbs(n_workers=0, force=True)

def joined(o):
    "Text that notebooks store as a list of lines"
    return ''.join(o) if isinstance(o, list) else o

def entries(o):
    "Every page named in a sidebar, sections and all"
    if isinstance(o, str):
        return [o]
    if isinstance(o, list):
        return [x for i in o for x in entries(i)]
    own = [o['section']] if o.get('section', '').endswith('.ipynb') else []   # a section that is a page
    return own+[x for k in ('href', 'file', 'contents') if k in o for x in entries(o[k])]

def cells(page):
    "Cells of a staged notebook; none of other pages"
    return json.loads(page.read_text(encoding='utf-8'))['cells'] if page.suffix=='.ipynb' else []

def text(page):
    "The page's prose, and the markdown that its cells print (tables of options among it), without code"
    if page.suffix!='.ipynb':
        s = page.read_text(encoding='utf-8')
    else:
        outs = [o for c in cells(page) for o in c.get('outputs', []) if 'data' in o]
        s = '\n\n'.join([joined(c['source']) for c in cells(page) if c['cell_type']!='code'] +
                        [joined(o['data']['text/markdown']) for o in outs if 'text/markdown' in o['data']])
    return re.sub(r'^(```+|~~~+).*?^\1', '', s, flags=re.M|re.S)

def front_matter(page):
    "What stands between the dashes at the top of a staged page"
    m = re.search(r'^---\n(.*?)\n---\s*$', text(page), re.M|re.S)
    return (yaml.safe_load(m[1]) or {}) if m else {}

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

def labels(page):
    "Labels of the figures and tables that cells make, which are anchors too"
    return {o for c in cells(page) for o in re.findall(r'^#\|\s*label:\s*([\w-]+)', joined(c['source']), re.M)}

def links(prose):
    "Every link and every source of a picture"
    return re.findall(r'\]\(<?([^)\s>]+)', prose) + re.findall(r'''\b(?:href|src)=["']([^"']+)''', prose)

class Site:
    "The staged pages, and what a link from one of them meets"
    def __init__(self, proc, base):
        self.proc, self.base = proc, base
        kinds = ('.ipynb','.qmd','.md')
        found = (p for p in sorted(proc.rglob('*')) if p.suffix in kinds and '_docs' not in p.relative_to(proc).parts)
        self.pages = {p.relative_to(proc).as_posix():p for p in found}
        self.texts = {k:text(p) for k,p in self.pages.items()}
        self.fronts = {k:front_matter(p) for k,p in self.pages.items()}
        self.urls  = {self.url(k):k for k in self.pages}
        self.ids   = {k:anchors(s) | labels(self.pages[k]) for k,s in self.texts.items()}

    def url(self, page):
        "Where a page is on the site: its number goes, or its front matter says"
        name = self.fronts[page].get('output-file') or Path(page).with_suffix('.html').name
        return (Path(page).parent/name).as_posix()

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
            elif '..' in Path(target).parts or not ((self.proc/target).is_file() or target=='llms.txt'):
                yield f'{page}: broken link {o}'
