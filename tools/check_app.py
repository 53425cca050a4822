#!/usr/bin/env python3
"""Use the web page as people and as attackers do, in headless Chromium: tools/check_app.py [--shots DIR]

Starts `easysr_app` from this tree, then: no token, upload, run, slider in its frame, zip and its contents, hostile
uploads, two users at once, cancel, closing a tab, ending the server. No request may leave 127.0.0.1, and nothing may be
an error in the browser's console but refusals asked for. Exit status 1 with the first thing that is wrong. It needs
gradio, playwright and a Chromium (CHROMIUM names one), and says so and ends well where they are not there."""
import argparse, http.client, importlib, json, os, re, signal, stat, subprocess, sys, tempfile, time, zipfile
import urllib.error, urllib.request
from pathlib import Path

from check_pages import chromium

root = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root))
upload = '#es-drop input[type=file]'

def need(true, what):
    "End where something is not as it must be"
    if not true:
        sys.exit(f'check_app: {what}')

def start(folder, *words):
    "The server, and the address it printed"
    env = os.environ | dict(PYTHONPATH=str(root), TMPDIR=str(folder))
    code = 'from easysr.entry import app_command; app_command()'
    words = [sys.executable, '-c', code, '--device', 'cpu', *words]
    server = subprocess.Popen(words, env=env, stderr=subprocess.PIPE, text=True)
    while line := server.stderr.readline():
        if found := re.search(r'open (http\S+)', line):
            return server, found[1]
    sys.exit('check_app: the server does not start')

def status(url, **heads):
    "HTTP status of an address"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=heads), timeout=60) as r:
            return r.status
    except urllib.error.HTTPError as e:
        return e.code

def zipped(path, files, link=False):
    "A zip of {name: bytes}; as links?"
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as z:
        for name,data in files.items():
            o = zipfile.ZipInfo(name)
            o.external_attr,o.compress_type = (stat.S_IFLNK if link else stat.S_IFREG)<<16, zipfile.ZIP_DEFLATED
            z.writestr(o, data)
    return path

def make_inputs(d):
    "Scans, and what is none: {name: (file, words that its answer must hold)}"
    from easysr.data import sample, thicken
    from easysr.phantom import phantom
    from easysr.volumes import write_volume
    truth = phantom(.3)
    for name,axis in dict(cor=1, sag=0).items():
        write_volume(thicken(truth, 1.2, axis=axis, noise=.01, seed=axis), d/f'rat_{name}_T2w.nii.gz')
    write_volume(sample('t2w'), d/'large_T2w.nii.gz')
    scan = (d/'rat_cor_T2w.nii.gz').read_bytes()
    (d/'notes.nii.gz').write_text('a text file under another name')
    (d/'half.nii.gz').write_bytes(scan[:300])
    (d/'empty.nii').touch()
    with open(d/'huge.nii', 'wb') as f:
        f.truncate(200_000_000)
    zipped(d/'bomb.zip', {f'{i}.nii':bytes(250_000_000) for i in range(9)})
    zipped(d/'up.zip', {'../../../x.nii':scan})
    zipped(d/'root.zip', {'/etc/x.nii':scan})
    zipped(d/'link.zip', {'x.nii':b'/etc/passwd'}, link=True)
    (d/'text.zip').write_text('no zip')
    (d/'<img src=x onerror=alert(1)>.nii').write_text('markup in a name')
    zipped(d/'study.zip', {'study/rat_T2w.nii.gz':scan, 'study/rat_T2w.json':b'{"SliceThickness": 0.9}'})
    return {'notes.nii.gz':'cannot be read', 'half.nii.gz':'', 'empty.nii':'empty', 'bomb.zip':'would unpack to',
            'up.zip':'outside its own folder', 'root.zip':'outside its own folder',
            'link.zip':'a link', 'text.zip':'no zip', '<img src=x onerror=alert(1)>.nii':''}

class User:
    "A browser of one person"
    def __init__(self, browser, url, width=1400, dark=False):
        self.where = browser.new_context(viewport=dict(width=width, height=900), accept_downloads=True,
                                         color_scheme='dark' if dark else 'light')
        self.page,self.wrong,self.told = self.where.new_page(),[],[]
        self.page.on('request', self._asked)
        self.page.on('response', lambda r: self.told.append(f'{r.status} {r.url[-80:]}') if r.status>=400 else None)
        self.page.on('console', lambda m: self.wrong.append(m.text) if m.type=='error' else None)
        self.page.on('pageerror', lambda e: self.wrong.append(str(e)))
        self.page.goto(url)
        self.page.wait_for_selector(upload, state='attached', timeout=60_000)
    def _asked(self, r):
        if not r.url.startswith(('http://127.0.0.1:','data:','blob:','about:')):
            self.wrong.append(f'asks for {r.url[:100]}')
    def drop(self, *files):
        "Drop files; what the page says"
        self.page.evaluate("document.querySelectorAll('.es-card,.es-bad').forEach(o => o.dataset.old = 1)")
        self.page.set_input_files(upload, [str(o) for o in files])
        self.page.wait_for_selector('.es-card:not([data-old]),.es-bad:not([data-old])', timeout=120_000)
        return ' '.join(self.page.locator('.es-card,.es-bad').all_inner_texts())
    def run(self):
        self.page.click('#es-go')
    def done(self):
        "Wait for the result"
        self.page.wait_for_selector('.es-done,.es-bad', timeout=400_000)
        need(self.page.locator('.es-done').count(), f"no result: {self.page.locator('.es-bad').all_inner_texts()}")
    def shot(self, folder, name, whole=True):
        if folder:
            if self.page.locator('iframe.es-view').count():      # what is out of sight is not drawn
                self.page.locator('iframe.es-view').scroll_into_view_if_needed()
                self.page.wait_for_timeout(2000)
            self.page.wait_for_timeout(500)
            self.page.screenshot(path=f'{folder}/{name}.png', full_page=whole)
    def sideways(self):
        "Pixels that the page is wider than its window"
        return self.page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')

def check_closed(url, cookie=None):
    "Without the token nothing is served"
    base = url.split('?')[0]
    for path in ('', 'config', 'gradio_api/info', 'theme.css', 'gradio_api/queue/data?session_hash=x', '?token=x',
                 'gradio_api/file=/etc/hosts'):
        need(status(base+path)==403, f'/{path} answers without the token')
    need(status(base, Host='evil.example')==403, 'another name of the server is answered')
    say('without the token: 403 for the page, its settings, its API and its files')

def check_run(user, d, shots):
    "Upload, header, run, slider, download"
    user.shot(shots, 'before_1400')
    said = user.drop(d/'study.zip')
    need('coronal slices' in said and '0.9 mm thick' in said, f'the header is not read back: {said}')
    user.shot(shots, 'header_1400')
    user.run()
    user.page.wait_for_selector('.es-bar')
    user.shot(shots, 'during_1400')
    user.done()
    frame = user.page.locator('iframe.es-view')
    frame.scroll_into_view_if_needed()
    inside = frame.element_handle().content_frame()
    slider = inside.wait_for_selector('.easysr-viewer[data-ready] input[type=range]', timeout=60_000)
    before = inside.evaluate("document.querySelector('canvas').toDataURL()")
    slider.evaluate("o => { o.value = +o.value+5; o.dispatchEvent(new Event('input', {bubbles:true})) }")
    user.page.wait_for_timeout(500)
    need(inside.evaluate("document.querySelector('canvas').toDataURL()")!=before, 'the slider moves nothing')
    user.shot(shots, 'after_1400')
    with user.page.expect_download() as got:
        user.page.click('.es-get')
    got.value.save_as(d/'got.zip')
    names = sorted(zipfile.ZipFile(d/'got.zip').namelist())
    need(names==['methods.md','rat_T2w_sr.html','rat_T2w_sr.json','rat_T2w_sr.nii.gz'], f'the zip holds {names}')
    report = json.loads(zipfile.ZipFile(d/'got.zip').read('rat_T2w_sr.json'))
    seen = user.page.locator('.es-done').inner_text()
    need(all(o.split('(--')[0].split('--')[0][:40] in seen for o in report['warnings']), 'a warning is not on the page')
    fold = user.page.locator('details', has_text='Page for quality control')
    fold.scroll_into_view_if_needed()
    user.page.wait_for_timeout(500)                    # the viewer above may still change its height
    fold.locator('summary').click()
    need(user.page.locator('details[open] iframe.es-page').count(), 'the page for quality control does not unfold')
    user.page.locator('iframe.es-page').scroll_into_view_if_needed()
    user.page.frame_locator('iframe.es-page').locator('.easysr-viewer[data-ready]').first.wait_for(timeout=120_000)
    count = len(report['warnings'])
    say(f"run: {count} warnings on the page, slider moves in its frame, the zip holds {', '.join(names)}")
    return user.page.get_attribute('.es-get', 'href')

def check_hostile(user, d, hostile, shots):
    "Each gets a sentence, and the server goes on"
    for name,words in hostile.items():
        said = user.drop(d/name)
        need(words in said and len(said)>20 and 'Traceback' not in said, f'{name} gets: {said}')
        say(f'{name}: {said[:170]}')
    user.page.set_input_files(upload, str(d/'huge.nii'))
    user.page.wait_for_selector('text=/exceeds|maximum/i', timeout=60_000)
    say(f"200 MB: {user.page.locator('.toast-body').first.inner_text()[:120]!r}")
    user.shot(shots, 'refused_1400', False)
    need('coronal slices' in user.drop(d/'rat_cor_T2w.nii.gz'), 'after these a good scan is not taken')

def check_limit(url, user):
    "The server too refuses what is beyond the limit, whatever the browser says"
    host = url.split('/')[2]
    cookie = '; '.join(f"{o['name']}={o['value']}" for o in user.where.cookies())
    link = http.client.HTTPConnection(host, timeout=60)
    link.putrequest('POST', '/gradio_api/upload')
    link.putheader('Cookie', cookie)
    link.putheader('Content-Type', 'multipart/form-data; boundary=x')
    link.putheader('Content-Length', '200000000')
    link.endheaders()
    need(link.getresponse().status==413, 'an upload of 200 MB is taken')
    say('200 MB sent past the page: 413')

def check_two(one, two, url, d, href, shots):
    "Two users at once: each gets the own result, and nothing of the other's"
    need(two.page.request.get(url.split('?')[0]+href).status==404, "a user gets another's result")
    one.drop(d/'rat_cor_T2w.nii.gz', d/'rat_sag_T2w.nii.gz')
    need('Join 2 stacks' in one.page.inner_text('#es-go'), 'two stacks are not offered to be joined')
    two.drop(d/'large_T2w.nii.gz')
    one.run()
    one.page.wait_for_selector('.es-bar')
    two.run()
    two.page.wait_for_selector('text=/waiting/', timeout=60_000)
    two.shot(shots, 'waiting_400_dark')
    one.done()
    two.done()
    hers,his = (o.page.inner_text('.es-top') for o in (one,two))
    need('large' in his and 'stacks' in hers, 'results are mixed up')
    hers,his = (o.page.get_attribute('.es-get', 'href') for o in (one,two))
    base = url.split('?')[0]
    crossed = [one.page.request.get(base+his).status, two.page.request.get(base+hers).status]
    need(crossed==[404,404], "a user gets another's result")
    need(one.page.request.get(base+hers).status==200, 'the own result is not handed out')
    need(two.sideways()<=0, f'the page is {two.sideways()} pixels too wide at 400')
    one.shot(shots, 'joined_1400')
    two.shot(shots, 'after_400_dark')
    say("two users at once: the second waited, each got the own result, 404 for the other's")

def check_cancel(user, d):
    "Seconds until a run has stopped"
    user.drop(d/'large_T2w.nii.gz')
    user.run()
    user.page.wait_for_selector('text=/restoring, /', timeout=120_000)
    began = time.monotonic()
    user.page.click('#es-stop')
    user.page.wait_for_selector('text=Cancelled', timeout=60_000)
    say(f'cancel: stopped after {time.monotonic()-began:.1f} s')
    need(user.page.locator('#es-go').is_visible(), 'after a cancel there is no button')

def check_narrow(browser, url, d, shots):
    "The page at 400 pixels, and in the dark"
    for width,dark in ((400,False), (1400,True)):
        user,name = User(browser, url, width, dark),f"{width}{'_dark'*dark}"
        user.shot(shots, f'before_{name}')
        user.page.click('#es-sample')
        user.page.wait_for_selector('.es-card', timeout=60_000)
        user.page.click('text="Options"')
        user.shot(shots, f'options_{name}')
        user.page.click('text="Options"')
        user.run()
        user.done()
        user.page.locator('iframe.es-view').scroll_into_view_if_needed()
        user.page.wait_for_timeout(2000)
        need(user.sideways()<=0, f'the page is {user.sideways()} pixels too wide at {width}')
        user.shot(shots, f'after_{name}')
        need(not user.wrong, f'in the console: {user.wrong}, {user.told}')
        user.where.close()

def folders(d):
    "Sessions on the disk"
    return [o for top in d.glob('easysr_app-*') for o in top.iterdir() if o.name!='uploads']

def check_end(users, server, d):
    "Files go with the tab, and with the server"
    users[0].where.close()
    for _ in range(100):
        if len(folders(d))<=1:
            break
        time.sleep(.2)
    need(len(folders(d))<=1, 'the files of a closed tab stay')
    server.send_signal(signal.SIGTERM)
    need(server.wait(30)==0 and not list(d.glob('easysr_app-*')), 'the files stay when the server ends')
    say('files: removed with the tab, and with the server')

def say(*what):
    print(*what, flush=True)

def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('--shots', help='folder for screenshots')
    opts = p.parse_args()
    browser = chromium()
    try:
        from playwright.sync_api import sync_playwright
        importlib.import_module('gradio')
    except ImportError as e:
        browser = None
        say(f'check_app: {e.name} is not installed')
    if browser is None:
        say('check_app: nothing was checked; it needs gradio, playwright and a Chromium')
        return
    if opts.shots:
        Path(opts.shots).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as tmp, sync_playwright() as play:
        d = Path(tmp)
        hostile = make_inputs(d)
        server,url = start(d)
        try:
            browser = play.chromium.launch(executable_path=browser, args=['--no-sandbox'])
            check_closed(url)
            one,two = User(browser, url),User(browser, url, 400, True)
            href = check_run(one, d, opts.shots)
            check_hostile(two, d, hostile, opts.shots)
            check_limit(url, two)
            need(not [o for o in two.wrong if '413' not in o], f'in the console: {two.wrong}')
            two.wrong.clear()
            check_two(one, two, url, d, href, opts.shots)
            check_cancel(one, d)
            if opts.shots:
                check_narrow(browser, url, d, opts.shots)
            wrong = [o for user in (one,two) for o in user.wrong if '404' not in o]
            need(not wrong, f'in the console: {wrong}, {one.told}, {two.told}')
            check_end([one,two], server, d)
        finally:
            server.kill()
    say('check_app: all is well')

if __name__=='__main__':
    main()
