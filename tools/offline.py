#!/usr/bin/env python3
"""Use easysr with every way out shut: import all modules and run five commands; nothing may ask for the network.

Python reports to an audit hook what it is about to do. The hook sits in every Python process that is started here; it
refuses sockets and other programs, and notes them, so that code which catches the refusal is found too. A library in C
that opens a socket past Python is not seen. Exit status 1 if anything was noted."""
import contextlib, importlib, io, os, pkgutil, socket, subprocess, sys, tempfile
from pathlib import Path

root = Path(__file__).resolve().parent.parent
hook = """import sys
shut = {'socket.connect', 'socket.bind', 'socket.getaddrinfo', 'socket.gethostbyname', 'socket.gethostbyaddr',
        'socket.sendto', 'socket.sendmsg', 'urllib.Request', 'http.client.connect', 'ftplib.connect',
        'subprocess.Popen', 'os.system', 'os.posix_spawn', 'os.exec'}
def watch(event, args):
    own = event=='subprocess.Popen' and args[0]==sys.executable
    own |= event=='socket.bind' and args[1][:1] in (('::1',), ('127.0.0.1',))   # urllib3 asks for IPv6 so, on itself
    if event in shut and not own:
        with open(NOTES, 'a') as f:
            print(event, repr(args)[:200], file=f)
        raise PermissionError(f'{event} is shut')
sys.addaudithook(watch)
"""

def check_hook(notes):
    "End where the hook does not see a connection, another program, or a connection of a Python started from here"
    connect = "import socket; socket.create_connection(('localhost', 9))"
    ways = [lambda: socket.create_connection(('localhost', 9)), lambda: subprocess.run(['true']),
            lambda: subprocess.run([sys.executable, '-Pc', connect], stderr=subprocess.DEVNULL)]
    for i,way in enumerate(ways, 1):
        with contextlib.suppress(OSError):
            way()
        if len(notes.read_text().splitlines())<i:
            sys.exit(f'the hook does not see way {i}')
    notes.write_text('')

def import_all():
    "Import every module of easysr; their names"
    import easysr
    names = [o.name for o in pkgutil.iter_modules(easysr.__path__) if not o.name.startswith('_')]
    for name in names:
        importlib.import_module(f'easysr.{name}')
    return names

def run_command(name, words):
    "Run one command in this process"
    from easysr import cli
    main = getattr(cli, 'main' if name=='easysr' else f"{name.removeprefix('easysr_')}_main")
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
        try:
            main(words)
        except SystemExit as e:
            if e.code:
                sys.exit(f'{name} ends with {e.code}: {said.getvalue().strip()[-300:]}')

def inside(folder):
    "What is done with the ways out shut; exit status"
    from commands import make_inputs
    notes = folder/'notes'
    check_hook(notes)
    names, jobs = import_all(), make_inputs(folder)
    for name,job in jobs.items():
        run_command(name, [*map(str, job.words), '--out', str(folder/f'out_{name}')])
    asked = notes.read_text().splitlines()
    print(f'{len(names)} modules imported, {len(jobs)} commands run ({", ".join(jobs)}); '
          f'{len(asked)} asked for the network or another program')
    print(*asked, sep='\n', end='')
    return bool(asked)

def main():
    "Start this again with the hook in place"
    with tempfile.TemporaryDirectory() as tmp:
        folder = Path(tmp)
        (folder/'notes').touch()
        (folder/'sitecustomize.py').write_text(hook.replace('NOTES', repr(str(folder/'notes'))))   # Python imports it
        env = os.environ | dict(PYTHONPATH=os.pathsep.join((tmp, str(root))), MPLBACKEND='agg', OMP_NUM_THREADS='1')
        sys.exit(subprocess.run([sys.executable, __file__, tmp], env=env).returncode)

if __name__ == '__main__':
    sys.exit(inside(Path(sys.argv[1]))) if len(sys.argv)>1 else main()
