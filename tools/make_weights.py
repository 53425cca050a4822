"""Train the bundled weights on from what ships: `python tools/make_weights.py DATA OUT`

DATA holds the folders `train` and `val` of the open scans that easysr/weights/README.md names. OUT gets what is made from
them (averages of the mice, digital rats, a table), in OUT/run all that `easysr_train` writes, and at the end OUT/default.pth,
the file to put into easysr/weights. Called again, it goes on where it was stopped."""
import csv, json, subprocess, sys, yaml
from pathlib import Path
from easysr.data import find_volumes, phantom, read_volume, write_volume
from easysr.models import load_checkpoint, load_generator, save_checkpoint
from easysr.register import average

def kept(path, make): # file, function that gives its volume
    if not path.exists(): path.parent.mkdir(parents=True, exist_ok=True); write_volume(make(), path)
    return path

def material(data, out): # folders -> files to train on, each as often as it counts
    mice = [f for f in find_volumes(data/'train') if f.name.startswith('mouse')]
    group = lambda g: [read_volume(f) for f in mice if g in f.name][::-1 if not g else 1]
    means = [kept(out/f'made/average{g}_T2w.nii.gz', lambda: average(group(g))) for g in ('','WT','UT','TT')]
    rats  = [kept(out/f'made/digital{i}_{c}.nii.gz', lambda: phantom(.15,c,i)) for i,c in enumerate(('T2w','T1w','T2star','T2w','T1w'),1)]
    return mice + 4*[data/'train/rat-WHS_T2star.nii.gz'] + 2*means + rats

def main(data, out):
    data,out = Path(data).absolute(),Path(out).absolute()
    rows = [(f,'train') for f in material(data,out)] + [(f,'val') for f in find_volumes(data/'val')]
    with open(out/'table.csv','w',newline='') as f: w = csv.writer(f); w.writerow(('path','split')); w.writerows(rows)
    cfg = yaml.safe_load(Path(__file__).with_name('weights.yml').read_text())
    cfg['pairs']['labels'] = [str(f) for f in sorted((data/'train').glob('*_labels.nii.gz'))[::2] + [data/'train/rat-WHS_labels.nii.gz']]
    (out/'config.json').write_text(json.dumps(cfg))
    words = ['easysr_train','--data',str(out/'table.csv'),'--out',str(out/'run')]
    words += ['--resume'] if (out/'run/latest.pth').exists() else ['--config',str(out/'config.json'),'--init','default']
    return subprocess.run(words).returncode or bundle(out, cfg['steps'])

def bundle(out, steps): # folder, steps an epoch: writes the best of the run, its trunk stored in 16 bits
    gen,about = load_generator(out/'run/best.pth'),load_checkpoint(out/'run/best.pth')['about']
    gen.trunk.bfloat16()
    save_checkpoint(out/'default.pth', gen, about=dict(steps=load_generator('default').info['steps']+steps*about['epoch'], **about))

if __name__=='__main__': sys.exit(main(*sys.argv[1:]))
