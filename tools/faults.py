#!/usr/bin/env python3
"""Faults from outside, on real commands in processes of their own: kills, Ctrl-C, a full disk, files that go.

After each: no input has changed, every file under its final name is whole, and the same command then ends
with the files of an undisturbed run. Prints a table and every failure; exit status 1 if there is one."""
import argparse, csv, gzip, hashlib, io, json, os, random, re, shlex, shutil, signal
import subprocess, sys, tempfile, time
from contextlib import contextmanager, suppress
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
import numpy as np
from commands import Job, make_inputs, program, root

varies = {'seconds', 'gb', 'images_s', 'rng'}   # may differ between two runs; torch's `rng` is saved, no step draws from it
anew = '--overwrite', '--spacing', '.3'         # makes other, larger outputs in place of earlier ones
patience = 300                                  # seconds that a command may take

# ---- what there is in a folder, and whether it is whole

def files(folder):
    "Every file below a folder, by its name there"
    found = [Path(top)/o for top,_,names in os.walk(folder) for o in names]   # others may remove them meanwhile
    return {p.relative_to(folder).as_posix(): p for p in sorted(found)}

def is_leftover(name):
    "Whether this is a temporary name; outputs are never hidden"
    return Path(name).name.startswith('.')

def finals(folder):
    "The files under final names; the log of TensorBoard is its own affair"
    return {k:p for k,p in files(folder).items() if not is_leftover(k) and not k.startswith('board/')}

def checksums(folder):
    "{file: SHA-256}"
    return {k: hashlib.sha256(p.read_bytes()).hexdigest() for k,p in files(folder).items()}

def plain(x):
    "`x` without times and the checksums of pages, which show times; tensors and arrays as checksums of their bytes"
    if isinstance(x, dict):
        return {k: plain(v) for k,v in x.items() if k not in varies and not str(k).endswith('.html')}
    if isinstance(x, (list, tuple)):
        return [plain(o) for o in x]
    if hasattr(x, 'detach'):
        x = x.detach().cpu().contiguous().numpy()
    return (str(x.dtype), x.shape, hashlib.sha256(x.tobytes()).hexdigest()) if hasattr(x, 'tobytes') else x

def read_checkpoint(path):
    "Its tensors and values"
    import torch
    return plain(torch.load(path, map_location='cpu', weights_only=True))

def read_table(path):
    "Its rows without times; every row has all columns, and the last line ends"
    text = path.read_text(encoding='utf-8')
    rows = list(csv.reader(io.StringIO(text), delimiter='\t' if path.suffix=='.tsv' else ','))
    if not text.endswith('\n') or len({len(r) for r in rows})!=1:
        raise ValueError('its last row is cut')
    return [[v for k,v in zip(rows[0], r) if k not in varies] for r in rows]

def read_page(path):
    "Its text without seconds"
    text = path.read_text(encoding='utf-8')
    if not text.rstrip().endswith('</html>'):
        raise ValueError('it does not end with </html>')
    return re.sub(r'<td>\d+</td></tr>|(?<=<th>seconds</th><td>)[^<]*', '', text)

def read_picture(path):
    "Its pixels"
    from PIL import Image
    with Image.open(path) as im:
        return plain(np.asarray(im.convert('RGB')))

def read_gzipped(path):
    "Its bytes; unpacked to the end, and as many voxels as the header says"
    import nibabel as nib
    with gzip.open(path) as f:
        while f.read(2**20):
            pass
    nib.load(path).get_fdata()
    return path.read_bytes()

def read_plain(path):
    "Its bytes, of which there must be some"
    return path.read_bytes() or sys.exit(f'{path.name} is empty')

readers = {'.gz':read_gzipped, '.json':lambda p: plain(json.loads(p.read_text(encoding='utf-8'))), '.html':read_page,
           '.pth':read_checkpoint, '.csv':read_table, '.tsv':read_table, '.png':read_picture}

def broken(folder):
    "Files under a final name that are not whole, in words"
    bad = []
    for name,path in finals(folder).items():
        try:
            readers.get(path.suffix, read_plain)(path)
        except (Exception, SystemExit) as e:
            bad.append(f'{name} is not whole ({type(e).__name__}: {str(e)[:80]})')
    return bad

def contents(folder):
    "{file: what it says, without times}"
    return {k: readers.get(p.suffix, read_plain)(p) for k,p in finals(folder).items()}

def wrong_sums(folder):
    "Files that are not those of which their sidecar holds the checksum, in words"
    sums  = checksums(folder)
    sides = [json.loads(p.read_text()) for k,p in finals(folder).items() if k.endswith('.json')]
    held = {k:v for side in sides for k,v in side.get('outputs', {}).items()}
    return [f'{k} is not the file that its sidecar names' for k,v in held.items() if sums.get(k)!=v]

def differences(folder, want):
    "Where a folder differs from `contents` of an undisturbed run, in words; leftovers count"
    if bad := broken(folder):
        return bad
    have = contents(folder)
    return [*wrong_sums(folder), *(f'leftover {k}' for k in files(folder) if is_leftover(k)),
            *(f'{k} is missing' for k in want if k not in have),
            *(f'{k} is one too many' for k in have if k not in want),
            *(f'{k} has other contents than in an undisturbed run' for k in want if k in have and have[k]!=want[k])]

# ---- running and disturbing

class Run:
    "A command that is running, in a process group of its own, what it says in a file"
    def __init__(self, argv, log):
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        env = os.environ | dict(PYTHONPATH=str(root), OMP_NUM_THREADS='1', MPLBACKEND='agg')
        with open(log, 'wb') as f:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=f, stderr=subprocess.STDOUT,
                                            start_new_session=True, env=env, cwd=log.parent)

    def signal(self, number):
        "Send a signal to the whole group, as a terminal does"
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def ended(self):
        "Exit status; a command that hangs is killed"
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            return self.process.wait()

    def wait(self, out, seconds=None, changes=None):
        "Wait for so many seconds, or changes of the names in `out`; whether the run still goes on then"
        start, seen, before = time.monotonic(), 0, set(files(out))
        while self.process.poll() is None:
            now = set(files(out))
            seen += now!=before
            before = now
            if (seconds is not None and time.monotonic()-start>=seconds) or (changes is not None and seen>=changes):
                return True
            time.sleep(.001)
        self.changes = seen
        return False

    def said(self):
        "All that the command printed"
        return self.log.read_text(encoding='utf-8', errors='replace').replace('\r', '\n')

    def faults(self, *allowed):
        "What is wrong with the way the command ended, in words"
        status = self.ended()
        text = self.said()
        end = f'{text.strip()[-200:]!r}'
        bad = [] if status in allowed else [f'exit status {status}, not {" or ".join(map(str, allowed))}: {end}']
        if 'Traceback' in text:
            bad.append(f'a traceback: {end}')
        if status in (1, 2) and not re.search(r'^ *(easysr\w*:|failed:)', text, re.M):
            bad.append(f'no sentence of the command: {end}')
        return bad

@dataclass
class Undisturbed:
    "What comes of a command that nothing disturbs"
    contents: dict   # {file: what it says}
    seconds: float
    changes: int     # times that the names in --out changed
    written: list    # (file, bytes) in the order of writing

@dataclass
class Bench:
    "The jobs, what they do undisturbed, and a folder to work in"
    folder: Path
    jobs: dict       # {command: Job}
    rng: random.Random
    full: dict       # {command, perhaps with more words: Undisturbed}
    inputs: dict     # {folder: checksums}

    def learn(self, name, *more):
        "Run a job undisturbed and remember what came of it"
        job, out = self.jobs[name], self.folder/'undisturbed'/('_'.join((name, *more)))
        self.inputs.setdefault(job.inputs, checksums(job.inputs))
        start = time.monotonic()
        run = Run(job.argv(out, *more), self.folder/'undisturbed'/f'{out.name}.log')
        run.wait(out)
        if bad := [*run.faults(0), *broken(out)]:
            sys.exit(f"{name} fails when nothing disturbs it: {'; '.join(bad)}")
        seconds = time.monotonic()-start
        order = sorted(finals(out).items(), key=lambda o: o[1].stat().st_mtime_ns)
        written = [(k, p.stat().st_size) for k,p in order]
        self.full[' '.join((name, *more))] = Undisturbed(contents(out), seconds, run.changes, written)

    def place(self):
        "A new folder for one try"
        return Path(tempfile.mkdtemp(dir=self.folder))

    def start(self, name, out, *more, limit=0, log='log'):
        "Start a job"
        return Run(self.jobs[name].argv(out, *more, limit=limit), out.parent/log)

    def after(self, name, out):
        "What a fault has done to inputs and outputs, in words"
        where = self.jobs[name].inputs
        return [*([] if checksums(where)==self.inputs[where] else ['an input has changed']), *broken(out)]

    def again(self, name, out, *more):
        "What is wrong when the same command follows, in words"
        status = self.start(name, out, *more, log='again.log').faults(0)
        return [f'again: {o}' for o in status or differences(out, self.full[' '.join((name, *more))].contents)]

    def mixed(self, out):
        "Scans whose files belong to different runs, or are gone, in words"
        if broken(out):
            return []   # said already
        old, new = (self.full[k].contents for k in ('easysr', ' '.join(('easysr', *anew))))
        have = contents(out)
        bad = [f'{k} of the earlier run is gone' for k in old if k not in have]
        for scan in sorted({k.split('_')[0] for k in old} - {'index.html', 'methods.md'}):
            mine = [k for k in have if k.split('_')[0]==scan]
            if not any(all(have[k]==run.get(k) for k in mine) for run in (old, new)):
                bad.append(f'{scan}: its files are of two runs')
        return bad

def moment(bench, name, by_change):
    "When to disturb: after some time, or right after a file has come or gone"
    usual = bench.full[name]
    if by_change:
        return dict(changes=bench.rng.randint(1, usual.changes))
    return dict(seconds=bench.rng.uniform(.3, 1)*usual.seconds)

def until(bench, name, when, *more):
    "A run that has come to this moment, and its --out; begun again for an earlier one where it was over first"
    out = bench.place()/'out'
    if more:
        shutil.copytree(bench.folder/'undisturbed'/name, out)   # what the run is to replace
    run = bench.start(name, out, *more)
    if run.wait(out, **when):
        return run, out
    return until(bench, name, dict(seconds=when.get('seconds', bench.full[name].seconds)/2), *more)

def killed(bench, name, when):
    "SIGKILL, then the same command"
    run, out = until(bench, name, when)
    run.signal(signal.SIGKILL)
    run.ended()
    return [*bench.after(name, out), *bench.again(name, out)]

def killed_on_overwrite(bench, when):
    "SIGKILL while an earlier run is being replaced; each scan's files are then of one run, and none is gone"
    run, out = until(bench, 'easysr', when, *anew)
    run.signal(signal.SIGKILL)
    run.ended()
    return [*bench.after('easysr', out), *bench.mixed(out), *bench.again('easysr', out, *anew)]

def interrupted(bench, name, when, times):
    "Ctrl-C once or twice, then the command that was printed"
    run, out = until(bench, name, when)
    for i in range(times):
        time.sleep(.05*bool(i))
        run.signal(signal.SIGINT)
    bad = [*run.faults(130), *bench.after(name, out)]
    if not differences(out, bench.full[name].contents):
        return bench.after(name, out)   # the signal came when all was done
    said = re.findall(rf'\b({name} [^:\n]*--out .*)$', run.said(), re.M)
    if not said:
        return [*bad, f'does not say which command goes on: {run.said().strip()[-200:]!r}']
    go_on = Run([*program(name), *shlex.split(said[-1].strip(' .`'))[1:]], out.parent/'again.log')
    later = go_on.faults(0) or differences(out, bench.full[name].contents)
    return [*bad, *(f'the printed command: {o}' for o in later)]

# ---- disks

def mount(*words):
    "Call mount; whether it worked"
    return subprocess.run(['mount', *map(str, words)], capture_output=True).returncode==0

@contextmanager
def disk(folder, size):
    "A small disk of its own at `folder`"
    folder.mkdir(parents=True, exist_ok=True)
    if not mount('-t', 'tmpfs', '-o', f'size={size}', 'easysr', folder):
        raise OSError('no disk can be mounted')
    try:
        yield folder
    finally:
        subprocess.run(['umount', '-l', folder], check=True)

def can_mount(folder):
    "Whether a disk can be mounted here"
    with suppress(OSError, subprocess.CalledProcessError), disk(folder/'mount', 2**20):
        return True
    return False

def pages(n):
    "Bytes that `n` bytes take on the disk"
    return -(-n//4096)*4096

def room_before(written, i):
    "Bytes of a disk that is full in the middle of the file at `i`"
    return max(4096, sum(pages(n) for _,n in written[:i]) + written[i][1]//2//4096*4096)   # 0 would mean any size

def targets(written):
    "Positions of the first file of each kind, and of the last file"
    first = {}
    for i,(name,_) in enumerate(written):
        first.setdefault(Path(name).suffix, i)
    return sorted({*first.values(), len(written)-1})

def full_disk(bench, name, i):
    "The disk is full at the file at `i`; then it has room, and the same command follows"
    written = bench.full[name].written
    with disk(bench.place()/'disk', room_before(written, i)) as place:
        out = place/'out'
        log = f'../{place.parent.name}.log'
        bad = [*bench.start(name, out, log=log).faults(1, 2), *bench.after(name, out)]
        mount('-o', 'remount,size=64m', place)
        return bad + bench.again(name, out)

def full_file(bench, name, i):
    "As `full_disk` where none can be mounted: no file may be larger than half of that at `i`"
    out = bench.place()/'out'
    run = bench.start(name, out, limit=max(1, bench.full[name].written[i][1]//2))
    return [*run.faults(1, 2), *bench.after(name, out), *bench.again(name, out)]

def full_on_overwrite(bench, spare):
    "An earlier run is to be replaced by a larger one, and the disk has `spare` bytes left"
    with disk(bench.place()/'disk', 2**26) as place:
        out = place/'out'
        shutil.copytree(bench.folder/'undisturbed'/'easysr', out)
        used = sum(pages(p.stat().st_size) for p in files(out).values())
        mount('-o', f'remount,size={used+spare}', place)
        run = bench.start('easysr', out, *anew, log=f'../{place.parent.name}.log')
        bad = [*run.faults(1, 2), *bench.after('easysr', out), *bench.mixed(out)]
        mount('-o', 'remount,size=64m', place)
        return bad + bench.again('easysr', out, *anew)

def read_only(bench, name, *more, filled=False):
    "A disk that cannot be written"
    with disk(bench.place()/'disk', 2**26) as place:
        out = place/'out'
        if filled:
            shutil.copytree(bench.folder/'undisturbed'/name, out)
        before = checksums(place)
        mount('-o', 'remount,ro', place)
        bad = bench.start(name, out, *more, log=f'../{place.parent.name}.log').faults(1, 2)
        return bad + ([] if checksums(place)==before else ['something was written'])

def no_folder(bench, name, below):
    "--out is a file, or lies below one"
    file = bench.place()/'file'
    file.write_text('mine')
    run = bench.start(name, file/'out' if below else file, log=file.parent/'log')
    return [*run.faults(1, 2), *([] if file.read_text()=='mine' else ['the file has changed'])]

# ---- others at work

def out_removed(bench, name, when):
    "The folder of outputs is removed while the command runs"
    run, out = until(bench, name, when)
    shutil.rmtree(out, ignore_errors=True)
    return [*run.faults(0, 1, 2), *bench.after(name, out), *([] if out.exists() else bench.again(name, out))]

def input_removed(bench, name):
    "The last input is removed while the command runs"
    place, job = bench.place(), bench.jobs[name]
    mine = place/'inputs'
    shutil.copytree(job.inputs, mine)
    words = tuple(mine if o==job.inputs else o for o in job.words)
    run = Run(Job(name, words, mine).argv(place/'out'), place/'log')
    run.wait(place/'out', changes=1)
    max(mine.iterdir()).unlink()
    return [*run.faults(0, 1, 2), *broken(place/'out')]

def two_at_once(bench, name):
    "Two processes, one --out"
    out = bench.place()/'out'
    runs = [bench.start(name, out, log=f'log{i}') for i in range(2)]
    bad = [f'process {i}: {o}' for i,run in enumerate(runs) for o in run.faults(0, 1, 2)]
    if all(run.ended() for run in runs):
        bad.append('neither ended with 0')
    return [*bad, *bench.after(name, out), *(bad or differences(out, bench.full[name].contents))]

# ---- which faults, and the table

everyone = 'easysr', 'easysr_train', 'easysr_fuse', 'easysr_prepare', 'easysr_register'


def kill_tries(bench, n, names):
    "`n` kills; cohort and training have most of them"
    for i in range(n):
        name = names[i%len(names)]
        yield 'SIGKILL', name, partial(killed, bench, name, moment(bench, name, i//len(names)%2==0))

def overwrite_tries(bench, n):
    "`n` kills while outputs are replaced"
    for _ in range(n):
        when = dict(seconds=bench.rng.uniform(.4, 1)*bench.full['easysr'].seconds)
        yield 'SIGKILL, --overwrite', 'easysr', partial(killed_on_overwrite, bench, when)

def interrupt_tries(bench, names):
    "Ctrl-C early and late, once and twice"
    for name in names:
        for times,part in (1,.4), (1,.8), (2,.4), (2,.8):
            when = dict(seconds=part*bench.full[name].seconds)
            yield ('SIGINT once', 'SIGINT twice')[times-1], name, partial(interrupted, bench, name, when, times)

def disk_tries(bench, names, mounts):
    "Full, at each kind of file"
    for name in names:
        for i in targets(bench.full[name].written):
            which = bench.full[name].written[i][0]
            yield 'disk full', f'{name}, {which}', partial(full_disk if mounts else full_file, bench, name, i)
    if mounts:
        for spare in 4096, 300_000, 1_000_000:
            yield 'disk full, --overwrite', f'easysr, {spare} bytes left', partial(full_on_overwrite, bench, spare)

def folder_tries(bench, mounts):
    "Read-only, in the way, removed"
    for name in everyone:
        for below in (False, True):
            yield '--out is or is below a file', name, partial(no_folder, bench, name, below)
        if mounts:
            yield 'read-only --out', name, partial(read_only, bench, name)
    if mounts:
        work = partial(read_only, bench, 'easysr', *anew, filled=True)
        yield 'read-only --out', 'easysr on earlier outputs', work
    for name in everyone[:4]:
        yield '--out removed', name, partial(out_removed, bench, name, moment(bench, name, True))
        yield 'input removed', name, partial(input_removed, bench, name)

def all_tries(bench, kills, mounts):
    "(fault, on what, function that returns failures) of a whole run"
    yield from kill_tries(bench, kills, [*everyone[:2], *everyone])
    yield from overwrite_tries(bench, kills//6)
    yield from interrupt_tries(bench, everyone)
    yield from disk_tries(bench, everyone[:4], mounts)
    yield from folder_tries(bench, mounts)
    for name in everyone[:4]:
        yield 'two at once', name, partial(two_at_once, bench, name)

def short_tries(bench, mounts):
    "The few for CI"
    yield from kill_tries(bench, 6, everyone[:2])
    for i,name in enumerate(everyone[:2], 1):
        when = dict(seconds=.6*bench.full[name].seconds)
        yield ('SIGINT once', 'SIGINT twice')[i-1], name, partial(interrupted, bench, name, when, i)
    yield 'disk full', 'easysr', partial(full_disk if mounts else full_file, bench, 'easysr', 2)
    yield 'two at once', 'easysr', partial(two_at_once, bench, 'easysr')

def attempt(task):
    "(fault, on what, failures); a fault of this tool counts as one"
    fault, name, work = task
    try:
        return fault, name, work()
    except Exception as e:
        return fault, name, [f'this tool: {type(e).__name__}: {e}']

def carry_out(tries, jobs):
    "Try all, say failures as they come; {fault: [tries, lost]}"
    table = {}
    with ThreadPoolExecutor(jobs) as pool:
        for fault,name,bad in pool.map(attempt, tries):
            row = table.setdefault(fault, [0, 0])
            row[0] += 1
            row[1] += bool(bad)
            for o in bad:
                print(f'FAILED {fault}, {name}: {o}', flush=True)
    return table

def print_table(table):
    "Fault, tries, survived, lost"
    print(f"\n{'fault':28} tries  survived  lost")
    for fault,(n,lost) in table.items():
        print(f'{fault:28} {n:5}  {n-lost:8}  {lost:4}')

def main():
    "The command"
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('--short', action='store_true', help='under a minute, for CI')
    p.add_argument('--kills', type=int, default=50)
    p.add_argument('--seed', type=int, default=0, help='of the moments')
    p.add_argument('--only', default='', help='only faults whose name or command this regular expression finds')
    p.add_argument('--jobs', type=int, default=min(2, os.cpu_count() or 1), help='commands at the same time')
    p.add_argument('--keep', metavar='DIR', help='work in this folder and leave it')
    opts = p.parse_args()
    with tempfile.TemporaryDirectory() as tmp:
        folder = Path(opts.keep or tmp).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        bench = Bench(folder, make_inputs(folder/'inputs'), random.Random(opts.seed), {}, {})
        mounts = can_mount(folder)
        if not mounts:
            print('no disk can be mounted here: a limit on the size of files stands for a full one, none is read-only')
        for name in everyone[:2 if opts.short else None]:
            bench.learn(name)
        if not opts.short:
            bench.learn('easysr', *anew)
        tries = short_tries(bench, mounts) if opts.short else all_tries(bench, opts.kills, mounts)
        table = carry_out([o for o in tries if re.search(opts.only, f'{o[0]}, {o[1]}')], opts.jobs)
    print_table(table)
    sys.exit(1 if any(lost for _,lost in table.values()) else 0)

if __name__ == '__main__':
    main()
