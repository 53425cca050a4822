"""The corpus of tools/hostile.py: inputs that no scanner should write and somebody will, made by code.

A case is made in a folder of its own. Its command runs there, so that its paths are relative."""
import gzip, json, os, socket
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import nibabel as nib, numpy as np

@dataclass
class Case:
    "One hostile input: how it is made, what is run on it, and what may come of it"
    kind: str               # class, for the table
    name: str
    argv: list              # words of the command, its own name first; or a function to call
    make: Callable = None   # called with the folder; writes the inputs
    want: str = 'either'    # 'refused', 'done' or 'either'
    says: str = ''          # what a refusal has to name; default: a file or an option of the command
    makes: tuple = ()       # files that must lie in out/ after success
    slow: bool = False      # left out of the short corpus?
    @property
    def full(self): return f'{self.kind}/{self.name}'

def easysr(*words, scan='rattus.nii'): return ['easysr', scan, '--out', 'out', '--nopage', '--device', 'cpu', *words]

# ---------------------------------------------------------------------------------------------------- scans

def voxels(shape=(12,8,12), seed=0):
    "A lump of tissue with noise in air"
    r = np.random.default_rng(seed)
    at = np.meshgrid(*(np.linspace(-1,1,n) if n>1 else np.zeros(1) for n in shape), indexing='ij')
    inside = sum(o**2 for o in at)<.7
    return np.abs(inside*(800+100*r.standard_normal(shape)) + 8*r.standard_normal(shape)).astype(np.float32)

def nifti(x=None, affine=(.3,1.2,.3), version=1, swap=False, pair=False, rest=b'\0'*4, **patched):
    "The bytes of a NIfTI file; `patched` are raw header fields, an (index, value) pair where a field has several"
    x = voxels() if x is None else np.asarray(x)
    affine = np.diag([*affine,1]) if np.ndim(affine)==1 else np.asarray(affine)
    img = (nib.Nifti1Image if version==1 else nib.Nifti2Image)(x, affine, dtype=x.dtype)
    img.header.set_xyzt_units('mm')
    h = img.header.as_byteswapped('>') if swap else img.header
    h['vox_offset'],h['magic'] = (0,b'ni1') if pair else (h.sizeof_hdr+len(rest), h['magic'])
    for field,value in patched.items():
        if isinstance(value, tuple):
            h.structarr[field][value[0]] = value[1]
        else:
            h.structarr[field] = value
    data = x.astype(x.dtype.newbyteorder('>')) if swap else x
    return h.binaryblock + (b'' if pair else rest + data.tobytes('F'))

def put(folder, name, data, level=1):
    "Write bytes, or text, or what JSON makes of it; packed where the name ends in .gz"
    data = data if isinstance(data, bytes) else data.encode() if isinstance(data, str) else json.dumps(data).encode()
    path = Path(folder)/name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data, level) if str(name).endswith('.gz') else data)

def scan(name='rattus.nii', **how): return lambda folder: put(folder, name, nifti(**how))
def raw(name, data): return lambda folder: put(folder, name, data() if callable(data) else data)
def both(*makers): return lambda folder: [make(folder) for make in makers]

extremes = dict(i=lambda t: (np.iinfo(t).min, np.iinfo(t).max, -1, 0),
                f=lambda t: (np.nan, np.inf, -1., 0., 3e38, 1e-38),
                u=lambda t: (np.iinfo(t).max, 0), S=lambda t: (b'\xff'*t.itemsize, b'<b>\n'[:t.itemsize]))
harmless = {'data_type','db_name','extents','session_error','regular','dim_info','intent_p1','intent_p2','intent_p3',
            'slice_start',
            'slice_end','slice_duration','toffset','glmax','glmin','descrip','aux_file','intent_name','cal_max',
            'cal_min'}

def header_cases():
    "Every field of the header at its extremes, in both versions and both byte orders"
    for version,swap in ((1,False), (2,False), (1,True)):
        dtype = (nib.Nifti1Header if version==1 else nib.Nifti2Header).template_dtype
        for field in dtype.names:
            base,shape = dtype[field].base,dtype[field].shape
            for i in {(): (None,)}.get(shape, (0,1,3)):
                values = extremes[base.kind](base)
                for v in values if version==1 and not swap else values[:2]:
                    name = f"{'swapped-'*swap}nifti{version}-{field}{'' if i is None else f'[{i}]'}={v!r}"
                    how = {field: v if i is None else (i,v)}
                    want = 'done' if field in harmless else 'either'
                    yield Case('header', name, easysr(), scan(version=version, swap=swap, **how), want)
    named = dict(magic=[b'n+2\0',b'xxxx'], datatype=[0,1,255,1536,1792,2304], bitpix=[0,1,8], xyzt_units=[1,3,7,255],
                 vox_offset=[1.,348.,351.5,353.,1e9], qform_code=[5,99], sform_code=[5,99],
                 sizeof_hdr=[347,540,1543569408])
    for field,values in named.items():
        for v in values:
            yield Case('header', f'{field}={v!r}', easysr(), scan(**{field: v}))
    for i,v in ((0,.5), (0,-1), (1,1e-6), (2,1e4), (4,-9.)):
        yield Case('header', f'pixdim[{i}]={v}', easysr(), scan(pixdim=(i,v), sform_code=0, qform_code=1))
    for label,rest in dict(empty=b'\1\0\0\0', endless=b'\1\0\0\0'+b'\xf0\xff\xff\x7f'+b'\4\0\0\0',
                           negative=b'\1\0\0\0'+b'\xf0\xff\xff\xff'+b'\4\0\0\0', zero=b'\1\0\0\0'+b'\0'*8).items():
        yield Case('header', f'extension-{label}', easysr(), scan(rest=rest))

def mgh(x, folder, **patched):
    "Write rattus.mgz with patched header fields"
    img = nib.MGHImage(x, np.diag([.3,1.2,.3,1]))
    data,kinds = bytearray(img.to_bytes()),nib.freesurfer.mghformat.header_dtype
    for k,v in patched.items():
        value = np.broadcast_to(np.asarray(v, kinds[k].base), kinds[k].shape).tobytes()
        at = kinds.fields[k][1]
        data[at:at+len(value)] = value
    put(folder, 'rattus.mgz', gzip.compress(bytes(data)))

def nrrd(**fields):
    "The bytes of a NRRD file"
    given = dict(type='float', dimension='3', sizes='12 8 12', encoding='raw', endian='little',
                 space='right-anterior-superior')
    given |= {'space directions':'(.3,0,0) (0,1.2,0) (0,0,.3)', 'space origin':'(0,0,0)'} | fields
    return ('NRRD0004\n' + ''.join(f'{k}: {v}\n' for k,v in given.items()) + '\n').encode() + voxels().tobytes('F')

def format_cases():
    "Pairs, Analyze, MGH and NRRD"
    def pair(**how): return both(raw('rattus.hdr', lambda: nifti(pair=True, **how)),
                                 raw('rattus.img', lambda: voxels().tobytes('F')))
    for word in ('hdr','img'):
        yield Case('format', f'pair-{word}', easysr(scan=f'rattus.{word}'), pair(), 'done')
        other = raw('rattus.hdr', lambda: nifti(pair=True)) if word=='hdr' else raw('rattus.img',
                lambda: voxels().tobytes())
        yield Case('format', f'pair-{word}-alone', easysr(scan=f'rattus.{word}'), other, 'refused')
    yield Case('format', 'pair-short', easysr(scan='rattus.hdr'), both(pair(), raw('rattus.img', b'\0'*99)),
               'refused')
    fifo = both(raw('rattus.hdr', lambda: nifti(pair=True)), lambda f: os.mkfifo(f/'rattus.img'))
    yield Case('format', 'pair-fifo', easysr(scan='rattus.hdr'), fifo, 'refused')
    zero = both(raw('rattus.hdr', lambda: nifti(pair=True)), lambda f: (f/'rattus.img').symlink_to('/dev/zero'))
    yield Case('format', 'pair-dev-zero', easysr(scan='rattus.hdr'), zero, 'refused')
    for field,value in dict(magic=b'', dim=(1,-5), pixdim=(1,np.nan), vox_offset=1e6).items():
        yield Case('format', f'pair-{field}', easysr(scan='rattus.hdr'), pair(**{field: value}))
    x = voxels()
    for label,patched in dict(plain={}, nan_delta=dict(delta=np.nan), zero_cosines=dict(Mdc=0),
                              huge=dict(dims=[2**30]*4),
                              negative=dict(dims=[-1,8,12,1]), type=dict(type=99), centre=dict(Pxyz_c=3e38)).items():
        want = 'done' if label=='plain' else 'either'
        yield Case('format', f'mgz-{label}', easysr(scan='rattus.mgz'), lambda f,p=patched: mgh(x, f, **p), want)
    fields = dict(plain={}, sizes=dict(sizes='12 8'), zero=dict(sizes='0 0 0'), huge=dict(sizes='99999 99999 99999'),
                  type=dict(type='block'),
                  encoding=dict(encoding='gzip'), nan={'space directions':'(nan,0,0) (0,1,0) (0,0,1)'},
                  space=dict(space='klingon'),
                  none={'space directions':'none none none'}, outside={'data file':'../../../etc/passwd'},
                  zero_file={'data file':'/dev/zero'})
    for label,o in fields.items():
        yield Case('format', f'nrrd-{label}', easysr(scan='rattus.nrrd'), raw('rattus.nrrd', lambda o=o: nrrd(**o)))
    yield Case('format', 'nrrd-bomb', easysr(scan='rattus.nrrd'),
               raw('rattus.nrrd', lambda: nrrd(sizes='1500 1500 1500',
                       encoding='gzip').split(b'\n\n')[0]+b'\n\n'+bomb(1300)), 'refused')

def value_cases():
    "What voxels may hold"
    x,odd = voxels(),lambda value, at=(6,4,6): np.where(np.indices((12,8,12)).T==at, value,
            0).T.max(0).astype(np.float32)
    def spiked(v, dtype=np.float32):
        y = x.astype(dtype)
        y[6,4,6] = v
        return y
    cases = dict(nan=(spiked(np.nan),'refused'), inf=(spiked(-np.inf),'refused'), all_nan=(x*np.nan,'refused'),
                 constant=(x*0+7,'refused'),
                 zero=(x*0,'refused'), spike=(spiked(3e38),'either'),
                 spikes=(np.where(x>400,3e38,-3e38).astype(np.float32),'either'),
                 beyond=(spiked(1e300,np.float64),'refused'), int64=((x*1e6).astype(np.int64),'done'),
                 uint64=((x*1e16).astype(np.uint64),'either'),
                 complex=(x.astype(np.complex64),'refused'), two=((x>400).astype(np.uint8),'either'),
                 negative=(-x,'either'),
                 denormal=((x*1e-42).astype(np.float32),'either'), tiny=((x*1e-30).astype(np.float32),'either'),
                 lone=(odd(1.),'either'),
                 lone_huge=(odd(3e38),'either'), offset=((x+1e9).astype(np.float32),'either'),
                 int8=((x/20).astype(np.int8),'done'),
                 uint16=(np.where(x>400,65535,0).astype(np.uint16),'either'),
                 noise=(np.random.default_rng(0).random((12,8,12)),'either'),
                 ramp=(np.arange(1152.).reshape(12,8,12),'either'),
                 checker=(np.indices((12,8,12)).sum(0)%2*1000.,'either'),
                 half_empty=(np.where(np.indices(x.shape)[1]<4,0,x),'either'),
                 slice_bright=(np.where(np.indices(x.shape)[1]==3,x*1e6,x),'either'), epsilon=(1+x*1e-10,'either'))
    for label,(y,want) in cases.items():
        yield Case('values', label, easysr(), scan(x=y), want)
    rgb = np.zeros((12,8,12), [('R','u1'),('G','u1'),('B','u1')])
    yield Case('values', 'rgb', easysr(), scan(x=rgb), 'refused')
    for slope,inter in ((1e35,0), (1e-38,0), (-1,0), (np.nan,0), (0,5), (1,np.inf), (1,3e38), (3e38,-3e38),
                        (1e-45,0)):
        y = x.astype(np.int16)
        yield Case('values', f'slope={slope:g}-inter={inter:g}', easysr(),
                   scan(x=y, scl_slope=slope, scl_inter=inter))
    for fill in ('0','-1','1e30','1e38','nan','inf','-1e38'):
        yield Case('values', f'filled-{fill}', easysr('--fill',fill), scan(x=spiked(np.nan)),
                   'done' if fill in '0-1' else 'either')
    yield Case('values', 'uncertain-spike', easysr('--uncertainty'), scan(x=spiked(3e38)))
    yield Case('values', 'page-spike', [o for o in easysr('--uncertainty') if o!='--nopage'], scan(x=spiked(3e38)))
    yield Case('values', 'page-tiny', [o for o in easysr('--uncertainty') if o!='--nopage'],
               scan(x=(x*1e-30).astype(np.float32)))

def shape_cases():
    "How many voxels there may be"
    shapes = {(1,1,1):'refused', (12,8,1):'either', (12,1,12):'either', (1,8,12):'either', (12,2,12):'either',
              (12,):'refused', (12,8):'refused',
              (12,8,12,1):'done', (12,8,12,2):'done', (12,8,12,1,1):'done', (12,8,12,1,3):'refused',
              (12,8,12,2,2):'refused',
              (12,8,12,1,1,1,1):'done', (12,8,12,2,2,2,2):'refused', (3,3,3):'either', (2,2,2):'either',
              (12,3,12):'either', (12,8,2):'either',
              (8,8,8,40):'either', (13,7,11):'done', (5,40,5):'either', (1,40,1):'either'}
    for shape,want in shapes.items():
        yield Case('shape', 'x'.join(map(str,shape)), easysr(), scan(x=voxels(shape), affine=(.5,1.5,.5)), want)
    yield Case('shape', '2000x2x2', easysr(), scan(x=voxels((2000,2,2)), affine=(.05,1.2,.3)))
    yield Case('shape', '2x2000x2', easysr(), scan(x=voxels((2,2000,2)), affine=(.05,.05,.3)))
    for n in (1290, 3000, 32767):
        huge = scan(dim=(slice(1,4),n))
        yield Case('shape', f'declared-{n}', easysr(), huge, 'refused')
        packed = scan('rattus.nii.gz', dim=(slice(1,4),n))
        yield Case('shape', f'declared-{n}-gz', easysr(scan='rattus.nii.gz'), packed, 'refused')
    yield Case('shape', 'declared-7D', easysr(), scan(dim=(slice(None),7)), 'refused')
    yield Case('shape', 'declared-overflow', easysr(), scan(version=2, dim=(slice(1,4),2**40)), 'refused')

def geometry_cases():
    "Where a scan may lie"
    a,c,s = np.diag([.3,1.2,.3,1]),np.cos(.7),np.sin(.7)
    def with_(**entries):
        m = a.copy()
        for k,v in entries.items():
            m[int(k[1]),int(k[2])] = v
        return m
    turned = np.array([[c,-s,0,0],[s,c,0,0],[0,0,1,0],[0,0,0,1]])
    affines = dict(sheared=with_(m01=.6), much_sheared=with_(m01=5.), singular=with_(m11=0),
                   parallel=with_(m00=0,m01=1.2,m10=.3,m11=0,m02=.3,m22=0),
                   rotated=turned@a, twice=turned@turned[[0,2,1,3]][:,[0,2,1,3]]@a, flipped=a*[[-1],[1],[1],[1]],
                   swapped=a[[1,2,0,3]], negative=-a,
                   far=with_(m03=1e6), farther=with_(m13=3e38), nan_offset=with_(m03=np.nan), inf=with_(m00=np.inf),
                   tiny=a*1e-6, huge=a*1e6,
                   ten=a*10, thousand=a*1000, micron=a*1e3)
    for label,m in affines.items():
        rows = {f'srow_{o}':m[i].astype('f4') for i,o in enumerate('xyz')}
        yield Case('geometry', label, easysr(), scan(**rows, sform_code=1, qform_code=0))
    for sp in ((.3,.3,.3), (.3,10.,.3), (.3,15.,.3), (.05,.05,1.), (1.2,.3,1.2), (.3,.6,1.2), (.01,1.2,.01),
               (10.,10.,10.), (10.,.5,10.), (.149,1.,.149),
               (.3,.31,.3), (1e-3,1.2,1e-3), (1e-7,1.2,1e-7)):
        yield Case('geometry', 'x'.join(f'{o:g}' for o in sp), easysr(), scan(affine=sp))
    for unit,factor in ((1,1e-3), (3,1e3), (0,1e-3), (0,1e3), (1,1.), (3,1.)):
        yield Case('geometry', f'unit{unit}x{factor:g}', easysr(),
                   scan(affine=[.3*factor,1.2*factor,.3*factor], xyzt_units=unit))
    apart = dict(qform_code=1, sform_code=1, srow_x=np.array([.3,0,0,99], 'f4'))
    yield Case('geometry', 'forms-apart', easysr(), scan(**apart), 'refused')
    yield Case('geometry', 'forms-apart-said', easysr('--form','qform'), scan(**apart), 'done')

# ---------------------------------------------------------------------------------------------------- files

def bomb(megabytes):
    "A gzip stream of zeros, a thousand times as large when it is unpacked"
    return gzip.compress(bytes(2**20), 9)*megabytes

def opens(name): return lambda f: socket.socket(socket.AF_UNIX).bind(str(f/name))

def file_cases():
    "What a path may lead to, and damage"
    whole = nifti()
    packed = gzip.compress(whole, 1)
    for n in (0, 1, 4, 100, 343, 347, 348, 351, 352, 353, 400, len(whole)//2, len(whole)-1):
        yield Case('files', f'cut-{n}', easysr(), raw('rattus.nii', whole[:n]), 'refused')
    for n in (1, 2, 9, 10, 18, 100, 300, len(packed)//2, len(packed)-9, len(packed)-8, len(packed)-4, len(packed)-1):
        yield Case('files', f'cut-gz-{n}', easysr(scan='rattus.nii.gz'), lambda f,
                   n=n: (f/'rattus.nii.gz').write_bytes(packed[:n]), 'refused')
    for n in (0, 3, 12, len(packed)//3, len(packed)//2, len(packed)-6, len(packed)-2):
        flipped = packed[:n] + bytes([packed[n]^0x55]) + packed[n+1:]
        yield Case('files', f'flip-gz-{n}', easysr(scan='rattus.nii.gz'), lambda f,
                   b=flipped: (f/'rattus.nii.gz').write_bytes(b))
    contents = {'rattus.nii.gz':whole, 'rattus.nii':packed, 'double.nii.gz':gzip.compress(packed),
                'trailing.nii.gz':packed+b'trailing'*9,
                'zeros.nii.gz':packed+bytes(512), 'text.nii':b'no scan'*99, 'png.nii':b'\x89PNG\r\n\x1a\n'+bytes(999),
                'dicom.nii':bytes(128)+b'DICM'+bytes(999),
                'script.nii':b'#!/bin/sh\ntouch marker\n'*30, 'zeros.nii':bytes(4000), 'ones.nii':b'\xff'*4000,
                'nifti.mgz':packed, 'nifti.nrrd':whole,
                'zip.nii':b'PK\3\4'+bytes(999), 'bz2.nii.bz2':b'BZh9'+bytes(99),
                'bomb.nii.gz':gzip.compress(whole)+bomb(8000)}
    for name,data in contents.items():
        want = 'either' if 'tr' in name or name=='zeros.nii.gz' else 'refused'
        yield Case('files', f'as-{name}', easysr(scan=name), lambda f,n=name,d=data: (f/n).write_bytes(d), want)
    voxels_bomb = gzip.compress(nifti(x=np.zeros((1,1,1)), affine=(.05,.05,.05), dim=(slice(1,4),700))) + bomb(2700)
    yield Case('files', 'bomb-declared.nii.gz', easysr(scan='rattus.nii.gz'),
               lambda f: (f/'rattus.nii.gz').write_bytes(voxels_bomb))
    yield Case('files', 'trailing.nii', easysr(), raw('rattus.nii', whole+b'trailing'*99), 'done')
    yield Case('files', 'upper.NII', easysr(scan='RATTUS.NII'), raw('RATTUS.NII', whole), 'done')
    def link(to): return lambda f: (f/'rattus.nii').symlink_to(to)
    places = dict(folder=lambda f: (f/'rattus.nii').mkdir(), loop=link('rattus.nii'), dangling=link('gone.nii'),
                  fifo=lambda f: os.mkfifo(f/'rattus.nii'),
                  socket=opens('rattus.nii'), zero=link('/dev/zero'), null=link('/dev/null'), tty=link('/dev/tty'),
                  mem=link('/proc/self/mem'),
                  full=link('/dev/full'), random=link('/dev/urandom'), missing=None)
    for label,make in places.items():
        yield Case('files', f'is-{label}', easysr(), make, 'refused')
    if os.getuid():
        yield Case('files', 'is-unreadable', easysr(), both(scan(), lambda f: (f/'rattus.nii').chmod(0)), 'refused')
    yield Case('files', 'is-link', easysr(), both(scan('real.nii'), link('real.nii')), 'done',
               makes=('rattus_sr.nii.gz',))
    loops = both(scan('in/rattus.nii'), lambda f: (f/'in/again').symlink_to('.'),
                 lambda f: (f/'in/up').symlink_to('..'))
    yield Case('files', 'folder-loops', easysr(scan='in'), loops, 'done', makes=('rattus_sr.nii.gz',))
    mixed = both(scan('in/good.nii'), raw('in/bad.nii', b'bad'*200), lambda f: os.mkfifo(f/'in/fifo.nii'),
                 lambda f: (f/'in/gone.nii').symlink_to('x'))
    yield Case('files', 'folder-mixed', easysr(scan='in'), mixed, makes=('good_sr.nii.gz',))
    yield Case('files', 'folder-empty', easysr(scan='in'), lambda f: (f/'in').mkdir(), 'refused')

odd_names = ['naïve.nii', 'na\u0308ive.nii', b'raw\xff\xfe.nii', 'x'*246+'.nii', 'x'*251+'.nii', 'line\nbreak.nii',
             '"quoted\'.nii', '#?%41&.nii', '-dash.nii',
             '--out.nii', 'a[1].nii', 'a*.nii', 'a?.nii', '[!a].nii', 'SD_rat1_T2w.nii', 'two  words .nii', '~.nii',
             '~root.nii', '$HOME.nii', '`touch marker`.nii',
             ';touch marker;.nii', '<img src=x onerror=alert(1)>.nii', '<script>alert(2)<script>.nii',
             '</title><script>alert(3)<script>.nii', '\u202egnp.nii',
             '\x1b[31mred.nii', '\ttab.nii', '{name}.nii', '%s%n.nii', 'con.nii', '.hidden.nii', '..nii',
             'a.b.c.nii.nii', 'sub-.nii', 'sub-1_sr.nii', 'sub-01_T2w.nii', '猫.nii',
             '\U0001f400.nii', '\\back\\slash.nii', 'x\r\ny.nii', ' .nii', 'rat.nii.gz.nii', 'label.nii', 'mask.nii',
             "javascript:alert(4).nii", 'a\u2028b.nii']

def name_cases():
    "Names of scans, with pages"
    for name in map(os.fsdecode, odd_names):
        argv = [o for o in easysr(scan='./'+name) if o!='--nopage']
        yield Case('names', ascii(name)[1:40], argv, scan(name), 'either' if len(name)>240 or name=='..nii' else 'done')
        yield Case('names', f'folder {ascii(name)[1:40]}', easysr(scan='in'),
                   both(scan('in/'+name), scan('in/plain.nii')), says=('plain', name[:20]),
                   makes=('plain_sr.nii.gz',))
    every = both(*(scan('in/'+os.fsdecode(o)) for o in odd_names[16:28]))
    yield Case('names', 'cohort page', [o for o in easysr(scan='in') if o!='--nopage'], every, 'done',
               makes=('index.html',))
    pair = both(scan('a[1].nii'), scan('a1.nii'))
    yield Case('names', 'bracket beside', easysr(scan='a[1].nii'), pair, 'done', makes=('a[1]_sr.nii.gz',))
    forms = both(scan('in/é.nii'), scan('in/e\u0301.nii'))
    yield Case('names', 'two unicode forms', easysr(scan='in'), forms, 'done',
               makes=('é_sr.nii.gz','e\u0301_sr.nii.gz'))
    for odd in ('é','na\n','<b>','[1]','~','$HOME','a'*200):
        yield Case('names', f'out {ascii(odd)[:20]}', ['easysr','rattus.nii','--out',f'out/{odd}','--device','cpu'],
                   scan(), 'done')

def sidecar_cases():
    "The JSON beside a scan"
    nested = '{"a":'*100_000 + '1' + '}'*100_000
    texts = dict(list='[]', number='3', null='null', pairs='[["a",1]]', empty_object='{}', nested=nested,
                 brackets='['*100_000, large='{"a":"'+'x'*50_000_000+'"}',
                 nan='{"SliceThickness":NaN,"EchoTime":Infinity}', twice='{"SliceThickness":1,"SliceThickness":-1}',
                 words='{"SliceThickness":"1.2 mm"}',
                 negative='{"SliceThickness":-1}', zero='{"SliceThickness":0}', huge='{"SliceThickness":1e300}',
                 tiny='{"SliceThickness":1e-300}',
                 integer='{"SliceThickness":1'+'0'*400+'}', digits='{"a":'+'9'*5000+'}',
                 thick='{"SliceThickness":[1.2]}', true='{"SliceThickness":true}',
                 apart='{"SpacingBetweenSlices":1e-9,"SliceThickness":1e9}', latin=b'{"a":"\xe9"}',
                 bom=b'\xef\xbb\xbf{"SliceThickness":1.1}', utf16='{"a":1}'.encode('utf-16'),
                 nul='{"a":"\\u0000"}', rawnul=b'{"a":"\0"}', surrogate='{"a":"\\ud800"}',
                 ours='{"easysr":"0.1.0","key":{},"output":3,"warnings":"none"}',
                 shadow='{"warnings":3,"slices":"x","Sources":[1],"seconds":"x","volumes":5}',
                 html='{"SliceThickness":"<img src=x onerror=alert(1)>"}', cut='{"a":', zeros=bytes(99),
                 long_key='{"'+'k'*100_000+'":1}', long_word='{"SliceThickness":"'+'x'*100_000+'"}',
                 overflow='{"SliceThickness":1e999}', minus='{"SliceThickness":-0.0}')
    done = {'empty_object','negative','zero','words','true','thick','twice','bom','nul','minus','huge','html',
            'surrogate'}
    refused = {'number','null','list','nested','brackets','latin','utf16','cut','zeros','large','rawnul'}
    for label,text in texts.items():
        want = 'done' if label in done else 'refused' if label in refused-{'list'} else 'either'
        argv = [o for o in easysr() if o!='--nopage']
        yield Case('sidecars', label, argv, both(scan(), raw('rattus.json', text)), want, says='rattus')
    def link(to): return lambda f: (f/'rattus.json').symlink_to(to)
    places = dict(fifo=lambda f: os.mkfifo(f/'rattus.json'), folder=lambda f: (f/'rattus.json').mkdir(),
                  zero=link('/dev/zero'), loop=link('rattus.json'), gone=link('x'),
                  socket=opens('rattus.json'), empty=raw('rattus.json', b''))
    for label,make in places.items():
        yield Case('sidecars', f'is-{label}', easysr(), both(scan(), make), says='rattus')
        made = both(scan(), lambda f: (f/'out').mkdir(), make)
        moved = both(made, lambda f: (f/'rattus.json').rename(f/'out/rattus_sr.json'))
        yield Case('outputs', f'sidecar-is-{label}', easysr(), moved, says='rattus')
    for label,text in list(texts.items())[:12]:
        moved = both(scan(), raw('out/rattus_sr.json', text), raw('out/rattus_sr.nii.gz', nifti()))
        yield Case('outputs', f'sidecar-{label}', easysr(), moved)
        yield Case('outputs', f'sidecar-{label}-overwritten', easysr('--overwrite'), moved, 'done')
    own = both(scan('out/rattus.nii'), raw('out/.1_rattus.nii', 'mine'), scan('rattus.nii'))
    yield Case('outputs', 'own files beside', easysr(), own, 'done')
    for label,make in dict(folder=lambda f: (f/'out/rattus_sr.nii.gz').mkdir(parents=True),
                           fifo=lambda f: os.mkfifo(f/'out/rattus_sr.nii.gz'),
                           link=lambda f: (f/'out/rattus_sr.nii.gz').symlink_to('../rattus.nii'),
                           hard=lambda f: os.link(f/'rattus.nii', f/'out/rattus_sr.nii.gz')).items():
        yield Case('outputs', f'volume-is-{label}', easysr(), both(scan(), lambda f: (f/'out').mkdir(exist_ok=True),
                make) if label!='folder' else both(scan(), make), says='rattus')

def cases():
    "All of them"
    for some in (header_cases, format_cases, value_cases, shape_cases, geometry_cases, file_cases, name_cases,
                 sidecar_cases):
        yield from some()
