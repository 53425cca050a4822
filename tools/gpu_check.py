"""The work of tools/gpu_check.sh: measure training and restoring on this machine, and print a Markdown table"""
import csv, os, shutil, subprocess, sys, tempfile, threading, time, traceback, warnings
from pathlib import Path
from statistics import mean

import torch, yaml
from easysr.config import TrainConfig
from easysr.core import peak_gb
from easysr.data import MRIDataset, find_volumes, read_volume, write_volume
from easysr.infer import MRIInference
from easysr.slices import thicken
from easysr.train import StopFit, Trainer

card = torch.cuda.is_available()
recipe = next(yaml.safe_load_all(Path(__file__).with_name('weights.yml').read_text()))
rows = []

class Busy(threading.Thread):
    "Asks every half second how busy the card is: the part of the time in which anything runs on it (nvidia-smi)"
    def __init__(self):
        super().__init__(daemon=True)
        self.seen,self.over = [],threading.Event()
        self.start()
    def run(self):
        ask = ['nvidia-smi', '--query-gpu=utilization.gpu,memory.used', '--format=csv,noheader,nounits', '-i', '0']
        while card and shutil.which(ask[0]) and not self.over.wait(.5):
            answer = subprocess.run(ask, capture_output=True, text=True).stdout.split(',')
            if len(answer)==2:
                self.seen.append([float(o) for o in answer])
    def __enter__(self): return self
    def __exit__(self, *_): self.over.set()
    def words(self):
        "Mean busy share, largest memory of the whole card"
        if not self.seen:
            return '-','-'
        return f"{mean(o[0] for o in self.seen):.0f}%", f"{max(o[1] for o in self.seen)/1000:.1f}"

def row(what, rate, busy=('-','-'), note=''):
    "One more row of the table, also shown at once"
    rows.append((what, rate, *busy, note))
    print(' | '.join(rows[-1]), flush=True)

class Timed:
    "Counts the steps of some seconds, after some steps to warm up"
    order = 70
    def __init__(self, warm, seconds): self.warm,self.seconds,self.busy = warm,seconds,None
    def after_step(self, t):
        if t.done==self.warm:
            t.read()                                   # waits for the card
            self.busy,self.start = Busy(),time.time()
        if self.busy and time.time()-self.start>self.seconds:
            t.read()
            self.rate = (t.done-self.warm)/(time.time()-self.start)
            self.busy.over.set()
            raise StopFit

def training(data, amp, workers):
    "Steps a second of the recipe with all losses, one row"
    size = {} if card else dict(bs=2, patch=16, ngf=8, blocks=1, tail=8, ndf=4)
    labels = [str(o) for o in sorted((data/'train').glob('*_labels.nii.gz'))]
    options = {k:v for k,v in recipe.items() if k not in ('pairs','amp')} | size
    pairs = recipe['pairs'] | dict(labels=labels)
    cfg = TrainConfig(**options | dict(adv_start=0., amp=amp, workers=workers, pairs=pairs))
    files = find_volumes(data/'train')
    ds = MRIDataset(files, cfg.patch, (cfg.low,cfg.high), cfg.bs*cfg.steps, cfg.bs, seed=0, **cfg.pairs)
    timed = Timed(*((40,30) if card else (2,2)))
    t = Trainer(cfg, cbs=[timed]).run(ds)
    failed = f', {t.skipped} steps failed' if t.skipped else ''
    made = f"{cfg.bs} patches of {cfg.patch}^3{failed}; PyTorch's own peak {peak_gb(t.device):.1f} GB"
    what = f"training, {amp}, {workers} loader process{'es'*(workers>1)}"
    row(what, f'{timed.rate:.1f} steps/s', timed.busy.words(), made)
    return timed.rate

def same_on_both(data):
    "Whether the card restores a scan as the CPU does"
    scan = thicken(read_volume(find_volumes(data/'val')[0]), .45)
    if not card:
        return row('the same scan on card and CPU', '-', note='no card to compare')
    here,there = (MRIInference(device=o, half=False)(scan).volume.data for o in ('cpu','cuda'))
    apart = ((here-there).abs().max()/(here.max()-here.min())).item()
    row('the same scan on card and CPU', f'{apart:.1e}', note='largest difference, part of the range')
    if apart>1e-3:
        raise ValueError(f'card and CPU differ by {apart:.1%} of the range')

def cohort(data, tmp):
    "Scans a second of the command, one row"
    animals = [read_volume(f) for f in find_volumes(data/'val')][:None if card else 1]
    files = []
    for i in range(40 if card else 2):
        files.append(tmp/f'scans/sub-{i:02d}_T2w.nii.gz')
        write_volume(thicken(animals[i%len(animals)], .45+.01*(i//len(animals)), noise=.01, seed=i), files[-1])
    words = [sys.executable, '-m', 'easysr', str(tmp/'scans'), '--out', str(tmp/'out')]
    start = time.time()
    with Busy() as busy:
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    seconds = time.time()-start
    row(f'restoring {len(files)} scans', f'{len(files)/seconds:.2f} scans/s', busy.words(),
        f'pages too; {seconds:.0f} s with the start')

def train_on(data, tmp, rate):
    "One minute of further training from the bundled weights, one row"
    steps = max(2, int(15*rate)) if card else 2
    size = [] if card else ['--bs','1','--patch','16','--ndf','4']
    words = ['--data', str(data/'train'), '--val', *map(str, find_volumes(data/'val')[:2]), '--out', str(tmp/'run')]
    words += ['--init','default', '--epochs','4' if card else '1', '--steps',str(steps), '--lr','1e-4', *size]
    start = time.time()
    with Busy() as busy:
        command = 'from easysr.entry import train_command; train_command()'
        subprocess.run([sys.executable, '-c', command, *words], check=True, stdout=subprocess.DEVNULL)
    seconds = time.time()-start
    with open(tmp/'run/history.csv', newline='') as f:
        psnr = [float(r['val_psnr']) for r in csv.DictReader(f) if r['val_psnr']]
    done = steps*(4 if card else 1)
    row('training on from the bundled weights', f'{done/seconds:.1f} steps/s', busy.words(),
        f'{seconds:.0f} s, start and validation too; PSNR {psnr[0]:.2f} to {psnr[-1]:.2f} dB')

def main(data):
    "All parts; the exit status"
    warnings.simplefilter('ignore')
    data,tmp,failed,rates = Path(data).absolute(),Path(tempfile.mkdtemp()),[],[1.]
    name = torch.cuda.get_device_name() if card else 'NO GRAPHICS CARD HERE: tiny sizes, no figures of a card'
    machine = f'{name}; torch {torch.__version__}; {os.cpu_count()} cores'
    print(machine, flush=True)
    runs = [('bf16',1),('bf16',8),('fp32',8)] if card else [('fp32',1),('fp32',2)]
    parts = [lambda amp=amp, n=n: rates.append(training(data, amp, n)) for amp,n in runs]
    parts += [lambda: same_on_both(data), lambda: cohort(data, tmp), lambda: train_on(data, tmp, max(rates))]
    for part in parts:
        try:
            part()
        except Exception as e:
            traceback.print_exc()
            failed.append(f'{type(e).__name__}: {e}'.splitlines()[0])
    shutil.rmtree(tmp, ignore_errors=True)
    print(f'\n{machine}\n')
    print('| | rate | card busy | GB on the card | |\n|---|---:|---:|---:|---|')
    for o in rows:
        print('| '+' | '.join(o)+' |')
    print(*(f'\nfailed: {o}' for o in failed), sep='')
    return bool(failed)

if __name__=='__main__':
    sys.exit(main(*sys.argv[1:]))
