"""Train the bundled weights from scratch: `python tools/make_weights.py DATA OUT [WITHOUT [SHARE]] [--prepare]`

DATA holds the folders `train` and `val` of the open scans that easysr/weights/README.md names.
OUT gets what is made from them (averages of the mice, digital rats: OUT/made), in OUT/run1 to OUT/run3 all that
`easysr_train` writes in three runs, and at the end OUT/default.pth, the file to put into easysr/weights;
`python tools/weight_sums.py` then writes the list of checksums there anew. Each run starts from the best weights of the
one before; the last trains the error quantile alone, on scanned animals. Called again, the command goes on where it was
stopped.

Files of DATA with WITHOUT in their name are left out of training, so that they can be used for validation.
SHARE is the part of the epochs to run. tools/without_rat.pth was made with `rat-WHS .5`.

With a graphics card: `--prepare` makes OUT/made and stops. That takes the registration of the mice, on a CPU; the
card's machine then needs DATA and a copy of OUT. tools/weights.yml asks for 24,500 steps, so that 15 minutes take
27.2 steps a second with validation and checkpoints left out. What one step takes on a card was not measured, as no
card was at hand; `tools/gpu_check.sh DATA` measures it in some minutes. Known is this: precision, number of loader
processes and fused optimisers are chosen by the device, no number is read from the card within a step, and animals
are validated every two minutes. The weights in the package were made on CPUs."""
import argparse, csv, json, shutil, subprocess, sys
from pathlib import Path

import yaml
from easysr.calibrate import fit_error_quantile
from easysr.config import from_saved
from easysr.data import find_volumes, phantom, read_volume, write_volume
from easysr.models import load_checkpoint, load_generator, save_checkpoint
from easysr.callbacks import calibration_scans
from easysr.core import pick_device
from easysr.feeding import pick_workers

recipe = Path(__file__).with_name('weights.yml')
digital_rats = {f'digital{i}_{c}': (c,i) for i,c in enumerate(('T2w','T1w','T2star','T2w','T1w'), 1)}

def kept(path, make):
    "The file `path`, made once by `make`"
    if not path.exists():
        write_volume(make(), path)
    return path

def allowed(files, without):
    "The files that may be used for training"
    return [f for f in files if not without or without not in f.name]

def group_average(mice, group):
    "Average of the mice of one genotype; of all, in reverse order, for an empty name"
    from easysr.register import average_animals   # needs ANTs, which a machine that only trains may lack
    vols = [read_volume(f) for f in mice if group in f.name]
    return average_animals(vols if group else vols[::-1])

def several(files, n, made):
    "Each file `n` times: a table lists a file once, so the others are copies in `made`"
    for f in files:
        yield f
        for i in range(2, n+1):
            copy = made/f'copy{i}-{f.name}'
            if not copy.exists():
                shutil.copyfile(f, copy)
            yield copy

def training_files(data, out, without=None):
    "Files to train on, each as often as it counts, and label maps to paint patches from"
    mice   = allowed([f for f in find_volumes(data/'train') if f.name.startswith('mouse')], without)
    rat    = allowed([data/'train/rat-WHS_T2star.nii.gz'], without)
    means  = [kept(out/f'made/average{g}_T2w.nii.gz', lambda: group_average(mice, g)) for g in ('','WT','UT','TT')]
    made   = [kept(out/f'made/{n}.nii.gz', lambda: phantom(.15, *kind)) for n,kind in digital_rats.items()]
    labels = sorted((data/'train').glob('*_labels.nii.gz'))[::2] + [data/'train/rat-WHS_labels.nii.gz']
    train  = [*mice, *several(rat, 4, out/'made'), *several(means, 2, out/'made'), *made]
    return train, [str(f) for f in allowed(labels, without)]

def is_made(path): return any(word in path.name for word in ('average','digital'))   # else a scanned animal

def write_split(path, train, val):
    "The table that tells `easysr_train` which files train and which validate"
    with open(path, 'w', newline='') as f:
        w = csv.writer(f)
        w.writerow(('path','split'))
        w.writerows([(o,'train') for o in train] + [(o,'val') for o in val])

def train_once(table, run, config, best):
    "One run of `easysr_train`, or its rest; the exit status"
    if (run/'final.pth').exists():
        return 0
    train = 'from easysr.entry import train_command; train_command()'
    words = [sys.executable, '-c', train, '--data', str(table), '--out', str(run)]
    words += ['--config', str(config)]   # also where a run goes on: a checkpoint does not say where the label maps lie
    if (run/'latest.pth').exists():
        words.append('--resume')
    elif best:
        words += ['--init', str(best)]
    return subprocess.run(words).returncode

def run_config(cfg, stage, share):
    "The options of a stage: those of the stage before, and what the recipe changes"
    stage = from_saved(stage)
    stage['epochs'] = max(1, round(share*stage['epochs']))
    return cfg | stage | dict(pairs=cfg['pairs'] | stage.get('pairs', {}))

def calibrated(best, val, pairs):
    "The generator of `best` with the scale of its error quantile fitted"
    device = pick_device()
    gen = load_generator(best).to(device)
    scans = calibration_scans([read_volume(o) for o in val], 1000, 64, (2.,6.), 3, pick_workers(device), **pairs)
    fit_error_quantile(gen, scans)
    gen.cpu().trunk.bfloat16()   # the trunk is stored in 16 bits
    return gen

def main(data, out, without=None, share=1., prepare=False):
    "All stages of the recipe; the exit status"
    data, out = Path(data).absolute(), Path(out).absolute()
    train, labels = training_files(data, out, without)
    if prepare:
        return 0
    val = find_volumes(data/'val')
    cfg, best, steps = dict(pairs=dict(labels=labels)), None, 0
    for i,stage in enumerate(yaml.safe_load_all(recipe.read_text()), 1):
        real = stage.pop('real', False)   # this stage uses scanned animals only
        cfg = run_config(cfg, stage, share)
        run, table, config = out/f'run{i}', out/f'table{i}.csv', out/f'config{i}.json'
        config.write_text(json.dumps(cfg))
        write_split(table, [o for o in train if not (real and is_made(o))], val)
        if status := train_once(table, run, config, best):
            return status
        best = run/('final.pth' if real else 'best.pth')   # PSNR does not tell what the last stage gained
        if not real:
            about = load_checkpoint(best)['about']
            steps += cfg['steps']*about['epoch']
    save_checkpoint(out/'default.pth', calibrated(best, val, cfg['pairs']), about=about | dict(steps=steps))

if __name__=='__main__':
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('data')
    p.add_argument('out')
    p.add_argument('without', nargs='?')
    p.add_argument('share', nargs='?', type=float, default=1.)
    p.add_argument('--prepare', action='store_true')
    sys.exit(main(**vars(p.parse_args())))
