#!/usr/bin/env python3
"""Run easysr on hostile inputs, each in a process of its own, and check that it refuses them or does its work.

A case passes where it ends in time and memory, with a status that was expected, in plain sentences; where every input
is as it was, nothing lies outside --out, and what lies there is whole and tells nothing of this machine.
The inputs are made by hostile_scans.py, hostile_calls.py and hostile_commands.py."""
import argparse, contextlib, fnmatch, getpass, hashlib, importlib, io, json, os, re, resource, shutil, signal
import socket, stat, sys, tempfile, time, traceback, warnings
from html.parser import HTMLParser
from pathlib import Path

import nibabel as nib, numpy as np

longest_line, most_gb, most_seconds = 400, 3., 90.

# ------------------------------------------------------------------------------------------------ one process

def call(argv):
    "Run a command of easysr, or a function; the exit status, as the interpreter would give it"
    from easysr import cli
    mains = dict(easysr=cli.main, easysr_fuse=cli.fuse_main, easysr_register=cli.register_main,
                 easysr_prepare=cli.prepare_main,
                 easysr_train=cli.train_main, easysr_bench=cli.bench_main)
    try:
        if callable(argv):
            print('returned', type(argv()).__name__)
        else:
            mains[argv[0]](argv[1:])
        return 0
    except SystemExit as e:
        if isinstance(e.code, str):
            print(e.code, file=sys.stderr)
        return e.code if isinstance(e.code, int) else int(e.code is not None)
    except (TypeError,ValueError,FileNotFoundError) as e:
        if callable(argv):
            print(f'refused: {type(e).__name__}: {e}', file=sys.stderr)
            return 1
        traceback.print_exc()
    except BaseException:
        traceback.print_exc()
    return 1

def fork(work, folder, streams=None):
    "Start `work` in a child with `folder` as its place; its number"
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        os.setsid()
        os.chdir(folder)
        os.environ |= dict(TMPDIR=f'{folder}/tmp', HOME=f'{folder}/home')
        tempfile.tempdir = None
        for number,name in (streams or {}).items():
            os.dup2(os.open(name, os.O_WRONLY|os.O_CREAT), number)
        sys.stdin = open(os.devnull)
        sys.stdout,sys.stderr = (io.TextIOWrapper(open(n,'wb',0,closefd=False), errors=e, write_through=True)
                                 for n,e in ((1,'surrogateescape'),(2,'backslashreplace')))
        status = work()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status or 0)

def peak_kb(pid):
    "Most memory of a process so far; 0 where it is gone"
    with contextlib.suppress(OSError):
        m = re.search(r'VmHWM:\s+(\d+)', Path(f'/proc/{pid}/status').read_text())
        return int(m[1]) if m else 0
    return 0

def kill_group(pid):
    "End a child and what it started"
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)

# ------------------------------------------------------------------------------------------------ what is checked

def state(folder):
    "{path: what lies there} of everything in a folder but tmp/"
    found = {}
    for top,folders,files in os.walk(folder):
        if Path(top)==Path(folder):
            folders[:] = [o for o in folders if o!='tmp']
        for name in [*files, *folders]:
            f = Path(top)/name
            s = f.lstat()
            what = (stat.S_IFMT(s.st_mode), s.st_mtime_ns if not stat.S_ISDIR(s.st_mode) else 0)
            if stat.S_ISREG(s.st_mode):
                what += (hashlib.sha256(f.read_bytes()).hexdigest(),)
            found[os.path.relpath(f, folder)] = what
    return found

class Tags(HTMLParser):
    "What of a page could act: attributes that are handlers, scripts, and its policy"
    def __init__(self, text):
        super().__init__()
        self.faults,self.policy,self.within = [],False,''
        self.feed(text)
        self.close()
    def handle_starttag(self, tag, attrs):
        self.within = tag
        self.policy |= tag=='meta' and ('http-equiv','Content-Security-Policy') in attrs
        self.faults += [f'<{tag}> has {k}={v!r}' for k,v in attrs if 'alert(' in (v or '')
                        and (k.startswith('on') or k in ('href','src'))]
        self.faults += [f'<{tag}> loads {v!r}' for k,v in attrs if k in ('src','href')
                        and re.match(r'(https?:)?//', v or '')]
    def handle_endtag(self, tag): self.within = ''
    def handle_data(self, data):
        if self.within=='script' and data.strip().startswith('alert('):
            self.faults.append('a name became a script')

def volume_fault(f):
    "What is wrong with a volume in the output folder, or None"
    try:
        img = nib.load(f)
        x = np.asanyarray(img.dataobj)
    except Exception as e:
        return f'{f.name} cannot be opened: {e}'
    if x.ndim<3 or min(x.shape)<1 or not np.isfinite(x).all() or not np.isfinite(img.affine).all():
        return f'{f.name} has shape {x.shape}, {int((~np.isfinite(x)).sum())} voxels not finite'
    side = f.with_name(f.name.removesuffix('.nii.gz')+'.json')
    if side.is_file():
        said = json.loads(side.read_text()).get('output')
        if isinstance(said, dict) and tuple(said['shape'])!=x.shape[:3]:
            return f"{f.name} has shape {x.shape}, its sidecar says {said['shape']}"

def private_words(folder):
    "What of this machine no output may tell"
    words = {str(folder), socket.gethostname(), getpass.getuser()}
    return [o for o in words if len(o)>4]

def output_faults(case, out, before, status):
    "What is wrong in the output folder"
    for f in sorted(out.rglob('*')) if out.is_dir() else ():
        if f in before or not f.is_file():
            continue
        if re.match(r'\.\d+_', f.name):
            yield f'leftover {f.name}'
        elif status and case.want=='refused' and f.name.endswith(('.nii.gz','.json','.html')):
            yield f'a refused input left {f.name}'
        elif f.name.endswith('.nii.gz'):
            if wrong := volume_fault(f):
                yield wrong
        elif f.suffix in ('.json','.html','.tsv','.csv'):
            text = f.read_text(errors='replace')
            yield from (f'{f.name} tells {o}' for o in private_words(out.parent) if o in text)
            if f.suffix=='.html':
                tags = Tags(text)
                yield from (f'{f.name[:60]}: {o}'
                            for o in tags.faults[:2] + ['no content security policy']*(not tags.policy))
    yield from (f'{o} is not there' for o in case.makes if not status and not (out/o).is_file())

def names_of(case):
    "What a refusal may name: files and options of the command"
    if case.says or callable(case.argv):
        words = [case.says] if isinstance(case.says, str) else case.says
    else:
        words = [o.lstrip('-') for o in case.argv[1:]]
    return [o for w in words for o in {w.strip('-') or w, Path(w).name, re.split(r'[.\n]', Path(w).name)[0]} if o]

def said_faults(case, status, out, err):
    "What is wrong with the words and the status"
    both = out+err
    if 'Traceback' in both:
        yield 'traceback: ' + both.strip().splitlines()[-1][:200]
    if 'please report' in both:
        yield 'asks to report a bad input: ' + next(o for o in both.splitlines() if 'please report' in o)[:240]
    if '\x1b' in both:
        yield 'a control character of a name reaches the terminal'
    allowed = dict(refused=(1,2), done=(0,), either=(0,1,2))[case.want]
    if status not in allowed:
        yield f'status {status}, expected {case.want}'
    longest = max((len(o) for o in re.sub(r'usage:.*?\n\S', '', err, flags=re.S).splitlines()), default=0)
    if longest>longest_line + 2*max((len(o) for o in names_of(case)), default=0):
        yield f'a line of {longest} characters'
    if status in (1,2) and not callable(case.argv) and not any(o in both or ascii(o)[1:-1] in both
            for o in names_of(case)):
        yield 'names neither file nor option: ' + (err.strip().splitlines() or ['nothing said'])[-1][:200]
    if re.search(r'\b(errno|NoneType|ndarray|KeyError|_io\.|0x[0-9a-f]{6})', err, re.I) and not callable(case.argv):
        yield 'speaks Python: ' + err.strip().splitlines()[-1][:200]

# ------------------------------------------------------------------------------------------------ a case

class Run:
    "A case under way: it is made in one child and run in another"
    def __init__(self, case, base, number):
        self.case,self.folder = case, base/f'{number:04d}'
        self.streams = [base/f'{o}.{number}' for o in ('out','err')]
        for o in ('','tmp','home'):
            (self.folder/o).mkdir(parents=True)
        self.kb,self.seconds,self.ended,self.before,self.said = 0,0.,None,None,[]
        self.begin(lambda: case.make and case.make(self.folder) and None, {1:os.devnull})
    def begin(self, work, streams=None):
        self.pid,self.start = fork(work, self.folder, streams),time.time()
    def poll(self):
        "Whether it has ended; it is killed where it takes too much"
        kb,seconds = peak_kb(self.pid),time.time()-self.start
        if seconds>most_seconds or (kb>most_gb*1e6 and self.before is not None):
            kill_group(self.pid)
            self.ended = f'killed after {seconds:.0f} s with {kb/1e6:.1f} GB'
        pid,status,usage = os.wait4(self.pid, 0 if self.ended else os.WNOHANG)
        if not pid:
            return False
        kill_group(self.pid)
        self.status = os.waitstatus_to_exitcode(status)
        if self.before is None and self.status==0:
            self.before,self.outputs = state(self.folder),{*(self.folder/'out').rglob('*')}
            self.begin(lambda: call(self.case.argv), {1:self.streams[0], 2:self.streams[1]})
            return False
        self.seconds,self.kb = seconds, max(kb, usage.ru_maxrss)
        return True
    def faults(self):
        "All that is wrong, in words"
        if self.before is None:
            return ['the case could not be made']
        out,err = (o.read_text(errors='replace') if o.exists() else '' for o in self.streams)
        self.said = (err or out).strip().splitlines()
        bad = [self.ended] if self.ended else list(said_faults(self.case, self.status, out, err))
        before,after = self.before,state(self.folder)
        if not self.status or self.ended:     # a refusal leaves what lay in out/, success may replace it
            before,after = ({k:v for k,v in o.items() if k.split('/')[0]!='out'} for o in (before,after))
        bad += [f'{"changed" if k in after else "removed"} {k}' for k in before if after.get(k)!=before[k]]
        bad += [f'wrote {k}' for k in after if k not in before and k.split('/')[0]!='out']
        if not self.ended:
            bad += [f'left {o.name} in the temporary folder' for o in (self.folder/'tmp').iterdir()]
            bad += output_faults(self.case, self.folder/'out', self.outputs, self.status)
        return bad

def run_all(cases, jobs, keep):
    "Run the cases, some at a time; a list of (case, faults, GB, seconds, what was said)"
    base = Path(tempfile.mkdtemp(prefix='hostile-')).resolve()
    waiting,running,done = list(enumerate(cases))[::-1],[],[]
    while waiting or running:
        while waiting and len(running)<jobs:
            number,case = waiting.pop()
            running.append(Run(case, base, number))
        for r in [o for o in running if o.poll()]:
            running.remove(r)
            bad = r.faults()
            done.append((r.case, bad, r.kb/1e6, r.seconds, r.said))
            if not keep:
                shutil.rmtree(r.folder, ignore_errors=True)
        time.sleep(.005)
    if keep:
        print(f'kept in {base}')
    else:
        shutil.rmtree(base, ignore_errors=True)
    return done

def table(done):
    "Classes, cases and the worst of each, as text"
    lines = [('class','cases','survived','failed','GB','seconds')]
    for kind in dict.fromkeys(c.kind for c,*_ in done):
        rows = [o for o in done if o[0].kind==kind]
        failed = sum(bool(o[1]) for o in rows)
        lines.append((kind, len(rows), len(rows)-failed, failed, f'{max(o[2] for o in rows):.2f}',
                      f'{max(o[3] for o in rows):.1f}'))
    failed = sum(bool(o[1]) for o in done)
    lines.append(('all', len(done), len(done)-failed, failed, f'{max(o[2] for o in done):.2f}',
                  f'{max(o[3] for o in done):.1f}'))
    return '\n'.join(f'{a:12}{b:>7}{c:>10}{d:>8}{e:>7}{f:>9}' for a,b,c,d,e,f in lines)

def chosen(pattern, short):
    "The cases that are asked for; `short` takes a few of each class, those that are quick"
    import hostile_calls, hostile_commands, hostile_scans
    cases = [o for part in (hostile_scans, hostile_calls, hostile_commands) for o in part.cases()]
    if pattern:
        cases = [c for c in cases if any(fnmatch.fnmatch(c.full, f'*{o}*') for o in pattern.split(','))]
    if not short:
        return cases
    kinds = dict.fromkeys(c.kind for c in cases)
    quick = {k: [c for c in cases if c.kind==k and not c.slow] for k in kinds}
    return [c for rows in quick.values() for c in rows[::max(1, len(rows)//5)][:5]]

def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('--only', help='class or name, or a part of it, wildcards allowed; several parted by commas')
    p.add_argument('--short', action='store_true', help='some cases of each class, for continuous integration')
    p.add_argument('--jobs', type=int, default=2, help='cases at a time')
    p.add_argument('--keep', action='store_true', help='keep the folders of all cases')
    opts = p.parse_args()
    os.environ |= dict(OMP_NUM_THREADS='1', MPLBACKEND='agg', TORCHINDUCTOR_COMPILE_THREADS='1',
                       ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS='1')
    resource.setrlimit(resource.RLIMIT_CORE, (0,0))
    warnings.simplefilter('ignore')
    import matplotlib, torch
    for name in 'ants matplotlib.font_manager torch._dynamo easysr.cli easysr.fuse easysr.train'.split():
        importlib.import_module(name)         # once, for all cases
    for name in 'easysr.batch easysr.benchmark easysr.prepare easysr.register'.split():
        importlib.import_module(name)
    torch.set_num_threads(1)
    torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))])    # what that imports is imported once
    os.environ['MPLCONFIGDIR'] = matplotlib.get_configdir()
    start = time.time()
    done = run_all(chosen(opts.only, opts.short), opts.jobs, opts.keep)
    for case,bad,gb,seconds,said in done:
        if bad:
            words = 'a call from Python' if callable(case.argv) else '$ '+' '.join(map(ascii, case.argv))[:200]
            print(f'\n{case.full}  ({gb:.2f} GB, {seconds:.1f} s)', words, sep='\n  ')
            print(*(f'  fault: {o}' for o in bad[:6]), *(f'  | {ascii(o)[1:300]}' for o in said[-3:]), sep='\n')
    print('\n'+table(done), f'{time.time()-start:.0f} s', sep='\n')
    sys.exit(any(o[1] for o in done))

if __name__ == '__main__':
    sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent)]
    main()
