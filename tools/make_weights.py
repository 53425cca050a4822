"""Make the bundled weights from nothing but scans: `python tools/make_weights.py DATA OUT [WITHOUT [SHARE]]`

DATA holds the folders `train` and `val` of the open scans that easysr/weights/README.md names. OUT gets what is made from
them (averages of the mice, digital rats), in OUT/run1 to OUT/run3 all that `easysr_train` writes in three runs, each of which
begins with the best of the one before (the last teaches the bound alone, on the real animals), and at the end OUT/default.pth,
the file to put into easysr/weights. Called again, it goes on where it was stopped. Files of DATA with
WITHOUT in their name teach nothing, so that they can judge; SHARE is the part of the epochs to run. tools/without_rat.pth was
made with `rat-WHS .5`."""
import csv, json, subprocess, sys, yaml
from pathlib import Path
from easysr.data import find_volumes, phantom, read_volume, write_volume
from easysr.models import load_checkpoint, load_generator, save_checkpoint
from easysr.register import average
from easysr.train import fit_bound, fit_gauge

def kept(path, make): # file, function that gives its volume
    if not path.exists(): path.parent.mkdir(parents=True, exist_ok=True); write_volume(make(), path)
    return path

def material(data, out, without=None): # folders -> files to train on, each as often as it counts; label maps to paint
    may = lambda fs: [f for f in fs if not without or without not in f.name]
    mice = may(f for f in find_volumes(data/'train') if f.name.startswith('mouse'))
    group = lambda g: [read_volume(f) for f in mice if g in f.name][::-1 if not g else 1]
    means = [kept(out/f'made/average{g}_T2w.nii.gz', lambda: average(group(g))) for g in ('','WT','UT','TT')]
    rats  = [kept(out/f'made/digital{i}_{c}.nii.gz', lambda: phantom(.15,c,i)) for i,c in enumerate(('T2w','T1w','T2star','T2w','T1w'),1)]
    labels = sorted((data/'train').glob('*_labels.nii.gz'))[::2] + [data/'train/rat-WHS_labels.nii.gz']
    return mice + may(4*[data/'train/rat-WHS_T2star.nii.gz']) + 2*means + rats, [str(f) for f in may(labels)]

def main(data, out, without=None, share=1.):
    data,out = Path(data).absolute(),Path(out).absolute()
    train,labels = material(data, out, without)
    cfg,best,steps = dict(pairs=dict(labels=labels)),None,0
    for i,more in enumerate(yaml.safe_load_all(Path(__file__).with_name('weights.yml').read_text()), 1):
        run,table,known,real = out/f'run{i}',out/f'table{i}.csv',out/f'config{i}.json',more.pop('real',False)
        more['epochs'] = max(1, round(float(share)*more['epochs']))
        cfg |= more | dict(pairs=cfg['pairs']|more.get('pairs',{})); known.write_text(json.dumps(cfg))
        with open(table,'w',newline='') as f:
            w = csv.writer(f); w.writerow(('path','split'))
            w.writerows([(o,'train') for o in train if not (real and o.parent==out/'made')] + [(o,'val') for o in find_volumes(data/'val')])
        words = ['easysr_train','--data',str(table),'--out',str(run)]
        words += ['--resume'] if (run/'latest.pth').exists() else ['--config',str(known)] + (['--init',str(best)] if best else [])
        if not (run/'final.pth').exists() and (code := subprocess.run(words).returncode): return code
        best,said = run/'best.pth',load_checkpoint(run/'best.pth')['about']
        if not real: about = said; steps += cfg['steps']*said['epoch']
    gen = load_generator(best)
    fit_gauge(gen, train, 1000, 1, **cfg['pairs']); fit_bound(gen, [read_volume(o) for o in find_volumes(data/'val')], 1000, 2, **cfg['pairs'])
    gen.trunk.bfloat16()                                                       # what of the trunk is stored, in 16 bits
    save_checkpoint(out/'default.pth', gen, about=about|dict(steps=steps))

if __name__=='__main__': sys.exit(main(*sys.argv[1:]))
