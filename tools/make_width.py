"""Fit the bundled estimate of the slice width: `python tools/make_width.py DATA OUT [WITHOUT]`

DATA holds the folder `train` of the open scans that easysr/weights/README.md names. OUT gets the statistics of 6,000
simulated scans (rows_*.pt, 11 minutes on one core) and width.pth, the file to put into easysr/weights.

WITHOUT is one of the groups rats, mice, digital: it is left out, so that it can be used for validation.
tools/width_without_rats.pth was made with `rats`."""
import itertools, sys
from pathlib import Path

import torch
from easysr.callbacks import calibration_scans
from easysr.data import MRIDataset, find_volumes, phantom
from easysr.width import left_out_scale, train_width_net, width_rows

scanned = dict(profiles=('gaussian',)*3+('box','hamming','slr'), thick=(.45,2.), noise=.06, noisy=.6, filled=.2)
varied  = scanned | dict(invert=.2, curve=.3, gamma=.3, bias=.3, zoom=(.6,1.8), turn=15., elastic=1., move=.6)
wanted  = dict(varied=900, as_scanned=600, painted=500)   # scans of a group

def sources(data):
    "Volumes and label maps of each group"
    mice = [f for f in find_volumes(data/'train') if f.name.startswith('mouse')]
    rats = [data/'train/rat-WHS_T2star.nii.gz']
    labels = sorted((data/'train').glob('mouse*_labels.nii.gz'))[::2]
    contrasts = itertools.cycle(('T2w','T1w','T2star'))
    digital = [phantom(.15, c, s, head=s%4>0) for s,c in zip(range(1,13), contrasts)]
    return dict(rats=(rats, [data/'train/rat-WHS_labels.nii.gz']), mice=(mice, labels), digital=(digital, []))

def varied_scans(vols, n, seed, **pairs):
    "Simulated scans of patches, everything about them changed at random"
    ds = MRIDataset(vols, 64, (1.8,7.), n, 1, seed=seed, check=False, **varied|pairs)
    for i in range(n):
        yield *ds[i], ds.slice_model(i)

def scans(vols, labels):
    "The simulated scans of a group"
    yield from varied_scans(vols, wanted['varied'], 1)
    yield from calibration_scans(vols, wanted['as_scanned'], 64, (2.,6.), 2, **scanned)
    if labels:
        yield from varied_scans([], wanted['painted'], 3, labels=[str(f) for f in labels], synth=1.)
    else:
        yield from varied_scans(vols, wanted['painted'], 3)

def kept_rows(path, make):
    "The rows in `path`, made once by `make`"
    if not path.exists():
        torch.save(width_rows(make())[:2], path)
    return torch.load(path, weights_only=True)

def main(data, out, without=None):
    "Rows of each group, then the estimator"
    data,out = Path(data),Path(out)
    out.mkdir(parents=True, exist_ok=True)
    groups = {name:o for name,o in sources(data).items() if name!=without}
    rows = [kept_rows(out/f'rows_{name}.pt', lambda: scans(*o)) for name,o in groups.items()]
    x,log = (torch.cat(o) for o in zip(*rows))
    part = torch.cat([torch.full((len(r),), i) for i,(r,_) in enumerate(rows)])
    net = train_width_net(x, log)
    net.scale.fill_(left_out_scale(x, log, part))
    net.save(out/'width.pth')
    print(f"{len(x)} patches of {', '.join(groups)}; standard deviation scaled by {net.scale:.2f}")

if __name__=='__main__':
    main(*sys.argv[1:])
