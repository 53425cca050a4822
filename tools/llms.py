#!/usr/bin/env python3
"""Write llms.txt: what easysr is, and a line for each page, in the order of the sidebar (llmstxt.org).

Quarto runs it after rendering (`post-render` in _quarto.yml); check_site.py does the same. tools/llms.py [FOLDER]"""
import os, sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import yaml
from staged import Site, entries, root

note = """easysr turns rodent brain MRI with thick slices into isotropic volumes that lie where the scan lay. It is a
Python package with commands; `easysr scan.nii.gz --out out` restores one scan. It runs on a CPU, without a network. It
is for research, not for diagnosis: read the pages on limitations and trust before you rely on small structures."""

def line(site, page, text=None):
    "One page as a line: its title, its address, what it is about"
    front = site.fronts[page]
    name = f"[{text or front.get('title', page)}]({site.base}/{site.url(page)})"
    return f"- {name}: {front.get('description', '')}".rstrip(': ')

def sections(site, contents, heading='Start'):
    "`(heading, pages)` of every group of the sidebar"
    loose = [o for o in contents if not isinstance(o, dict) or 'section' not in o]
    if loose:
        yield heading, entries(loose)
    for o in contents:
        if isinstance(o, dict) and 'section' in o:
            own = [o['section']] if o['section'] in site.pages else []   # a section that is a page
            name = site.fronts[own[0]]['title'] if own else o['section']
            yield from sections(site, own+o['contents'], name if heading=='Start' else f'{heading}: {name}')

def llms_text(proc):
    "The whole file"
    yml  = yaml.safe_load((proc/'_quarto.yml').read_text(encoding='utf-8'))['website']
    site = Site(proc, yml['site-url'])
    out  = [f"# {yml['title']}", f"> {yml['description']}", note]
    for heading,pages in sections(site, yml['sidebar']['contents']):
        lines = [line(site, o) for o in pages if o in site.pages]
        if lines:   # sources last, as what can be left out
            out.append(f"## {heading.replace('Source notebooks', 'Optional')}\n\n" + '\n'.join(lines))
    return '\n\n'.join(out)+'\n'

if __name__ == '__main__':
    out  = os.environ.get('QUARTO_PROJECT_OUTPUT_DIR')
    proc = Path.cwd() if out else root/'_proc'   # Quarto starts it in the staged project
    dest = Path(sys.argv[1] if len(sys.argv)>1 else out or proc/'_docs')
    (dest/'llms.txt').write_text(llms_text(proc), encoding='utf-8')
