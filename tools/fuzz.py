#!/usr/bin/env python3
"""Change headers, sidecars, checkpoints, tables and configurations at random; readers refuse them in their own words.

`python tools/fuzz.py` takes half a minute and always the same cases.
`python tools/fuzz.py --seconds 600 --seed random` looks for new ones."""
import argparse, gzip, io, itertools, json, logging, os, random, resource, shutil, signal, sys, tempfile, time
import traceback, warnings
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

folder = Path(tempfile.mkdtemp(prefix='fuzz-'))
os.environ['HYPOTHESIS_STORAGE_DIRECTORY'] = str(folder)   # it makes one on import

import nibabel as nib, numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings, strategies as st

here = Path(__file__).resolve().parent
sys.path[:0] = [str(here), str(here.parent)]
longest = 20                      # seconds that a reader may take

class Slow(BaseException):
    "A reader that takes too long"

def alarm(*_): raise Slow(f'more than {longest} s')

def refused_or(read, *allowed):
    "What `read` returns, or None where it raised one of the allowed exceptions, with something to say"
    signal.alarm(longest)
    try:
        return read()
    except allowed as e:
        said = str(e)
        assert said.strip() and len(said)<1500, f'says {said[:80]!r}, {len(said)} characters'
    finally:
        signal.alarm(0)

def write(name, data):
    "A file of these bytes"
    path = folder/name
    path.write_bytes(data)
    return path

# ------------------------------------------------------------------------------------------------ strategies

odd_bytes = st.sampled_from([b'\0', b'\xff', b'\x7f', b'\x80', b'\0\0\xc0\x7f', b'\0\0\x80\x7f', b'\xff\x7f',
                             b'\xff\xff\xff\xff', b'\xff\xff\xff\x7f', b'\0'*8]) | st.binary(max_size=8)
change = st.tuples(st.sampled_from(['put','insert','cut','end','double']), st.integers(0,10**6), odd_bytes)

def changed(data, changes):
    "Bytes with some changes made in turn"
    for how,at,odd in changes:
        at %= len(data)+1
        if how=='put':
            data = data[:at] + odd + data[at+len(odd):]
        elif how=='insert':
            data = data[:at] + odd + data[at:]
        elif how=='cut':
            data = data[:at] + data[at+len(odd)+1:]
        elif how=='end':
            data = data[:at]
        else:
            data = data[:at] + data[max(0,at-64):]
    return data

numbers = st.floats(width=32) | st.integers(-2**31, 2**31-1) | st.sampled_from([0,1,-1,1e-30,3e38,float('nan'),
        float('inf'),32767,-32768])
json_like = st.recursive(st.none() | st.booleans() | numbers | st.integers() | st.text(max_size=12),
                         lambda o: st.lists(o, max_size=4) | st.dictionaries(st.text(max_size=8), o, max_size=4),
                         max_leaves=12)

# ------------------------------------------------------------------------------------------------ what is checked

def check_volume(path):
    "`read_volume` and `check_header` refuse a file, or give finite numbers in a finite place"
    import torch
    from easysr.core import HeaderError
    from easysr.volumes import check_header, read_volume
    refused_or(lambda: check_header(path), HeaderError)
    vol = refused_or(lambda: read_volume(path), HeaderError)
    if vol is not None:
        assert vol.data.ndim==4 and vol.data.dtype==torch.float32, f'{vol.data.shape} {vol.data.dtype}'
        assert torch.isfinite(vol.data).all() and np.isfinite(vol.affine).all(), 'not finite'
        assert abs(np.linalg.det(vol.affine))>0, 'singular'

def tests(m):
    "{name: test} on the materials `m`"
    import torch
    from hostile_calls import saved, tiny
    from hostile_scans import nifti, nrrd, voxels
    from easysr.cohort import read_manifest
    from easysr.config import TrainConfig, read_config
    from easysr.models import load_generator
    good = dict(one=nifti(), two=nifti(version=2), swapped=nifti(swap=True), short=nifti(voxels().astype(np.int16)),
                many=nifti(voxels((6,5,4,2))), nrrd=nrrd())
    fields = {k: nib_fields(k) for k in (1,2)}
    numbered = st.tuples(st.integers(0,200), st.integers(0,17), numbers)

    @given(st.sampled_from(sorted(good)), st.lists(change, max_size=4), st.booleans(), st.lists(change, max_size=2))
    def volume_bytes(kind, changes, packed, after):
        data = changed(good[kind], [(h, a%600 if a%3 else a, o) for h,a,o in changes])      # most in the header
        ending = '.nrrd' if kind=='nrrd' else '.nii.gz' if packed else '.nii'
        if ending=='.nii.gz':
            data = changed(gzip.compress(data, 1), after)
        check_volume(write('fuzz'+ending, data))

    @given(st.sampled_from((1,2)), st.booleans(), st.lists(numbered, min_size=1, max_size=5))
    def volume_fields(version, swap, changes):
        data = bytearray(nifti(version=version, swap=swap))
        for which,i,value in changes:
            at,kind,count = fields[version][which%len(fields[version])]
            kind = kind.newbyteorder('>' if swap else '<')
            with np.errstate(all='ignore'):
                raw = np.asarray(value if np.isfinite(value) or kind.kind=='f' else 0).astype(kind).tobytes()
            at += i%count*kind.itemsize
            data[at:at+len(raw)] = raw
        check_volume(write('fuzz.nii', bytes(data)))

    words = st.sampled_from(['SliceThickness','SpacingBetweenSlices','easysr','key','warnings',
                             'EchoTime']) | st.text(max_size=5)

    @given(st.dictionaries(words, json_like, max_size=5), st.lists(change, max_size=3), st.booleans())
    def sidecars(said, changes, plain):
        text = json.dumps(said).encode()
        write('side.json', text if plain else changed(text, changes))
        check_volume(folder/'side.nii')

    whole,old = saved(tiny()),saved(tiny(), _use_new_zipfile_serialization=False)

    def load(data):
        net = refused_or(lambda: load_generator(write('fuzz.pth', data)), ValueError, FileNotFoundError, OSError)
        if net is not None:
            assert all(torch.isfinite(o).all() for o in net.parameters()), 'weights that are not finite'

    @given(st.booleans(), st.lists(change, min_size=1, max_size=3), st.integers(0,2))
    def checkpoint_bytes(new, changes, where):
        data = whole if new else old
        reach = (len(data), 1500, len(data))[where]                                     # the pickle comes first
        load(changed(data, [(h, len(data)-a%1500 if where==2 else a%reach, o) for h,a,o in changes]))

    tensors = st.sampled_from([torch.zeros(0), torch.tensor(3.), torch.zeros(4,4,3,3,3),
                               torch.full((4,),float('nan')), torch.zeros(1).expand(10**6),
                               torch.zeros(4,dtype=torch.int8), torch.zeros(4)+0j])
    anything = st.recursive(st.none() | st.booleans() | numbers | st.integers() | st.text(max_size=8) | tensors,
                            lambda o: st.lists(o, max_size=3) | st.dictionaries(st.text(max_size=6) | st.integers(),
                                    o, max_size=3), max_leaves=6)

    @given(st.lists(st.tuples(st.integers(0,100), st.integers(0,3), anything), min_size=1, max_size=3))
    def checkpoint_entries(changes):
        d = tiny() | dict(about=dict(animals=3), run={}, cfg={})
        for which,depth,value in changes:
            inside = d
            for level in range(depth):
                if isinstance(inside, dict) and inside and isinstance(list(inside.values())[which%len(inside)], dict):
                    inside = list(inside.values())[which%len(inside)]
            if isinstance(inside, dict) and inside:
                inside[list(inside)[which%len(inside)]] = value
        load(saved(d))

    cells = st.sampled_from(['path','animal','split','train','val','test','a.nii','../a.nii','','"','rat1',
                             '/dev/zero','\0',' ']) | st.text(max_size=6)

    @given(st.lists(st.lists(cells, max_size=5), max_size=6), st.sampled_from([',','\t',';']),
           st.sampled_from(['.csv','.tsv']), st.booleans(), st.lists(change, max_size=3))
    def tables(rows, delimiter, ending, headed, changes):
        lines = [['path','animal','split']]*headed + rows
        text = '\n'.join(delimiter.join(o) for o in lines).encode('utf-8', 'surrogateescape')
        path = write('fuzz'+ending, changed(text, changes))
        for row in refused_or(lambda: read_manifest(path), ValueError) or ():
            assert isinstance(row['path'], Path) and isinstance(row['animal'], str) and isinstance(row['split'],
                    str), row

    names = st.sampled_from(sorted(TrainConfig.__dataclass_fields__)) | st.text(max_size=6)
    marks = st.sampled_from([b'!!python/object/apply:os.system [x]', b'&a ', b'*a', b'<<: ', b'{', b'[', b'- ', b': ',
                             b'\n', b'---\n', b'!!binary ', b'0x', b'1:30', b'.nan', b'\t'])

    @given(st.dictionaries(names, json_like, max_size=4), st.lists(st.tuples(st.integers(0,400), marks), max_size=3),
           st.lists(change, max_size=2))
    def configs(options, marked, changes):
        text = '\n'.join(f'{k}: {json.dumps(v)}' for k,v in options.items()).encode('utf-8', 'surrogateescape')
        for at,mark in marked:
            text = text[:at%(len(text)+1)] + mark + text[at%(len(text)+1):]
        path = write('fuzz.yaml', changed(text, changes))
        d = refused_or(lambda: read_config(path), ValueError)
        if d is not None:
            refused_or(lambda: TrainConfig(**d), ValueError)
    m.append(write('side.nii', good['one']))
    return [volume_bytes, volume_fields, sidecars, checkpoint_bytes, checkpoint_entries, tables, configs]

def nib_fields(version):
    "(offset, dtype, count) of each field of a header"
    kinds = (nib.Nifti1Header if version==1 else nib.Nifti2Header).template_dtype
    found = []
    for name in kinds.names:
        kind,at = kinds.fields[name][:2]
        if kind.base.kind in 'iuf':
            found.append((at, kind.base, max(1, kind.itemsize//kind.base.itemsize)))
    return found

def run(test, seconds, first):
    "Batches of examples until the time is over; how many, and what failed"
    start = time.time()
    how = settings(max_examples=100, deadline=None, database=None, suppress_health_check=list(HealthCheck),
                   print_blob=False, report_multiple_bugs=False,
                   phases=[Phase.generate, Phase.shrink])
    test = how(test)
    for number in itertools.count(first):
        said = io.StringIO()
        try:
            with redirect_stdout(said), redirect_stderr(said):
                seed(number)(test)()
        except BaseException as e:
            if isinstance(e, KeyboardInterrupt):
                raise
            where = traceback.extract_tb(e.__traceback__)[-1]
            what = f'{type(e).__name__}: {e}'[:500] + f'  ({Path(where.filename).name}:{where.lineno})'
            return number-first+1, f'  seed {number}: {what}\n' + '\n'.join(getattr(e,'__notes__',()))[:1500]
        if time.time()-start>seconds:
            return number-first+1, None

def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('--seconds', type=float, default=30, help='for all readers together')
    p.add_argument('--seed', default='0', help="of the first batch, or 'random'")
    p.add_argument('--only', default='', help='part of a name: volume, sidecars, checkpoint, tables, configs')
    opts = p.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (12*2**30,)*2)
    signal.signal(signal.SIGALRM, alarm)
    warnings.simplefilter('ignore')
    nib.imageglobals.logger.setLevel(logging.CRITICAL)     # what it warns of is refused or harmless
    os.chdir(folder)
    first = random.randrange(10**9) if opts.seed=='random' else int(opts.seed)
    chosen = [o for o in tests([]) if opts.only in o.__name__]
    failed = 0
    for test in chosen:
        start = time.time()
        batches,fault = run(test, opts.seconds/len(chosen), first)
        failed += fault is not None
        outcome = 'FAILED\n'+fault if fault else 'passed'
        print(f'{test.__name__:20}{100*batches:7} examples{time.time()-start:7.1f} s  {outcome}', flush=True)
    os.chdir(here)
    shutil.rmtree(folder)
    sys.exit(failed>0)

if __name__ == '__main__':
    main()
