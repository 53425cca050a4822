#!/usr/bin/env python3
"""Were the outputs of each notebook made by its code as it is? tools/check_outputs.py, or --stamp [NAME...] after a run

tools/outputs.tsv holds a digest for each notebook: of the code that makes what is in view, and of the outputs stored
below it. tools/run_nbs writes it. Comments, layout, captions and cells that are hidden, run by hand (`long`) or never
(`eval: false`) do not count, so a caption may change without a run. Branches may both add lines
(.gitattributes: merge=union): one of a
notebook's lines must fit, and the next stamp leaves that one alone. What a notebook imports is not part of it: whether
modules still do what a page says is for the notebook's assertions."""
import ast, hashlib, json, re, sys
from pathlib import Path

root = Path(__file__).resolve().parent.parent
table = root/'tools/outputs.tsv'

def notebooks():
    "{name within nbs/: path}"
    nbs = root/'nbs'
    found = (p for p in sorted(nbs.rglob('*.ipynb')) if '.ipynb_checkpoints' not in p.parts)
    return {p.relative_to(nbs).with_suffix('').as_posix(): p for p in found}

def counts(cell):
    "Does the code of a cell, or what it prints, belong to what is in view?"
    source = ''.join(cell['source'])
    return cell['cell_type']=='code' and not re.search(r'^#\|\s*(hide\b(?!_)|long\b|eval:\s*false)', source, re.M)

def code(source):
    "Code without comments and layout; the text itself where it is no plain Python"
    try:
        return ast.dump(ast.parse(source))
    except SyntaxError:
        return source

def digest(path):
    "Of the code in view and its outputs"
    seen = [c for c in json.loads(path.read_text(encoding='utf-8'))['cells'] if counts(c)]
    said = json.dumps([[code(''.join(c['source'])), c.get('outputs', [])] for c in seen], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:16]

def stamps():
    "{name: digests that were stamped}"
    res = {}
    for line in table.read_text(encoding='utf-8').splitlines() if table.exists() else ():
        name,_,value = line.partition('\t')
        res.setdefault(name, set()).add(value)
    return res

def output_ages():
    "Notebooks whose outputs are not those of their code, in words"
    known = stamps()
    return [f'{name}: its code or outputs changed since it was run (tools/run_nbs {name})'
            for name,path in notebooks().items() if digest(path) not in known.get(name, ())]

def stamp(names):
    "Write down that these notebooks were run, and drop lines of those that are gone"
    known,all_of_them = stamps(), notebooks()
    new = {k: {digest(p)} if k in names else known.get(k, set()) for k,p in all_of_them.items()}
    table.write_text(''.join(f'{k}\t{o}\n' for k in sorted(new) for o in sorted(new[k])), encoding='utf-8')

if __name__ == '__main__':
    if '--stamp' in sys.argv:
        stamp({o.removeprefix('nbs/').removesuffix('.ipynb') for o in sys.argv[1:] if o!='--stamp'} or {*notebooks()})
        sys.exit(0)
    bad = output_ages()
    print(*bad, sep='\n')
    sys.exit(f'{len(bad)} faults' if bad else 0)
