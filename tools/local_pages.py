#!/usr/bin/env python3
"""Take scripts of other servers out of the pages that Quarto rendered: tools/local_pages.py [FOLDER]

Quarto adds require.js and jQuery, from a server of their own, to each page whose cells print HTML. Nothing here uses
them, and a page asks no other server for anything. Quarto runs this after rendering (`post-render` in _quarto.yml)."""
import os, re, sys
from pathlib import Path

foreign = re.compile(r'<script\b[^>]*\bsrc="(?:https?:)?//[^>]*>\s*</script>\s*', re.I)
without_jquery = re.compile(r'<script\b[^>]*>\s*define\(.jquery.,.*?</script>\s*', re.I|re.S)

def local(page):
    "The text of a page without scripts of other servers"
    return without_jquery.sub('', foreign.sub('', page))

if __name__ == '__main__':
    folder = Path(sys.argv[1] if len(sys.argv)>1 else os.environ['QUARTO_PROJECT_OUTPUT_DIR'])
    for path in sorted(folder.rglob('*.html')):
        old = path.read_text(encoding='utf-8')
        if (new := local(old))!=old:
            path.write_text(new, encoding='utf-8')
