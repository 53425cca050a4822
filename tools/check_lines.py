#!/usr/bin/env python3
"""Check the lines of the exported modules and of tools/: code within 120 columns, a comment at its end within 140.
Modules stay below 450 lines, counted without blank lines and comment lines."""
import io, re, sys, tokenize
from pathlib import Path

root = Path(__file__).resolve().parent.parent
longest, longest_comment, longest_module = 120, 140, 450

def code_ends(source):
    "{line number: column where its code ends}, comments left out"
    ends = {}
    for t in tokenize.generate_tokens(io.StringIO(source).readline):
        if t.type in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT):
            continue
        for i,line in enumerate(t.string.splitlines(), t.start[0]):
            start = t.start[1] if i==t.start[0] else 0
            ends[i] = max(ends.get(i, 0), start+len(line))
    return ends

def faults(path):
    "What is too long in a file, in words"
    source = re.sub(r'^__all__ = \[[^\]]*\]', '__all__ = []', path.read_text(encoding='utf-8'), flags=re.M)   # nbdev writes that line
    name = path.relative_to(root)
    lines = source.splitlines()
    ends = code_ends(source)
    bad = [f'{name}:{i}: code to column {n}' for i,n in ends.items() if n>longest]
    bad += [f'{name}:{i}: {len(o)} columns' for i,o in enumerate(lines, 1) if len(o)>longest_comment]
    count = sum(bool(o.strip()) and not o.startswith('#') for o in lines)
    if count>longest_module:
        bad.append(f'{name}: {count} lines; a module is one idea of about 300 lines')
    return bad

if __name__ == '__main__':
    files = [*sorted((root/'easysr').glob('*.py')), *sorted((root/'tools').glob('*.py'))]
    bad = [o for f in files if f.name!='_modidx.py' for o in faults(f)]
    for o in bad:
        print(o)
    sys.exit(f'{len(bad)} faults' if bad else 0)
