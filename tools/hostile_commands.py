"""The last part of the corpus of tools/hostile.py: command lines, and calls from Python."""
import os
from pathlib import Path

import numpy as np

from hostile_calls import small, tiny, with_animals
from hostile_scans import Case, both, easysr, nifti, put, raw, scan, voxels

def stacks(folder):
    "Two thick stacks of one animal"
    x = voxels((16,16,16))
    put(folder, 'rattus_a.nii', nifti(x[:,::4], (.5,2.,.5)))
    put(folder, 'rattus_b.nii', nifti(x[:,:,::4], (.5,.5,2.)))

def option_cases():
    "Options of easysr, and where its outputs go"
    numbers = ('1000', '.003', 'nan', 'inf', '-1', '0', '', 'wide', '1e-300', '1e300', '0x1', '１', '1_0', '٣')
    for word in numbers:
        for option in ('--spacing','--thickness','--tol','--memory','--scale'):
            bad = word in ('nan','inf','-1','0','','wide','0x1')
            yield Case('options', f'{option} {ascii(word)}', easysr(option, word), scan(),
                       'refused' if bad else 'either', says=(option,'rattus'))
    words = {'--device':('meta','cuda:99','klingon','','cpu:7','mps','xla'),
             '--volume':('-1','1','99999999999999999999','x','0.5',''), '--fill':('x','','1e400'),
             '--form':('x','','qform'),
             '--profile':('x','','sinc'), '--half':('maybe',''),
             '--align':('gone.nii','','.','rattus.nii','out','/dev/null'),
             '--model':('gone.pth','','.','rattus.nii','/dev/null','../default','DEFAULT','default\n'),
             '--log':('', '.', 'rattus.nii', 'out/rattus_sr.json', '/dev/null', 'rattus.nii/x.log'),
             '--memory':('1e-9','1e9'), '--spacing':('auto','AUTO','.3')}
    for option,given in words.items():
        for word in given:
            fine = (option,word) in {('--profile','sinc'),('--memory','1e9'),('--spacing','auto'),
                                     ('--spacing','AUTO'),('--spacing','.3')}
            unsure = option in ('--align','--half') or word in ('cpu:7','1e-9','qform','1e400')
            yield Case('options', f'{option} {word!r}', easysr(option, word), scan(),
                       'done' if fine else 'either' if unsure else 'refused',
                       says=(option.strip('-'),'rattus',word or 'usage'))
    for label,argv in dict(nothing=['easysr'], no_out=['easysr','.'], no_input=['easysr','--out','out'],
                           unknown=easysr('--spcaing','1'), twice=easysr('--spacing','1','--spacing','.3'),
                           empty=easysr(scan=''),
                           pattern=easysr(scan='*.nix'), pattern_open=easysr(scan='[rattus.nii'),
                           stars=easysr(scan='**/**/**'), root_pattern=easysr(scan='/proc/self/f*'),
                           dot=easysr(scan='.'), same=['easysr','rattus.nii','./rattus.nii','--out','out','--nopage'],
                           nul_out=['easysr','rattus.nii','--out',''],
                           long_out=['easysr','rattus.nii','--out','o'*300], deep_out=['easysr','rattus.nii','--out',
                           'out/'+'d/'*300], long_name=easysr(scan='n'*5000), at=easysr(scan='@rattus'),
                           version=['easysr','--version']).items():
        want = 'done' if label in ('twice','dot','version','same') else 'either' if label in ('stars',
                'deep_out') else 'refused'
        yield Case('options', label, argv, scan(), want, says=('rattus','easysr'))
    def out(o, *words): return ['easysr','rattus.nii','--out',o,'--nopage','--device','cpu',*words]
    places = {'is a file':('wall', raw('wall','x')), 'below a file':('wall/below', raw('wall','x')),
              'is the input':('rattus.nii', scan()), 'below the input':('rattus.nii/x', scan()),
              'dev null':('/dev/null', scan()), 'below dev null':('/dev/null/x', scan()),
              'a fifo':('wall', lambda f: os.mkfifo(f/'wall')),
              'dangling':('wall', lambda f: (f/'wall').symlink_to('gone/there')),
              'loop':('wall', lambda f: (f/'wall').symlink_to('wall')), 'proc':('/proc/easysr', scan()),
              'sys':('/sys/easysr', scan())}
    for label,(o,make) in places.items():
        yield Case('options', f'out {label}', out(o), both(scan(), make), 'refused',
                   says=('wall','rattus','/dev/null','/proc','/sys'))
    if os.getuid():
        yield Case('options', 'out is read-only', out('wall'), both(scan(), lambda f: (f/'wall').mkdir(0o500)),
                   'refused')
    clashes = {'replaces an input':(['a.nii.gz','a_sr.nii.gz','--out','.'],
                                    both(scan('a.nii.gz'), scan('a_sr.nii.gz'))),
                                    'two names':(['in/a.nii','a.nii.gz','--out','out'],
                                    both(scan('in/a.nii'), scan('a.nii.gz'))),
               'case':(['in','--out','out'], both(scan('in/a.nii'), scan('in/b/a.nii'))),
               'sd':(['a.nii.gz','a_sd.nii.gz','--out','.','--uncertainty'],
               both(scan('a.nii.gz'), scan('a_sd.nii.gz'))),
               'by a link':(['a.nii.gz','real_sr.nii.gz','--out','link'],
                            both(scan('a.nii.gz'), scan('real_sr.nii.gz'), lambda f: (f/'link').symlink_to('.'),
                            lambda f: (f/'a_sr.nii.gz').symlink_to('real_sr.nii.gz'))),
               'sidecar':(['a_sr.nii','a.nii','--out','.'], both(scan('a.nii'), scan('a_sr.nii'),
                       raw('a_sr.json','{"mine":1}')))}
    for label,(words,make) in clashes.items():
        yield Case('options', label, ['easysr',*words,'--nopage','--device','cpu'], make, 'refused', says=('a',))
    template = ['easysr','a.nii','--out','out','--align','out/a_sr.nii.gz','--nopage','--device','cpu']
    yield Case('options', 'align to an output', template, both(scan('a.nii'), scan('out/a_sr.nii.gz')), 'refused',
               says=('a_sr',))

def command_cases():
    "The other commands"
    fused = ['easysr_fuse','rattus_a.nii','rattus_b.nii','--out','out','--nopage','--device','cpu']
    yield Case('commands', 'fuse plain', fused, stacks, 'done')
    for label,words in dict(spacing=['--spacing','1000'], fine=['--spacing','.003'], device=['--device','meta'],
                            memory=['--memory','1e-9'], model=['--model','gone.pth'], align=['--align','gone.nii'],
                            volume=['--volume','3'], scale=['--scale','1e-30'], fill=['--fill','nan'],
                            thick=['--thickness','100']).items():
        yield Case('commands', f'fuse {label}', fused+words, stacks,
                   'either' if label in ('memory','fill') else 'refused', says=('rattus',*words))
    others = dict(one=(['rattus_a.nii'],stacks), same=(['rattus_a.nii','./rattus_a.nii'],stacks),
                  gone=(['rattus_a.nii','gone.nii'],stacks), empty=(['in'],lambda f: (f/'in').mkdir()),
                  bad=(['rattus_a.nii','bad.nii'],both(stacks,raw('bad.nii',b'x'*999))),
                  apart=(['rattus_a.nii','far.nii'],both(stacks,
                          scan('far.nii',srow_x=(3,99.),sform_code=1,qform_code=0))),
                          constant=(['rattus_a.nii','flat.nii'],both(stacks,scan('flat.nii',x=np.ones((8,8,8))))),
                          zero=(['rattus_a.nii','/dev/zero'],stacks),
                  fifo=(['rattus_a.nii','fifo.nii'],both(stacks,lambda f: os.mkfifo(f/'fifo.nii'))),
                  isotropic=(['rattus_a.nii','iso.nii'],both(stacks,scan('iso.nii',x=voxels((16,16,16)),
                  affine=(.5,.5,.5)))), spike=(['rattus_a.nii','s.nii'],
                  both(stacks,scan('s.nii',x=np.where(voxels()>950,3e38,1).astype('f4')))),
                  replaces=(['rattus_a.nii','rattus_a_fused.nii.gz','--out','.'],
                            both(stacks,scan('rattus_a_fused.nii.gz'))))
    for label,(words,make) in others.items():
        argv = ['easysr_fuse','--out','out','--nopage','--device','cpu',*words]
        yield Case('commands', f'fuse {label}', argv, make, 'either' if label in ('isotropic','spike','apart')
                   else 'refused', says=(*words,'rattus'))
    def pair(folder):
        put(folder, 'moving.nii', nifti(voxels((16,16,16)), (.4,.4,.4)))
        put(folder, 'fixed.nii', nifti(voxels((16,16,16),1), (.4,.4,.4)))
    reg = ['easysr_register','moving.nii','fixed.nii','--out','out']
    yield Case('commands', 'register plain', reg, pair, 'done', slow=True)
    for label,(words,make) in dict(mask_gone=(['--mask','gone.nii'],None),
                                   mask_grid=(['--mask','m.nii'],scan('m.nii')),
                                   mask_empty=(['--mask','m.nii'],scan('m.nii',x=np.zeros((16,16,16)),
                                   affine=(.4,.4,.4))), labels=(['--labels','gone.nii'],None),
                                   atlas=(['--atlas','.'],None), scale=(['--scale','1e-30'],None),
                                   kind=(['--kind','elastic'],None), scale_nan=(['--scale','nan'],None)).items():
        yield Case('commands', f'register {label}', reg+words, both(pair, *[make]*bool(make)),
                   'either' if label=='scale' else 'refused', says=(*words,))
    for label,(words,make) in dict(gone=(['gone.nii','fixed.nii'],None), folder=(['.','fixed.nii'],None),
                                   itself=(['fixed.nii','fixed.nii'],None),
                                   flat=(['flat.nii','fixed.nii'],scan('flat.nii',x=np.ones((16,16,16)))),
                                   zero=(['/dev/zero','fixed.nii'],None), name=(['..nii','fixed.nii'],scan('..nii')),
                                   one=(['one.nii','fixed.nii'],
                                        scan('one.nii',x=np.arange(8.).reshape(2,2,2),affine=(3,3,3))),
                                        spike=(['s.nii','fixed.nii'],scan('s.nii',
                                        x=np.where(voxels()>950,3e38,1).astype('f4'))),
                                        replaces=(['moving.nii','moving_reg.nii.gz','--out','.'],
                                        scan('moving_reg.nii.gz'))).items():
        argv = ['easysr_register','--out','out',*words]
        yield Case('commands', f'register {label}', argv, both(pair, *[make]*bool(make)),
                   'either' if label in ('itself','one','spike','name') else 'refused', says=(*words,),
                   slow=label in ('itself','one','spike'))
    prep = ['easysr_prepare','data','--out','out','--bias','none']
    yield Case('commands', 'prepare plain', prep, with_animals(), 'done')
    for label,words in dict(val=['--val','1'], val_minus=['--val','-.1'], val_nan=['--val','nan'],
                            seed=['--seed','-1'], seed_huge=['--seed','9'*30], template=['--template','gone.nii'],
                            template_folder=['--template','data'], scale=['--scale','0'],
                            scale_tiny=['--scale','1e-30'], kind=['--kind','x'], out_data=['--out','data'],
                            out_below=['--out','data/rat0.nii/x'], out_file=['--out','data/rat0.nii']).items():
        yield Case('commands', f'prepare {label}', prep+words, with_animals(),
                   'either' if label=='seed_huge' else 'refused', says=(words[0].strip('-'),words[1],'rat0'))
    for label,(where,make) in dict(gone=('gone',None), empty=('in',lambda f: (f/'in').mkdir()),
                                   mixed=('in',both(scan('in/good.nii'),raw('in/bad.nii',b'x'*999),
                                   lambda f: os.mkfifo(f/'in/fifo.nii'))), clash=('in',
                                   both(scan('in/A.nii'),scan('in/a.nii'))), zero=('/dev/zero',None),
                                   table=('t.csv',raw('t.csv','path\ngone.nii\n')),
                                   outside=('t.csv',both(scan('x/a.nii'),raw('in/t.csv','path\n../x/a.nii\n'),
                                           lambda f: os.rename(f/'in/t.csv',f/'t.csv'))),
                                           names=('in',both(*(scan(f'in/{o}.nii') for o in ('=cmd|x','a\tb','a\nb',
                                           '<b>','é'))))).items():
        yield Case('commands', f'prepare {label}', ['easysr_prepare',where,'--out','out','--bias','none'], make,
                   'either' if label=='names' else 'refused', says=(where,'bad','a'))
    for o in ('--bs','--patch','--steps','--lr','--ema','--high','--blocks','--ngf','--seed','--workers','--pairs',
              '--balance','--adv_start','--calibrate'):
        for word in ('-1','nan','','x','1e99'):
            words = [w for a,b in zip(small[::2],small[1::2]) if a!=o for w in (a,b)]
            yield Case('commands', f'train {o} {word!r}', ['easysr_train','--data','data','--out','out','--dry',
                    *words,o,word], with_animals(), 'refused', says=(o.strip('-'),))
    for label,words in dict(data=['--data','gone'], val=['--val','gone'], both=['--val','data'],
                            init=['--init','gone.pth'], config=['--config','gone.yaml'], resume=['--resume'],
                            out=['--out','data/rat0.nii']).items():
        yield Case('commands', f'train {label}', ['easysr_train','--data','data','--out','out','--dry',*small,*words],
                   with_animals(), 'either' if label=='out' else 'refused', says=(*words,'latest','rat0'))
    bench = dict(gone=['gone.nii'], folder=['in'], thick=['rattus.nii'], model=['data','--model','gone.pth'],
                 case=['data','--case','9x'], out=['data','--out','data'],
                 out_input=['data/rat0.nii','--out','data/rat0.nii'],
                 out_below=['data/rat0.nii','--out','data/rat0.nii/x'],
                 eclare=['data/rat0.nii','--eclare','gone-program'], zero=['/dev/zero'])
    for label,words in bench.items():
        yield Case('commands', f'bench {label}', ['easysr_bench','--out','out/scores.csv',*words],
                   with_animals(scan()), 'either' if label=='eclare' else 'refused', says=(*words,'rat0'), slow=True)

def calls():
    "{name: call} of the library, each with the outcome that is due"
    import easysr.fuse, easysr.infer, easysr.register, easysr.volumes as v, torch, torchio as tio
    sr = easysr.infer.super_resolve
    affine = np.diag([.3,1.2,.3,1])
    def image(x=None, a=affine): return tio.ScalarImage(tensor=torch.as_tensor(voxels() if x is None else x)[None],
            affine=a)
    whole,other = voxels(),tiny()
    bad = dict(none=None, array=whole, tensor=torch.zeros(1,12,8,12), number=3, dict={}, list=[], bytes=b'rattus.nii',
               path=Path('gone.nii'), nul='a\0b', folder='.', empty='', object=object(),
               subject=tio.Subject(a=image()))
    for name,o in bad.items():
        yield f'super_resolve {name}', lambda o=o: sr(o), 'refused'
        yield f'read_volume {name}', lambda o=o: v.read_volume(o), 'refused'
        yield f'check_header {name}', lambda o=o: v.check_header(o), 'refused'
        yield f'register {name}', lambda o=o: easysr.register.register(o, image()), 'refused'
        yield f'fuse {name}', lambda o=o: easysr.fuse.fuse(o), 'refused'
        yield f'fuse of {name}', lambda o=o: easysr.fuse.fuse([image(), o]), 'refused'
    volumes = dict(nan=image(whole*np.nan), inf=image(whole/0), constant=image(whole*0+3), zero=image(whole*0),
                   huge=image(whole*1e35), one_nan=image(np.where(whole==whole.max(),np.nan,whole)),
                   complex=image(whole+0j), double=image(whole.astype('f8')), integer=image(whole.astype('i8')),
                   boolean=image(whole>400), channels=tio.ScalarImage(tensor=torch.rand(3,12,8,12),affine=affine),
                   one=image(whole[:1,:1,:1]), slice=image(whole[:,:1]), nan_affine=image(a=affine*np.nan),
                   singular=image(a=np.diag([.3,0,.3,1])), huge_affine=image(a=affine*1e6),
                   tiny_affine=image(a=np.diag([3e-7,1.2e-6,3e-7,1])),
                   label=tio.LabelMap(tensor=torch.ones(1,12,8,12).int(),affine=affine),
                   meta=tio.ScalarImage(tensor=torch.rand(1,12,8,12),affine=affine,slice_thickness='x',warnings=3))
    due = dict(double='done', integer='done', nan='refused', inf='refused', constant='refused', zero='refused',
               one_nan='refused', channels='refused', nan_affine='refused', singular='refused', complex='refused')
    for name,o in volumes.items():
        yield f'super_resolve volume {name}', lambda o=o: finite(sr(o).volume), due.get(name,'either')
        yield f'register volume {name}', lambda o=o: easysr.register.register(o, image(),
                start='header'), 'refused' if name in ('nan','inf','channels') else 'either'
        yield f'fuse volume {name}', lambda o=o: finite(easysr.fuse.fuse([image(),
                o]).volume), 'refused' if due.get(name)=='refused' else 'either'
    options = dict(spacing=[None,'x',-1,0,np.nan,'1',[.1],np.array([.1,.2]),True,1e-9,1e9,10**400],
                   thickness=['x',-1,0,np.nan,np.inf,[1],1e9,1e-9,np.array([1.,2.])],
                   model=[None,3,'',b'x',{},[],torch.nn.Linear(1,1),Path('gone'),other],
                   profile=[None,3,'x',np.array([1.,2.]),[],sum,max,float,{},'', np.ones(5)], tol=['x',-1,np.nan,[1]],
                   device=[None,3,'x',[],torch.device('meta')], memory=['x',-1,0,np.nan,None,1e-12],
                   adapt=['x',-1,np.nan,[]], half=['x',3,[]], uncertainty=['x',[],np.array([1,2])],
                   denoise=[np.array([1,2])], nonsense=[1])
    for option,values in options.items():
        for i,value in enumerate(values):
            fine = option in ('half','uncertainty','denoise') or (option,i) in {('spacing',5),('spacing',8),
                    ('spacing',10),('thickness',7),('memory',4),('memory',5),
                    ('device',0)} or (option=='profile' and i in (0,3,10))
            yield f'super_resolve {option}={str(value)[:30]}', lambda k=option,o=value: finite(sr(image(),
                    **{k:o}).volume), 'either' if fine else 'refused'
    reading = dict(scale=['x',0,-1,np.nan,[1],1e300], volume=['x',1.5,-1,99,[0]], form=['x',3,[]],
                   fill=['x',[1],np.nan,1e39,None])
    for option,values in reading.items():
        for value in values:
            yield f'read_volume {option}={value}', lambda k=option,o=value: v.read_volume('rattus.nii',
                    **{k:o}), 'either' if option=='fill' else 'refused'
    for kind in (None,3,'x',[]):
        yield f'register kind={kind}', lambda k=kind: easysr.register.register(image(), image(), k), 'refused'
    for start in (None,3,'x',np.zeros((4,4)),np.eye(3),np.eye(4)*np.nan):
        yield f'register start={str(start)[:20]}', lambda s=start: easysr.register.register(image(), image(),
                start=s), 'refused'
    for name,o in dict(one=[image()], path=['gone.nii','gone.nii'], word='rattus.nii', same=[image()]*2,
                       generator=(o for o in ()), mixed=[image(),'rattus.nii'],
                       far=[image(),image(a=affine+np.eye(4)[:,[1,2,3,0]]*99)]).items():
        yield f'fuse stacks {name}', lambda o=o: finite(easysr.fuse.fuse(o).volume), 'either' if name in ('same',
                'mixed','far') else 'refused'

def finite(vol):
    "An output, which holds numbers only"
    assert np.isfinite(vol.numpy()).all(), 'the output holds NaN or infinity'

def cases():
    "All of them"
    yield from option_cases()
    yield from command_cases()
    for name,call,want in calls():
        yield Case('python', name, call, scan(), want)
