"""The commands in processes of their own, on digital animals small enough to try them hundreds of times"""
import configparser, sys
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

root = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root))   # these sources, installed or not
prelude = """import resource, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)            # a job in the background would ignore Ctrl-C
if {limit}: resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
sys.argv[0] = {name!r}
from {module} import {function}
sys.exit({function}())"""

@dataclass(frozen=True)
class Job:
    "A command, its words but for --out, and the folder of its inputs"
    name: str
    words: tuple
    inputs: Path
    def argv(self, out, *more, limit=0):
        "What starts it; a training that has a checkpoint is resumed"
        resume = ['--resume'] if (out/'latest.pth').exists() and self.name=='easysr_train' else []
        return [*program(self.name, limit), *map(str, self.words), '--out', str(out), *more, *resume]

@cache
def entry_points():
    "{command: (module, function)} as settings.ini has them"
    conf = configparser.ConfigParser()
    conf.read(root/'settings.ini', encoding='utf-8')
    lines = conf['DEFAULT']['console_scripts'].split()
    return {name: tuple(where.split(':')) for name,where in (o.split('=') for o in lines)}

def program(name, limit=0):
    "The words that start a command in this interpreter; `limit` is the largest file in bytes, 0 for any"
    module, function = entry_points()[name]
    return [sys.executable, '-c', prelude.format(limit=limit, name=name, module=module, function=function)]

def crop(vol, n):
    "The central cube of `n` voxels"
    import torchio as tio
    first = [(s-n)//2 for s in vol.spatial_shape]
    return tio.Crop(tuple(x for s,a in zip(vol.spatial_shape, first) for x in (a, s-n-a)))(vol)

def make_inputs(folder):
    "Digital animals, small: {name of the command: Job}"
    from easysr.phantom import phantom
    from easysr.slices import thicken
    from easysr.volumes import write_volume
    write = partial(write_volume, dtype='int16')
    scans, animals, stacks, pair = (folder/o for o in ('scans', 'animals', 'stacks', 'pair'))
    for i in range(4):
        write(thicken(crop(phantom(.4, seed=i), 32), 1.2), scans/f'sub-{i}_T2w.nii.gz')
    for i in range(5):
        write(crop(phantom(.2, seed=i), 24), animals/f'rat{i}.nii.gz')
    whole = phantom(.5, seed=4)
    for axis,plane in enumerate(('sag', 'cor')):
        write(thicken(whole, 1.5, axis=axis), stacks/f'rat4_{plane}_T2w.nii.gz')
    write(thicken(whole, 1.5, axis=1), pair/'moving.nii.gz')
    write(whole, pair/'fixed.nii.gz')
    small = '--epochs 4 --steps 2 --bs 1 --patch 8 --ngf 8 --blocks 1 --tail 4 --ndf 4 --device cpu'.split()
    jobs = [Job('easysr', (scans, '--spacing', '.4', '--uncertainty', '--device', 'cpu'), scans),
            Job('easysr_train', ('--data', animals, *small), animals),
            Job('easysr_fuse', (stacks, '--spacing', '.5', '--device', 'cpu'), stacks),
            Job('easysr_prepare', (animals,), animals),
            Job('easysr_register', (pair/'moving.nii.gz', pair/'fixed.nii.gz'), pair)]
    return {o.name: o for o in jobs}
