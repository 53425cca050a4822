"""The second part of the corpus of tools/hostile.py: tables, configurations and checkpoints."""
import io, os, pickle, re, zipfile
from pathlib import Path


from hostile_scans import Case, both, bomb, easysr, nifti, put, raw, scan, voxels

# ------------------------------------------------------------------------------------------------ training

small = ('--ngf 4 --blocks 1 --tail 4 --ndf 2 --patch 8 --bs 1 --steps 1 --epochs 2 --ratio 2 --high 3 '
         '--device cpu').split()

def train(*words, data='data', dry=True): return ['easysr_train', '--data', data, '--out', 'out', *['--dry']*dry,
        *small, *words]

def animals(folder, n=3):
    "Isotropic volumes of `n` rats in data/"
    for i in range(n):
        put(folder, f'data/rat{i}.nii', nifti(voxels((24,24,24), i), (.2,.2,.2)))

def with_animals(*makers): return both(animals, *makers)

def table_cases():
    "Tables that list scans"
    head,lines = 'path,animal,split\n', ['data/rat0.nii,rat0,train\n', 'data/rat1.nii,rat1,train\n',
                                         'data/rat2.nii,rat2,val\n']
    plain = head+''.join(lines)
    texts = {'plain':plain, 'unknown split':plain.replace('val','vla'), 'upper split':plain.replace('val','VAL'),
             'no split':plain.replace('val',''),
             'all val':plain.replace('train','val'), 'all train':plain.replace('val','train'),
             'all test':plain.replace('train','test').replace('val','test'),
             'two sides':plain+'data/rat0.nii,rat0,val\n', 'two animals':plain+'data/rat0.nii,ratx,val\n',
             'twice':plain+lines[0],
             'other spelling':plain+'./data/../data/rat0.nii,ratx,val\n', 'blank path':plain+',rat3,train\n',
             'blank animal':plain.replace(',rat0,',',,'), 'blank line':plain+'\n\n',
             'short line':plain+'data/rat0.nii\n', 'long line':plain+'data/rat1.nii,rat1,train,more,and,more\n',
             'no path':plain.replace('path','file'), 'no head':''.join(lines),
             'two paths':plain.replace('animal,','path,'), 'head alone':head, 'nul':plain.replace('rat1,','ra\0t1,'),
             'huge field':plain.replace('rat1,train','r'*200_000+',train'),
             'latin':plain.replace('rat1,','r\xe4t,').encode('latin-1'), 'utf16':plain.encode('utf-16'),
             'bom':b'\xef\xbb\xbf'+plain.encode(), 'semicolon':plain.replace(',',';'),
             'tabs':plain.replace(',','\t'), 'quote':plain.replace('rat1,','"rat1,'), 'cr':plain.replace('\n','\r'),
             'binary':os.urandom(5000), 'zeros':bytes(5000),
             'gone':plain+'data/gone.nii,x,train\n', 'folder':plain+'data,x,train\n',
             'itself':plain+'table.csv,x,train\n', 'zero':plain+'/dev/zero,x,train\n',
             'long path':plain+'a'*5000+'.nii,x,train\n', 'formula':plain.replace('rat1,','=cmd|calc,'),
             'spaces':plain.replace(',',' , '), 'nul path':plain+'da\0ta.nii,x,train\n'}
    done = {'plain','bom','blank line','formula'}
    refused = {'all val','all train','all test','two sides','two animals','other spelling','no path','no head',
               'head alone','latin','utf16','semicolon','binary','gone','zero','long path',
               'unknown split','folder','itself','nul path'}
    for label,text in texts.items():
        want = 'done' if label in done else 'refused' if label in refused else 'either'
        yield Case('tables', label, train(data='table.csv'), with_animals(raw('table.csv', text)), want, says='a')
    yield Case('tables', 'large', train(data='table.csv'),
               with_animals(raw('table.csv', lambda: plain+lines[0]*2_000_000)), 'refused', slow=True)
    places = dict(fifo=lambda f: os.mkfifo(f/'table.csv'), folder=lambda f: (f/'table.csv').mkdir(),
                  zero=lambda f: (f/'table.csv').symlink_to('/dev/zero'), missing=lambda f: None)
    for label,make in places.items():
        yield Case('tables', f'is-{label}', train(data='table.csv'), with_animals(make), 'refused')
        if label!='missing':
            later = both(make, lambda f: (f/'table.csv').rename(f/'data/manifest.tsv'))
            yield Case('tables', f'manifest-is-{label}', train(), with_animals(later), 'either', says='manifest')
    for label in ('binary','latin','nul','huge field','head alone','cr','zeros','two paths'):
        for name in ('manifest.tsv','failed.tsv'):
            made = with_animals(raw(f'out/{name}', texts[label]))
            want = 'either' if label=='head alone' else 'refused'
            yield Case('tables', f'earlier-{name}-{label}', ['easysr_prepare','data','--out','out','--bias','none'],
                       made, want, says=name)
    columns = 'path source animal split spacing bias template input options status notes'.split()
    outside = '\t'.join(columns)+'\n'+'\t'.join(['../data/rat0.nii','x','rat0','train','.2x.2x.2','none','','','',
            'done',''])+'\n'
    yield Case('tables', 'earlier-outside', ['easysr_prepare','data','--out','out','--bias','none'],
               with_animals(raw('out/manifest.tsv', outside)))

def config_cases():
    "Files of --config"
    alias = 'a: &a [x,x,x,x,x,x,x,x,x]\n' + ''.join(f'{b}: &{b} [{",".join(["*"+a]*9)}]\n' for a,
            b in zip('abcdefghi','bcdefghij')) + 'pairs: *j\n'
    texts = {'plain':'steps: 1\n', 'json':'{"steps": 1}', 'object':'!!python/object/apply:os.system ["touch marker"]',
             'new':'steps: !!python/object/new:os.system ["touch marker"]',
             'name':'steps: !!python/name:os.system', 'aliases':alias, 'merge':'<<: &a {<<: *a}\n',
             'itself':'pairs: &a {x: *a}\n', 'list itself':'pairs: &a [*a]\n',
             'bool word':'balance: maybe', 'bool number':'balance: 3', 'bool text':'balance: "false"',
             'old name':'fair: maybe', 'both names':'fair: true\nbalance: true', 'float steps':'steps: 1.5',
             'text steps':'steps: many', 'null':'steps: null', 'list':'- steps\n- 1', 'list value':'steps: [1,2]',
             'dict value':'lr: {a: 1}', 'empty':'', 'blank':' \n', 'comment':'# nothing',
             'number':'3', 'word':'steps', 'twice':'steps: 1\nsteps: 2', 'huge':'steps: 1'+'0'*400,
             'huge lr':'lr: 1e400', 'digits':'steps: '+'9'*5000, 'nan':'lr: .nan', 'inf':'lr: .inf',
             'minus':'lr: -1', 'zero':'epochs: 0',
             'bool steps':'steps: true', 'hex':'steps: 0x10', 'sexagesimal':'steps: 1:30', 'date':'steps: 2001-01-01',
             'binary tag':'steps: !!binary aGk=', 'set':'pairs: !!set {a, b}', 'unknown':'stpes: 3',
             'number key':'3: 4', 'null key':'null: 4', 'list key':'[1]: 4', 'tuple key':'? [a, b]\n: 1',
             'pairs list':'pairs: [1]', 'pairs word':'pairs: hi', 'pairs pair':'pairs: [[noise, 1]]',
             'pairs unknown':'pairs: {nosie: 1}', 'pairs text':'pairs: {noise: much}',
             'pairs nan':'pairs: {noise: .nan}', 'pairs range':'pairs: {thick: [2]}',
             'pairs ranges':'pairs: {thick: hi}',
             'pairs profile':'pairs: {profiles: [klingon]}', 'pairs profile path':'pairs: {cache: /etc}',
             'pairs labels':'pairs: {labels: gone}', 'pairs cache':'pairs: {cache: 3}', 'tabs':'\tsteps: 1',
             'deep':'pairs: '+'['*20000,
             'deep map':'pairs: '+'{a: '*20000, 'latin':b'gan: \xe9', 'nul':b'steps: \0',
             'utf16':'steps: 1'.encode('utf-16'), 'bom':b'\xef\xbb\xbfsteps: 1', 'random':b'\x80\x81\x00'*99,
             'documents':'steps: 1\n---\nsteps: 2',
             'ngf':'ngf: 1000000', 'blocks':'blocks: 1000000', 'patch':'patch: 100000', 'bs':'bs: 1000000000',
             'workers':'workers: 2000', 'seed':'seed: 123456789012345678901234567890', 'keep':'keep: -1',
             'device':'device: meta',
             'device word':'device: "cuda:99"', 'amp':'amp: fp8', 'low':'low: 9\nhigh: 2', 'high':'high: 1e9',
             'ratio':'ratio: 1e9', 'eps':'eps: -1', 'clip':'clip: 0', 'jitter':'jitter: 1e9', 'tail':'tail: 0',
             'r1':'r1: 1e38'}
    done = {'plain','json','bom','hex','documents'} - {'documents'}
    either = {'twice','clip','jitter','keep','r1','workers','ratio','high','hex','bool text','sexagesimal','merge',
              'pairs cache','seed','set','pairs profile path','pairs pair'}
    without = {o:i for i,o in enumerate(small) if o.startswith('--')}
    for label,text in texts.items():
        first = (text if isinstance(text,str) else '').split(':')[0]
        given = [w for o,i in without.items() if o[2:] not in (first, 'high' if first=='low' else '')
                 for w in small[i:i+2]]
        argv = ['easysr_train','--data','data','--out','out','--dry',*given,'--config','odd.yaml']
        want = 'done' if label in done else 'either' if label in either else 'refused'
        yield Case('config', label, argv, with_animals(raw('odd.yaml', text)), want,
                   says=('odd.yaml', 'gone', *re.findall(r'\w+(?=:)', str(text))))
    places = dict(fifo=lambda f: os.mkfifo(f/'odd.yaml'), folder=lambda f: (f/'odd.yaml').mkdir(),
                  zero=lambda f: (f/'odd.yaml').symlink_to('/dev/zero'), missing=lambda f: None,
                  large=raw('odd.yaml', lambda: 'steps: 1\n'+'# x\n'*10_000_000))
    for label,make in places.items():
        yield Case('config', f'is-{label}', train('--config','odd.yaml'), with_animals(make), 'refused')

# ------------------------------------------------------------------------------------------------ checkpoints

def tiny():
    "A small checkpoint, as `save_checkpoint` makes it"
    import torch
    from easysr.models import SliceGenerator
    torch.manual_seed(0)
    net = SliceGenerator(ngf=4, n_blocks=1, tail=4)
    return dict(kind='SliceGenerator', config=net.config, state=net.state_dict())

def saved(d, **how):
    "The bytes of a checkpoint"
    import torch
    f = io.BytesIO()
    torch.save(d, f, **how)
    return f.getvalue()

def model(change=None, data=None, **how):
    "A maker of odd.pth beside a scan: `change` is made in the dict of a good one, or `data` in its bytes"
    def make(folder):
        d = tiny()
        new = change(d) if change else None
        b = saved(d if new is None else new, **how)
        put(folder, 'odd.pth', data(b) if data else b)
        scan()(folder)
    return make

def pickled(body):
    "A change of the bytes of a checkpoint: its pickle is made of these instructions"
    def data(b):
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(b)) as old, zipfile.ZipFile(out, 'w') as new:
            for name in old.namelist():
                new.writestr(name, b'\x80\2'+body+b'.' if name.endswith('/data.pkl') else old.read(name))
        return out.getvalue()
    return data

def other_table(b):
    "The locator of the table of contents points elsewhere"
    return b[:-34] + bytes(8) + b[-26:]

def odd_pickles():
    "{label: instructions} that keep a reader busy, or end it"
    large = (2**61-1).to_bytes(8, 'little')
    twice = b''.join(b'q%ch%c\x86'%(i,i) for i in range(60))
    rebuild = b'ctorch._utils\n_rebuild_tensor_v2\n'
    return {'deep key':b'})' + b'\x85'*200_000 + b'Ns', 'doubled key':b'})' + twice + b'Ns',
            'large key':b'}\x8a\x08' + large + b'Ns', 'built of itself':b'}X\1\0\0\0a' + rebuild + b'q\0(h\0)}}tb)Rs',
            'holds itself':b'}q\0X\1\0\0\0ah\0s', 'colours':b'cos\x1b[31m\nsystem\n'}

def weights_as(f):
    "Every weight changed by `f`"
    def change(d): d['state'] = {k:f(v) for k,v in d['state'].items()}
    return change

def entry(**new): return lambda d: d.update(new)
def config(**new): return lambda d: d.update(config=d['config']|new)

class Runs:
    "Runs a command where a pickle is trusted"
    def __init__(self, f, *args): self.how = f,args
    def __reduce__(self): return self.how

def deflated(numbers):
    "A checkpoint of a few megabytes that claims one tensor of so many numbers, all zero"
    def pack(b):
        import torch
        small_one = saved(dict(tiny(), state={'x':torch.zeros(12345)}))
        packed = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(small_one)) as old, zipfile.ZipFile(packed, 'w', zipfile.ZIP_DEFLATED,
                compresslevel=1) as new:
            for o in old.namelist():
                inside = old.read(o)
                if o.endswith('data.pkl'):
                    inside = inside.replace(b'M90', b'J'+numbers.to_bytes(4,'little'))   # 12345 as a pickle writes it
                with new.open(o, 'w', force_zip64=True) as f:
                    for _ in range(numbers*4>>24 if o.endswith('data/0') else 0):
                        f.write(bytes(1<<24))
                    f.write(inside if not o.endswith('data/0') else b'')
        return packed.getvalue()
    return pack

def tensor_kinds():
    "Tensors that are no plain weights"
    import torch
    return dict(sparse=lambda v: v.to_sparse(), complex=lambda v: v+0j, meta=lambda v: v.to('meta'),
                expanded=lambda v: v.flatten()[:1].expand(v.shape), half=lambda v: v.half(),
                integer=lambda v: v.int(), boolean=lambda v: v>0, double=lambda v: v.double(),
                parameter=lambda v: torch.nn.Parameter(v), list=lambda v: v.tolist(), none=lambda v: None,
                number=lambda v: 3., transposed=lambda v: v.transpose(0,-1), scalar=lambda v: v.sum(),
                larger=lambda v: torch.cat([v,v]), nan=lambda v: v*float('nan'), inf=lambda v: v/0,
                huge=lambda v: v*0+1e30, maximum=lambda v: v*0+3e38, zero=lambda v: v*0, thousand=lambda v: v*1e3,
                denormal=lambda v: v*1e-40, wide=lambda v: v.flatten()[:1].expand(10**9))

def checkpoint_cases():
    "Files of --model, --init and --resume"
    use = easysr('--model','odd.pth')
    yield Case('checkpoint', 'plain', use, model(), 'done')
    length = 32000   # about
    for n in (0, 2, 30, 60, 100, 150, 200, 300, 500, 800, 1200, 2000, 4000, 8000, 16000, length-2000, length-900,
              length-200, length-20):
        def flip(b, n=n): return b[:n%len(b)] + bytes([b[n%len(b)]^0xff]) + b[n%len(b)+1:]
        yield Case('checkpoint', f'flip-{n}', use, model(data=flip))
    for n in (0, 1, 4, 100, 1000, 10000, -2000, -100, -22, -1):
        yield Case('checkpoint', f'cut-{n}', use, model(data=lambda b,n=n: b[:n]), 'refused')
    for label,f in tensor_kinds().items():
        want = 'done' if label in ('half','double','parameter') else 'refused' if label in ('none','number','larger',
                'scalar','nan','inf','meta','wide','list','complex') else 'either'
        yield Case('checkpoint', f'weights-{label}', use, model(weights_as(f)), want)
    for label,c in dict(ngf=config(ngf=6000), ngf_word=config(ngf='48'), ngf_minus=config(ngf=-1),
                        ngf_zero=config(ngf=0), ngf_float=config(ngf=4.5), ngf_list=config(ngf=[4]),
                        blocks=config(n_blocks=10**6), tail=config(tail=10**7),
                        more=config(device='cuda'), info=config(self=1), none=entry(config=None),
                        list=entry(config=[1]), word=entry(config='ngf'), huge=config(ngf=10**30),
                        blocks_minus=config(n_blocks=-3)).items():
        yield Case('checkpoint', f'config-{label}', use, model(c), 'refused')
    changes = dict(kind_none=entry(kind=None), kind_list=entry(kind=[1]), kind_other=entry(kind='PatchDiscriminator'),
                   kind_seed=entry(kind='ResnetGenerator'), state_none=entry(state=None), state_list=entry(state=[1]),
                   state_numbers=entry(state={1:2}), state_empty=entry(state={}), state_word=entry(state='x'),
                   run_list=entry(run=[1]), run_none=entry(run=None), run_number=entry(run=3),
                   run_gen=entry(run=dict(gen=3)),
                   list=lambda d: [d], tensor=lambda d: d['state']['head.bias'], number=lambda d: 3,
                   word=lambda d: 'kind', empty=lambda d: {'a':1}, original=lambda d: dict(state_dict=3),
                   original_list=lambda d: dict(state_dict=[]),
                   bare=lambda d: d['state'], nested=lambda d: dict(kind=dict(kind=d)))
    for label,c in changes.items():
        yield Case('checkpoint', label, use, model(c), 'either' if label.startswith('run') else 'refused')
    abouts = dict(list=[1], word='x', none=None, number=3, name=dict(name='other'),
                  html=dict(kind='<img src=x onerror=alert(1)>'), sha=dict(sha256=3), deep=dict(a=[[[[1]]]]),
                  key={3:4}, huge=dict(a='x'*10**7))
    for label,about in abouts.items():
        page = [o for o in use if o!='--nopage']
        yield Case('checkpoint', f'about-{label}', page, model(entry(about=about)), says='odd')
    touch = Runs(os.system, 'touch marker')
    for label,c in dict(about=entry(about=touch), state=entry(state=touch), itself=lambda d: touch,
                        eval=entry(kind=Runs(eval, "open('marker','w')")), key=lambda d: d|{touch:1}).items():
        yield Case('checkpoint', f'runs-{label}', use, model(c), 'refused')
        yield Case('checkpoint', f'runs-{label}-legacy', use, model(c, _use_new_zipfile_serialization=False),
                   'refused')
    yield Case('checkpoint', 'runs-pickle', use, both(scan(), raw('odd.pth', lambda: pickle.dumps(touch))), 'refused')
    yield Case('checkpoint', 'legacy', use, model(_use_new_zipfile_serialization=False))
    yield Case('checkpoint', 'bomb', use, model(data=deflated(950_000_000)), 'refused', slow=True)
    for label,body in odd_pickles().items():
        yield Case('checkpoint', f'pickle-{label}', use, model(data=pickled(body)), 'refused')
    yield Case('checkpoint', 'two-tables', use, model(data=other_table), 'refused')
    colours = entry(config=dict(ngf='\x1b[31m', n_blocks=1, tail=4))
    yield Case('checkpoint', 'config-colours', use, model(colours), 'refused')
    for label,make in dict(fifo=lambda f: os.mkfifo(f/'odd.pth'), folder=lambda f: (f/'odd.pth').mkdir(),
                           zero=lambda f: (f/'odd.pth').symlink_to('/dev/zero'), empty=raw('odd.pth', b''),
                           text=raw('odd.pth', 'weights'),
                           missing=lambda f: None, gz=raw('odd.pth', bomb(100)),
                           zip=raw('odd.pth', b'PK\5\6'+bytes(18))).items():
        yield Case('checkpoint', f'is-{label}', use, both(scan(), make), 'refused')
    start = train('--init','odd.pth')
    for label,c in dict(nan=weights_as(lambda v: v*float('nan')), huge=weights_as(lambda v: v*0+3e38),
                        config=config(ngf=6000), about=entry(about=3), runs=entry(about=touch),
                        state=entry(state=None)).items():
        yield Case('checkpoint', f'init-{label}', start, with_animals(model(c)), says='odd')
    yield from resume_cases(touch)

def a_run(folder):
    "The checkpoint of a short run, made once"
    import torch
    path = Path(folder).parent/'run.pth'
    if not path.exists():
        from easysr.training_command import train_main
        animals(folder.parent/'made')
        out = str(path.parent/'made/out')
        words = ['--epochs','1'] + [w for o,w in zip(small[::2],small[1::2]) if o!='--epochs' for w in (o,w)]
        train_main(['--data',str(path.parent/'made/data'),'--out',out,*words])
        Path(out,'latest.pth').rename(path)
    return torch.load(path, weights_only=True)

def resume_cases(touch):
    "Runs to go on with"
    def made(change):
        def make(folder):
            d = a_run(folder)
            put(folder, 'out/latest.pth', saved(change(d) or d))
            animals(folder)
        return make
    def inner(*keys, value):
        def change(d):
            for k in keys[:-1]:
                d = d[k]
            d[keys[-1]] = value
        return change
    words = ['easysr_train','--data','data','--out','out','--resume','--epochs','2']
    yield Case('checkpoint', 'resume-plain', words, made(lambda d: None), 'done', says='latest')
    changes = {'cfg none':entry(cfg=None), 'cfg list':entry(cfg=[1]), 'cfg word':inner('cfg','lr',value='fast'),
               'cfg nan':inner('cfg','lr',value=float('nan')), 'cfg ngf':inner('cfg','ngf',value=6000),
               'cfg runs':inner('cfg','lr',value=touch), 'cfg pairs':inner('cfg','pairs',value=3),
               'done word':entry(done='x'), 'done minus':entry(done=-5), 'done huge':entry(done=10**12),
               'done none':entry(done=None),
               'done float':entry(done=.5), 'rows number':entry(rows=3), 'rows words':entry(rows=['a']),
               'sums list':entry(sums=[1]), 'sums words':entry(sums=dict(pixel='x')), 'rng short':entry(rng=[1,2]),
               'rng none':entry(rng=None),
               'skipped':entry(skipped='x'), 'versions':entry(versions=3), 'versions list':entry(versions=['torch']),
               'run list':entry(run=[1]), 'run other':inner('run','__class__',value={}), 'run empty':entry(run={}),
               'run hook':inner('run','log',value={}),
               'opt none':inner('run','opt_g',value=None), 'opt list':inner('run','opt_g',value=[1]),
               'opt empty':inner('run','opt_g',value={}), 'opt state':inner('run','opt_g','state',value=3),
               'opt groups':inner('run','opt_g','param_groups',value=[]),
               'opt state words':inner('run','opt_g','state',0,value=dict(step='x')),
               'opt lr':inner('run','opt_g','param_groups',0,'lr',value='x'),
               'opt lr nan':inner('run','opt_g','param_groups',0,'lr',value=float('nan')),
               'opt betas':inner('run','opt_g','param_groups',0,'betas',value=(5,5)),
               'opt params':inner('run','opt_g','param_groups',0,'params',value=['x']),
               'rows none':entry(rows=[]), 'rows no epoch':entry(rows=[dict(a=1)]),
               'sums epoch':entry(done=1, rows=[], sums=dict(epoch=[5,1])),
               'weights number':lambda d: dict(state=dict(a=3)),
               'cfg colours':inner('cfg','gan',value='\x1b[31m'),
               'scale':inner('run','scale_g',value=3),
               'gen empty':inner('run','gen',value={}), 'gen number':inner('run','gen',value=3),
               'disc none':inner('run','disc',value=None), 'no run':lambda d: tiny()}
    for label,c in changes.items():
        yield Case('checkpoint', f'resume-{label}', words, made(c), says='latest')

def cases():
    "All of them"
    for some in (table_cases, config_cases, checkpoint_cases):
        yield from some()
