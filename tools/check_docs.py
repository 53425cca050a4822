#!/usr/bin/env python3
"""Stage the site into _proc/ without Quarto, and check what Quarto lets pass: it exits 0 on a broken link or an absent page.

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

_join = lambda o: ''.join(o) if isinstance(o, list) else o

def stage():
    "`nbdev_proc_nbs`, less its search for Quarto, which downloads; returns `_proc`"
    refresh_quarto_yml()
    _build_modidx()
    nbdev_sidebar.__wrapped__()
    return proc_nbs(n_workers=0, force=True)

def entries(o):
    "Every page named in a sidebar, sections and all"
    if isinstance(o, str):  return [o]
    if isinstance(o, list): return [x for i in o for x in entries(i)]
    return [x for k in ('href', 'file', 'contents') if k in o for x in entries(o[k])]

def text(page):
    "The page's prose, and the markdown that its cells print (`show_doc` tables among it), without code"
    if page.suffix!='.ipynb': s = page.read_text(encoding='utf-8')
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
    for h in re.findall(r'^#{1,6}\s+(.+?)\s*#*$', s, re.M): res.append(f'{slug(h)}-{res.count(slug(h))}' if slug(h) in res else slug(h))
    return {*res, *re.findall(r'\{#([\w:.-]+)', s), *re.findall(r'''\b(?:id|name)=["']([^"']+)''', s)}

def html_name(page):
    "What the page is called on the site: its number goes, or its front matter says"
    m = re.search(r'^output-file:\s*(\S+)', text(page), re.M)
    return m[1] if m else page.with_suffix('.html').name

def check(proc, cfg):
    "All that is wrong, in words"
    bad   = []
    yml   = yaml.safe_load((proc/'_quarto.yml').read_text(encoding='utf-8'))
    site  = yml['website']
    base  = cfg.doc_host.rstrip('/')+cfg.doc_baseurl
    for k,v in {'title':cfg.title, 'description':cfg.description, 'site-url':base, 'repo-url':cfg.git_url, 'repo-branch':cfg.branch}.items():
        if site.get(k,'').rstrip('/')!=v.rstrip('/'): bad.append(f'_quarto.yml: {k} is {site.get(k)!r}, settings.ini has {v!r}')
    if yml['project']['output-dir']!=cfg.doc_path.name: bad.append(f'_quarto.yml: output-dir is not {cfg.doc_path.name}')

    pages  = {p.relative_to(proc).as_posix():p for p in sorted(proc.rglob('*')) if p.suffix in ('.ipynb','.qmd','.md')}
    listed = entries(site['sidebar']['contents'])
    bad += [f'sidebar: {o} does not exist' for o in listed if o not in pages]
    bad += [f'sidebar: {o} is not listed' for o in pages if o not in listed]

    texts = {k:text(p) for k,p in pages.items()}
    urls  = {(Path(k).parent/html_name(p)).as_posix():k for k,p in pages.items()}
    ids   = {k:anchors(s) for k,s in texts.items()}
    for k,p in pages.items():
        prose = re.sub(r'(`+).+?\1', '', texts[k])
        links = re.findall(r'\]\(<?([^)\s>]+)', prose) + re.findall(r'''\b(?:href|src)=["']([^"']+)''', prose)
        for o in links:
            t = o[len(base):].lstrip('/') if o.startswith(base) else o
            if re.match(r'[a-z]+:|//', t): continue
            t,_,a = unquote(t).partition('#')
            local  = t if o.startswith(base) else (Path(k).parent/t).as_posix()
            target = k if not t and not o.startswith(base) else urls.get(local or 'index.html', local)
            if   target in pages:
                if a and a not in ids[target]: bad.append(f'{k}: no anchor #{a} in {target} ({o})')
            elif not (proc/target).is_file() or '..' in Path(target).parts: bad.append(f'{k}: broken link {o}')
        raw = p.read_text(encoding='utf-8')
        for o in sorted({*re.findall(r'(?<![\w@/.])@((?:fig|tbl|sec|eq|lst)-[\w-]+)', prose)}):
            if not re.search(rf'#{o}\b|label:\s*{o}\b', raw): bad.append(f'{k}: @{o} is defined nowhere')
        if p.suffix=='.ipynb':
            errs = [o for c in json.loads(raw)['cells'] for o in c.get('outputs', []) if o['output_type']=='error']
            bad += [f"{k}: a cell ended in {o['ename']}: {o['evalue']}" for o in errs]
    print(f'{len(pages)} pages, {sum(map(len, ids.values()))} anchors')
    return bad

if __name__ == '__main__':
    try: proc = stage()
    except Exception as e: sys.exit(f'Staging stopped. {e}\n{e.__cause__!r}')
    bad = check(proc, get_config())
    for o in bad: print(o)
    sys.exit(f'{len(bad)} faults' if bad else 0)
