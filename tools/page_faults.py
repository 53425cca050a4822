"""What may be wrong within one staged page, in words: pictures, references, stored errors, leaks, weight."""
import base64, html, re

from staged import cells, joined

heaviest_page, heaviest_picture, heaviest_viewer = 1_500_000, 300_000, 600_000   # bytes, as stored
kinds = 'fig|tbl|sec|eq|lst'
leak = re.compile(r'''(?<![\w.])/(?:home|root|tmp|work|mnt|Users|private|var/folders)/[\w.-]+|[A-Z]:\\Users\\''')

def option(source, name):
    "What a cell says to Quarto under `name`, or None"
    m = re.search(rf'^#\|\s*{name}:[ \t]*(.*(?:\n#\|[ \t]+(?![\w-]+:).*)*)', source, re.M)
    return m[1].strip().strip('"\'') if m else None

def pictures(cell):
    "Pictures that a cell stores: (kind, bytes as stored)"
    for o in cell.get('outputs', []):
        for kind,data in (o.get('data') or {}).items():
            if kind.startswith('image/'):
                data = joined(data)
                yield kind, len(data) if kind=='image/svg+xml' else len(base64.b64decode(data))

def picture_faults(page, path):
    "Figures without alt text or caption, pictures that are too heavy, HTML whose pictures say nothing"
    for n,c in enumerate(cells(path)):
        source = joined(c['source'])
        where = f'{page}, cell {n} ({_begin(source)})'
        stored = list(pictures(c))
        if stored and option(source, 'include')!='false':
            for name,words in (('fig-alt','alt text'), ('fig-cap','caption')):
                if not option(source, name):
                    yield f'{where}: a picture has no {words} (#| {name}: ...)'
        yield from (f'{where}: a picture of {size//1000} kB' for _,size in stored if size>heaviest_picture)
        for o in c.get('outputs', []):
            page_html = joined((o.get('data') or {}).get('text/html', ''))
            yield from html_faults(where, page_html)
            if len(page_html)>heaviest_viewer:
                yield f'{where}: {len(page_html)//1000} kB of HTML'
    for alt,link in re.findall(r'!\[([^]]*)\]\(([^)\s]+)', _prose(path)):
        if not alt.strip():
            yield f'{page}: the picture {link[:60]} has no alt text'

def html_faults(where, s):
    "Pictures without alt text in a piece of HTML"
    tags = re.findall(r'<img\b[^>]*>', re.sub(r'<script\b.*?</script>', '', s, flags=re.S|re.I))
    if any(not re.search(r'\balt="[^"]+"', o) for o in tags):
        yield f'{where}: HTML with a picture without alt text'

def reference_faults(page, path, prose, keys):
    "References of a page without a label, labels used twice, citations that the bibliography lacks"
    raw = '\n'.join(joined(c['source']) for c in cells(path)) or path.read_text(encoding='utf-8')
    labels = re.findall(rf'#\|\s*label:\s*((?:{kinds})-[\w-]+)|\{{#((?:{kinds})-[\w-]+)', raw)
    labels = [a or b for a,b in labels]
    for o in sorted({*re.findall(rf'(?<![\w@/.])@((?:{kinds})-[\w-]+)', prose)}):
        if o not in labels:
            yield f'{page}: @{o} is defined nowhere'
    yield from (f'{page}: the label {o} stands {labels.count(o)} times' for o in sorted({*labels}) if labels.count(o)>1)
    math = re.sub(r'\$\$.*?\$\$|\$[^$\n]+\$', '', prose, flags=re.S)
    for o in sorted({*re.findall(r'(?<![\w@/.\\])@([a-zA-Z][\w:-]*\w)', math)}):
        if not re.match(rf'(?:{kinds})-', o) and o not in keys:
            yield f'{page}: @{o} is not in the bibliography'

def output_faults(page, path):
    "Cells that ended in an error, paths of a machine in outputs, raw links and whole environments in signatures"
    for n,c in enumerate(cells(path)):
        where = f"{page}, cell {n} ({_begin(joined(c['source']))})"
        for o in c.get('outputs', []):
            if o['output_type']=='error':
                yield f"{where} ended in {o['ename']}: {o['evalue']}"
                continue
            data = o.get('data') or {}
            said = joined(o.get('text', '')) + ''.join(joined(data.get(k, '')) for k in ('text/plain','text/markdown'))
            shown = re.sub(r'data:[\w/+-]+;base64,[\w+/=]+', '', html.unescape(joined(data.get('text/html', ''))))
            if m := leak.search(said+shown):
                yield f'{where}: its output names {m[0]}'
            if 'environ(' in said+shown:
                yield f'{where}: its output holds an environment'
            if 'Traceback (most recent call last)' in said:
                yield f'{where}: its output holds a traceback'
            if any('](' in o for o in re.findall(r'^```.*?^```', said, re.M|re.S)):
                yield f'{where}: raw links within code'

def weight_faults(page, path):
    "A page that is too heavy"
    if path.stat().st_size>heaviest_page:
        yield f'{page}: {path.stat().st_size//1000} kB'

def _begin(source):
    "The first line of code of a cell, to find it by"
    lines = [o for o in source.splitlines() if o.strip() and not o.startswith('#|')]
    return lines[0][:50] if lines else ''

def _prose(path):
    "Markdown cells of a page"
    return '\n'.join(joined(c['source']) for c in cells(path) if c['cell_type']=='markdown')
