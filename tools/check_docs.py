#!/usr/bin/env python3
"""Stage the site into _proc/ without Quarto, and check what Quarto lets pass: it exits 0 on a broken link.

Looks at the map against settings.ini and the pages, links and anchors, references of figures, equations and
literature, alt texts and captions, stored errors, paths of a machine, weights, and whether each notebook's outputs
were made by its code as it is (tools/check_outputs.py). --staged takes _proc/ as it is. check_site.py opens pages."""
import re, sys

import yaml
from nbdev.config import get_config

from check_outputs import output_ages
from page_faults import output_faults, picture_faults, reference_faults, weight_faults
from staged import Site, entries, root, stage

def address(cfg):
    "Where the site is published"
    return cfg.doc_host.rstrip('/')+cfg.doc_baseurl

def settings_faults(yml, cfg):
    "Where `_quarto.yml` differs from settings.ini, in words"
    site = yml['website']
    want = {'title':cfg.title, 'description':cfg.description, 'site-url':address(cfg),
            'repo-url':cfg.git_url, 'repo-branch':cfg.branch}
    bad  = [f'_quarto.yml: {k} is {site.get(k)!r}, settings.ini has {v!r}' for k,v in want.items()
            if site.get(k,'').rstrip('/')!=v.rstrip('/')]
    if yml['project']['output-dir']!=cfg.doc_path.name:
        bad.append(f'_quarto.yml: output-dir is not {cfg.doc_path.name}')
    for kind in ('open-graph','twitter-card'):   # an address: else Quarto takes the first picture of a page, or its data
        image = site[kind].get('image', '')
        if not image.startswith(address(cfg)+'/'):
            bad.append(f'_quarto.yml: the image of {kind} is no address on the site')
        elif not (root/'nbs'/image.removeprefix(address(cfg)+'/')).is_file():
            bad.append(f'_quarto.yml: the image of {kind} does not exist')
    return bad

def map_faults(yml, site):
    "Pages that are named and not there, pages that the sidebar lacks or that say nothing of themselves"
    listed = entries(yml['website']['sidebar']['contents'])
    other  = [o['href'] for o in yml['website']['navbar']['left']]
    other += [o['href'] for k in ('center','right') for o in yml['website']['page-footer'].get(k, [])]
    inner = [o for o in [*listed, *other] if not re.match('https?:', o)]
    bad  = [f'_quarto.yml: {o} does not exist' for o in inner if o not in site.pages]
    bad += [f'sidebar: {o} is not listed' for o in site.pages if o not in listed]
    bad += [f'sidebar: {o} is listed twice' for o in {*listed} if listed.count(o)>1]
    for key in ('title','description'):
        bad += [f'{k}: its top has no {key}' for k,v in site.fronts.items() if not v.get(key)]
    run = (root/'tools/run_nbs').read_text(encoding='utf-8').split()
    bad += [f'tools/run_nbs: {o} is not in its order' for o in site.pages
            if o.endswith('.ipynb') and not any(w.strip('()').endswith(o.removesuffix('.ipynb')) for w in run)]
    return bad

asked = {'limitations': 'methods/limitations.ipynb', 'train on my data': 'tutorials/training.ipynb',
         'how long': 'howto/resources.ipynb'}   # what people type into the search

def search_faults(site):
    "Words that people search for and that the page which answers does not hold"
    return [f'{page}: a search for "{words}" does not find it' for words,page in asked.items()
            if page in site.texts and words not in ' '.join(site.texts[page].lower().split())]

def directive_faults():
    "Cells with a directive that nbdev 2 no longer knows, so that it does nothing"
    for path in sorted((root/'nbs').rglob('*.ipynb')):
        if re.search(r'"#\|\s*hide_input\b', path.read_text(encoding='utf-8')):
            yield f'{path.relative_to(root)}: `#| hide_input` does nothing, `#| echo: false` hides the code'

def bibliography(proc, yml):
    "Keys of the entries, and a fault where the file is absent"
    path = proc/yml.get('bibliography', 'references.bib')
    if not path.is_file():
        return set(), [f'_quarto.yml: the bibliography {path.name} does not exist']
    return {*re.findall(r'^\s*@\w+\s*\{\s*([^,\s]+)', path.read_text(encoding='utf-8'), re.M)}, []

def check(proc, cfg):
    "All that is wrong, in words"
    yml  = yaml.safe_load((proc/'_quarto.yml').read_text(encoding='utf-8'))
    site = Site(proc, address(cfg))
    keys,bad = bibliography(proc, yml)
    bad += settings_faults(yml, cfg) + map_faults(yml, site) + search_faults(site) + [*directive_faults()]
    for page,path in site.pages.items():
        prose = re.sub(r'(`+).+?\1', '', site.texts[page])
        bad += [*site.link_faults(page, prose), *reference_faults(page, path, prose, keys), *picture_faults(page, path),
                *output_faults(page, path), *weight_faults(page, path)]
    print(f'{len(site.pages)} pages, {sum(map(len, site.ids.values()))} anchors')
    return bad + output_ages()

if __name__ == '__main__':
    try:
        proc = root/'_proc' if '--staged' in sys.argv else stage()
    except Exception as e:
        sys.exit(f'Staging stopped. {e}\n{e.__cause__!r}')
    bad = check(proc, get_config(cfg_name='settings.ini'))
    for o in bad:
        print(o)
    sys.exit(f'{len(bad)} faults' if bad else 0)
