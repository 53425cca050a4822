// The slice viewer of easysr. It asks no network, and writes text of others with textContent alone.
// A viewer is a <div class="easysr-viewer" data-spec="JSON">: each volume is one picture, a mosaic of its slices,
// read once into an array of 8-bit codes and cut along all three axes from there.
(() => {
const PLANES = ['sagittal', 'coronal', 'axial'];            // the plane's number is the world axis of its normal
const ENDS = ['LR', 'PA', 'IS'];
const AXES = [[1, 2], [0, 2], [0, 1]];                      // across and up, for each plane
const clamp = (x, low, high) => Math.min(high, Math.max(low, x));
const short = x => x === null ? 'outside' : String(+x.toPrecision(4)).replace('-', '\u2212');

function make(tag, parent, about = {}) {
    const el = document.createElement(tag);
    const {style, text, ...rest} = about;
    if (text !== undefined) el.textContent = text;
    for (const [k, v] of Object.entries(rest)) k in el ? el[k] = v : el.setAttribute(k, v);
    for (const [k, v] of Object.entries(style || {})) el.style.setProperty(k, v);
    if (parent) parent.append(el);
    return el;
}

// ---- a volume: codes, and where they lie ----
function inverse(a) {                                       // of 3 rows of 4 numbers
    const [p, q, r, x, s, t, u, y, v, w, o, z] = a;
    const c = [t*o - u*w, r*w - q*o, q*u - r*t, u*v - s*o, p*o - r*v, r*s - p*u, s*w - t*v, q*v - p*w, p*t - q*s];
    const d = p*c[0] + q*c[3] + r*c[6];
    return point => [0, 3, 6].map(i => (c[i]*(point[0] - x) + c[i+1]*(point[1] - y) + c[i+2]*(point[2] - z))/d);
}

function place(v) {                                         // what follows from the affine of a volume
    const a = v.affine, n = v.shape;
    v.world = u => [0, 4, 8].map(i => a[i]*u[0] + a[i+1]*u[1] + a[i+2]*u[2] + a[i+3]);
    v.voxel = inverse(a);
    v.spacing = [0, 1, 2].map(i => Math.hypot(a[i], a[i+4], a[i+8]));
    const centre = v.world(n.map(o => (o - 1)/2));
    v.start = centre.map((c, i) => c - n[i]*v.spacing[i]/2);    // outer edges (mm), as if the axes were those of the world
    v.end = centre.map((c, i) => c + n[i]*v.spacing[i]/2);
    v.values = Float32Array.from({length: 256}, (_, q) => v.labels ? v.labels[q] || 0 : v.low + (q/255)**v.gamma*(v.high - v.low));
    v.window = v.first = [...v.window];
    if (v.shade) readShade(v);
}

async function decode(v) {
    const im = new Image();
    im.src = v.data;
    await im.decode();
    const c = make('canvas', null, {width: im.naturalWidth, height: im.naturalHeight});
    const ctx = c.getContext('2d', {willReadFrequently: true});
    ctx.drawImage(im, 0, 0);
    const px = ctx.getImageData(0, 0, c.width, c.height).data, n = v.shape, across = c.width;
    const [up, side] = AXES[v.axis], codes = new Uint8Array(n[0]*n[1]*n[2]), step = [1, n[0], n[0]*n[1]];
    for (let t = 0; t < n[v.axis]; t++) {
        const x = (t%v.columns)*v.tile[1], y = Math.floor(t/v.columns)*v.tile[0];
        for (let i = 0; i < n[up]; i++)
            for (let j = 0, at = 4*((y + i)*across + x); j < n[side]; j++, at += 4)
                codes[t*step[v.axis] + i*step[up] + j*step[side]] = px[at];
    }
    v.codes = codes;
    v.step = step;
    v.data = null;                                          // the text is not needed any more
}

function at(v, point) {                                     // value of the voxel that holds a world point
    const u = v.voxel(point).map(o => Math.floor(o + .5));
    if (!v.codes || u.some((o, i) => o < 0 || o >= v.shape[i])) return null;
    const x = v.values[v.codes[u[0]*v.step[0] + u[1]*v.step[1] + u[2]*v.step[2]]];
    return v.shade ? v.base + x*shadeAt(v.shade, u) : x;
}

// ---- shading: codes may be those of the ratio to a local mean, which lies beside them on a coarse grid ----
function readShade(v) {
    const {cells: m, low, high, size, codes} = v.shade;
    const mean = Float32Array.from(atob(codes), c => low*(high/low)**(c.charCodeAt(0)/255));
    const between = v.shape.map((n, i) => {                 // of each voxel: cell below it, and the part of the next
        const base = new Int32Array(n), part = new Float32Array(n);
        for (let k = 0; k < n && m[i] > 1; k++) {
            const x = clamp((k + .5)/size[i] - .5, 0, m[i] - 1);
            base[k] = Math.min(Math.floor(x), m[i] - 2);
            part[k] = x - base[k];
        }
        return [base, part];
    });
    v.shade = {m, between, mean};
}

function shadeAt({m, between, mean}, u) {                   // at a voxel, linear between the cells
    const [[a, p], [b, q], [c, r]] = between, i = u[0], j = u[1], k = u[2];
    const right = m[0] > 1 ? 1 : 0, up = m[1] > 1 ? m[0] : 0, on = m[2] > 1 ? m[0]*m[1] : 0;
    const s = a[i] + m[0]*(b[j] + m[1]*c[k]);
    const line = o => mean[o]*(1 - p[i]) + mean[o + right]*p[i];
    const plane = o => line(o)*(1 - q[j]) + line(o + up)*q[j];
    return plane(s)*(1 - r[k]) + plane(s + on)*r[k];
}

// ---- colours ----
function palette(colours) {                                 // 256 colours between anchors, as 32-bit ABGR
    return Uint32Array.from({length: 256}, (_, i) => {
        const x = i/255*(colours.length - 1), k = Math.min(Math.floor(x), colours.length - 2), f = x - k;
        const [r, g, b] = [0, 1, 2].map(c => Math.round(colours[k][c]*(1 - f) + colours[k+1][c]*f));
        return (255 << 24 | b << 16 | g << 8 | r) >>> 0;
    });
}

function labelPalette(colours) {                            // a colour for each label, and nothing where there is none
    return Uint32Array.from({length: 256}, (_, q) => {
        const [r, g, b] = colours[(q + colours.length - 1)%colours.length];
        return q ? (255 << 24 | b << 16 | g << 8 | r) >>> 0 : 0;
    });
}

function picture(v, plane, k, even) {                       // a slice as a small canvas, a pixel a voxel
    const [across, up] = AXES[plane], w = v.shape[across], h = v.shape[up], [low, high] = v.window;
    const c = v.canvas || (v.canvas = make('canvas')), ctx = c.getContext('2d', {willReadFrequently: true});
    c.width = w;
    c.height = h;
    const data = ctx.createImageData(w, h), px = new Uint32Array(data.data.buffer), colours = v.colours32;
    const colour = x => colours[clamp(Math.round((x - low)/(high - low)*255), 0, 255)];
    const u = [0, 0, 0], each = v.shade && !even;
    const table = v.labels ? v.colours32 : Array.from(v.values, x => colour(v.shade ? v.base + x*v.middle : x));
    u[plane] = k;
    for (let j = 0; j < h; j++) for (let i = 0; i < w; i++) {
        u[across] = i;
        u[up] = j;
        const q = v.codes[u[0]*v.step[0] + u[1]*v.step[1] + u[2]*v.step[2]];
        px[(h - 1 - j)*w + i] = each ? colour(v.base + v.values[q]*shadeAt(v.shade, u)) : table[q];
    }
    ctx.putImageData(data, 0, 0);
    return c;
}

// ---- the viewer ----
class Viewer {
    constructor(root) {
        const began = performance.now(), spec = JSON.parse(root.dataset.spec);
        Object.assign(this, {root, vols: spec.volumes.filter(v => !v.labels), labels: spec.volumes.find(v => v.labels), plane: PLANES.indexOf(spec.plane), zoom: 1, drag: 'cross',
                             even: spec.even, cross: true, overlay: true, blend: {on: false, t: .5}, panels: [], began});
        delete root.dataset.spec;
        this.stored = spec.volumes;
        this.stored.forEach(v => { place(v); v.colours32 = v.labels ? labelPalette(v.colours) : palette(v.colours); });
        this.greys = this.vols.filter(v => v.kind === 'grey');
        this.fine = [0, 1, 2].map(i => this.vols.reduce((a, b) => {
            const finer = a.spacing[i] - b.spacing[i];
            return finer > 1e-6 || (finer > -1e-6 && b.shape[i] > a.shape[i]) ? b : a;
        }));
        this.frames = AXES.map(ax => ax.map(i => [Math.min(...this.vols.map(v => v.start[i])), Math.max(...this.vols.map(v => v.end[i]))]));
        this.three = spec.three && root.clientWidth > 700;
        this.point = spec.at;
        this.build();
        this.arrange();
        this.load();
    }
    async load() {
        for (const v of this.stored) {
            await decode(v).catch(() => { v.failed = true; });
            this.still.remove();
            this.draw();
        }

        this.still.remove();
        this.root.dataset.ready = Math.round(performance.now() - this.began);
    }
    // controls
    build() {
        const root = this.root, grey = this.greys.length > 0;
        this.still = root.querySelector('.es-still');
        root.querySelectorAll('.es-note').forEach(o => o.remove());
        root.tabIndex = 0;
        const bar = this.bar = make('div', root, {className: 'es-bar'});
        const where = make('div', bar, {className: 'es-line'});
        this.buttons = [1, 2, 0].map(p => make('button', where, {type: 'button', text: PLANES[p], onclick: () => this.look(p)}));
        this.all = this.check(where, 'all three', this.three, on => { this.three = on; this.arrange(); },
                              'Show the three planes through the crosshair');
        this.slider = make('input', where, {type: 'range', className: 'es-slider', 'aria-label': 'slice',
                                            oninput: () => this.go(+this.slider.value)});
        this.output = make('output', where, {className: 'es-where'});
        const how = make('div', root, {className: 'es-line'});
        if (grey) {
            const title = 'Intensities from black to white; or choose "drag: window" and drag over a picture';
            this.ends = [0, 1].map(i => make('input', make('label', how, {text: i ? ' to ' : 'window ', title}), {type: 'number',
                step: 'any', 'aria-label': i ? 'white from' : 'black up to', onchange: () => this.type(i)}));
            make('button', how, {type: 'button', text: 'reset', title: 'All windows as at the start', onclick: () => this.reset()});
            if (this.greys.some(v => v.shade)) this.check(how, 'even out shading', this.even, on => { this.even = on; this.draw(); },
                       'Divide by the local mean, to see what a surface coil leaves dark. Display only: values stay as they are.');
        }
        const tool = make('select', make('label', how, {text: 'drag: '}), {onchange: () => { this.drag = tool.value; },
                          title: 'What dragging over a picture does; the right button always moves the window'});
        for (const [value, text] of [['cross', 'crosshair'], ['window', 'window']]) make('option', tool, {value, text});
        const size = make('input', make('label', how, {text: 'size '}), {type: 'range', min: 50, max: 300, value: 100,
                          'aria-label': 'size of the pictures', oninput: () => { this.zoom = size.value/100; this.arrange(); }});
        this.check(how, 'crosshair', true, on => { this.cross = on; this.draw(); }, 'Draw the crosshair');
        if (this.labels) this.check(how, 'labels', true, on => { this.overlay = on; this.draw(); }, 'Draw the labels over the volumes');
        if (this.greys.length > 1) this.comparison(how);
        this.grid = make('div', root, {className: 'es-grid'});
        const foot = make('div', root, {className: 'es-foot'});
        this.reading = make('output', foot, {className: 'es-reading'});
        const help = make('details', foot);
        make('summary', help, {text: 'keys and touch'});
        make('div', help, {text: 'Click or tap a picture to place the crosshair. Then: wheel, Page Up and Page Down change the slice, '
                               + 'arrows move the crosshair, 1 2 3 choose the plane, 0 shows all three, r resets the windows. '
                               + 'The right mouse button dragged sideways changes contrast, up and down brightness.'});
        root.addEventListener('keydown', e => this.key(e));
        new ResizeObserver(() => this.arrange()).observe(root);
    }
    check(parent, text, checked, change, title) {
        const label = make('label', parent, {title}), box = make('input', label, {type: 'checkbox', checked});
        box.onchange = () => change(box.checked);
        label.append(' ' + text);
        return box;
    }
    comparison(parent) {
        const b = this.blend, box = make('span', parent, {className: 'es-line', hidden: true});
        this.check(parent, 'blend two', false, on => { b.on = on; box.hidden = !on; this.arrange(); },
                   'One more picture: two volumes laid over each other, or in turn');
        parent.append(box);
        const n = this.vols.length, pick = [this.greys.at(-2), this.greys.at(-1)];
        const choose = i => {
            const s = make('select', box, {'aria-label': i ? 'second' : 'first', onchange: () => { b.pair[i] = this.vols[s.value]; this.arrange(); }});
            this.vols.forEach((v, k) => make('option', s, {value: k, text: v.name, selected: v === pick[i]}));
        };
        b.pair = pick;
        choose(0);
        const t = make('input', box, {type: 'range', min: 0, max: 100, value: 50, 'aria-label': 'blend', oninput: () => { b.t = t.value/100; this.draw(); }});
        choose(1);
        this.check(box, 'flicker', false, on => {
            clearInterval(b.timer);
            if (on) b.timer = setInterval(() => { b.t = b.t < .5 ? 1 : 0; this.draw(); }, 600);
        }, 'The two in turn');
    }
    // layout: as many panels side by side as have room for a pixel a voxel, all on one scale
    arrange() {
        const width = this.root.clientWidth, gap = 6, shown = this.three ? [1, 2, 0] : [this.plane];
        if (!width) return;
        const key = [width, shown, this.zoom, this.blend.on].join();
        if (key !== this.arranged || this.blend.on) {
            this.arranged = key;
            const items = [...this.vols.map(v => [v]), ...(this.blend.on ? [this.blend.pair] : [])];
            const span = (p, i) => this.frames[p][i][1] - this.frames[p][i][0];
            const voxels = Math.max(...this.vols.flatMap(v => shown.map(p => v.shape[AXES[p][0]])));
            const least = Math.min(width, Math.max(150, voxels/devicePixelRatio));
            const fit = clamp(Math.floor((width + gap)/(least + gap)), 1, items.length);
            const full = (width - gap*(fit - 1))/fit;
            const scale = p => Math.min(Math.min(full/span(p, 0), 420/span(p, 1))*this.zoom, width/span(p, 0));
            this.panels = [];
            if (items.length === 1 && width > 700) this.grid.replaceChildren(this.oneRow(shown, items[0], width, gap));
            else this.grid.replaceChildren(...shown.map(p => this.row(p, items, scale(p))));
        }
        this.draw();
    }
    oneRow(shown, vols, width, gap) {                       // of one volume: its planes side by side, on one scale
        const row = make('div', null, {className: 'es-row'}), size = (p, i) => this.frames[p][i][1] - this.frames[p][i][0];
        const across = shown.reduce((sum, p) => sum + size(p, 0), 0), tallest = Math.max(...shown.map(p => size(p, 1)));
        const most = width/Math.max(...shown.map(p => size(p, 0)));
        const scale = Math.min((width - gap*shown.length)/across, 420/tallest)*this.zoom;
        for (const p of shown) this.panels.push(this.panel(row, p, vols, Math.min(scale, most)));
        return row;
    }
    row(plane, items, scale) {
        const row = make('div', null, {className: 'es-row'});
        for (const vols of items) this.panels.push(this.panel(row, plane, vols, scale));
        return row;
    }
    panel(parent, plane, vols, scale) {
        const [x, y] = this.frames[plane], w = Math.floor((x[1] - x[0])*scale), h = Math.max(8, Math.round((y[1] - y[0])*scale));
        const figure = make('figure', parent, {style: {width: w + 'px'}}), ratio = devicePixelRatio || 1;
        const name = vols.map(v => v.name).join(' / ');
        const canvas = make('canvas', figure, {width: Math.round(w*ratio), height: Math.round(h*ratio), role: 'img',
                            'aria-label': name + ', ' + PLANES[plane], style: {width: w + 'px', height: h + 'px'}});
        const caption = make('figcaption', figure), panel = {plane, vols, canvas, scale: scale*ratio, x, y};
        make('span', caption, {className: 'es-name', text: name});
        panel.value = make('span', caption, {className: 'es-value'});
        if (vols[0].kind === 'map') panel.range = this.colourBar(figure, vols[0]);
        this.listen(panel);
        return panel;
    }
    colourBar(figure, v) {
        const colours = v.colours.map(c => `rgb(${c})`).join(','), line = make('div', figure, {className: 'es-scale'});
        const ends = [0, 1].map(i => {
            const end = make('span', line);
            if (!i) make('i', line, {style: {background: `linear-gradient(90deg,${colours})`}});
            return end;
        });
        make('small', figure, {className: 'es-unit', text: v.unit});
        return () => ends.forEach((o, i) => { o.textContent = short(v.window[i]); });
    }
    // what people do
    listen(p) {
        const c = p.canvas, inPanel = e => {
            const r = c.getBoundingClientRect(), k = c.width/r.width;
            return [p.x[0] + (e.clientX - r.left)*k/p.scale, p.y[1] - (e.clientY - r.top)*k/p.scale];
        };
        let from = null;
        c.onpointerdown = e => {
            this.root.focus({preventScroll: true});
            c.setPointerCapture(e.pointerId);
            from = e.button === 2 || this.drag === 'window' ? {x: e.clientX, y: e.clientY, window: [...p.vols[0].window]} : {cross: true};
            this.choose(p.plane);
            if (from.cross) this.aim(p, inPanel(e));
        };
        c.onpointermove = e => {
            if (!from) return;
            if (from.cross) this.aim(p, inPanel(e)); else this.stretch(p.vols[0], from, e);
        };
        c.onpointerup = c.onpointercancel = () => { from = null; };
        c.oncontextmenu = e => e.preventDefault();
        c.addEventListener('wheel', e => {
            if (!this.root.contains(document.activeElement) || e.ctrlKey) return;
            e.preventDefault();
            this.choose(p.plane);
            this.step(e.deltaY > 0 ? -1 : 1);
        }, {passive: false});
    }
    aim(p, [x, y]) {
        const v = p.vols.at(-1), [across, up] = AXES[p.plane], u = v.voxel(this.point);
        u[across] = clamp((x - v.start[across])/v.spacing[across] - .5, -.49, v.shape[across] - .51);
        u[up] = clamp((y - v.start[up])/v.spacing[up] - .5, -.49, v.shape[up] - .51);
        this.point = v.world(u);
        this.draw();
    }
    stretch(v, from, e) {
        const [low, high] = from.window, span = high - low;
        const wide = span*2**((e.clientX - from.x)/120), middle = (low + high)/2 + span*(e.clientY - from.y)/250;
        if (v.kind === 'grey') this.setWindow(middle - wide/2, middle + wide/2);
        else { v.window = low < 0 ? [-wide/2, wide/2] : [low, low + wide]; this.draw(); }
    }
    setWindow(low, high) {
        if (!(high > low)) high = low + Math.abs(low)*.01 + 1e-6;
        this.greys.forEach(v => { v.window = [low, high]; });
        this.draw();
    }
    type(i) {
        const w = [...this.greys[0].window], x = parseFloat(this.ends[i].value);
        if (Number.isFinite(x)) w[i] = x;
        if (w[0] < w[1]) this.setWindow(...w); else this.draw();
    }
    reset() { this.vols.forEach(v => { v.window = [...v.first]; }); this.draw(); }
    choose(plane) { this.plane = plane; }
    look(plane) { this.plane = plane; if (!this.three) this.arrange(); else this.draw(); }
    move(axis, k) {                                         // to a slice of the volume with the finest ones
        const v = this.fine[axis], u = v.voxel(this.point);
        u[axis] = clamp(k, 0, v.shape[axis] - 1);
        this.point = v.world(u);
        this.draw();
    }
    index(axis) { return Math.floor(this.fine[axis].voxel(this.point)[axis] + .5); }
    go(k) { this.move(this.plane, k); }
    step(by) { this.go(this.index(this.plane) + by); }
    key(e) {
        if (/^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName) || e.ctrlKey || e.metaKey || e.altKey) return;
        const [across, up] = AXES[this.plane], move = (axis, by) => this.move(axis, this.index(axis) + by);
        const keys = {ArrowLeft: () => move(across, -1), ArrowRight: () => move(across, 1), ArrowDown: () => move(up, -1),
                      ArrowUp: () => move(up, 1), PageUp: () => this.step(1), PageDown: () => this.step(-1),
                      1: () => this.look(1), 2: () => this.look(2), 3: () => this.look(0), r: () => this.reset(),
                      0: () => { this.all.checked = this.three = !this.three; this.arrange(); }};
        if (!Object.hasOwn(keys, e.key)) return;
        e.preventDefault();
        keys[e.key]();
    }
    // drawing, at most once a frame
    draw() {
        if (this.waiting) return;
        this.waiting = requestAnimationFrame(() => { this.waiting = 0; this.paint(); });
    }
    paint() {
        this.panels.forEach(p => this.paintPanel(p));
        if (!this.root.dataset.first && this.vols[0].codes) this.root.dataset.first = Math.round(performance.now() - this.began);
        const n = this.fine[this.plane].shape[this.plane];
        this.buttons.forEach((b, i) => b.setAttribute('aria-pressed', [1, 2, 0][i] === this.plane));
        this.slider.max = n - 1;
        this.slider.value = clamp(this.index(this.plane), 0, n - 1);
        const mm = i => ENDS[i][+(this.point[i] >= 0)] + ' ' + Math.abs(this.point[i]).toFixed(2);
        this.output.textContent = `${mm(this.plane)} mm (${+this.slider.value + 1} of ${n})`;
        const label = this.labels && at(this.labels, this.point);
        this.reading.textContent = `crosshair: ${[0, 1, 2].map(mm).join(', ')} mm` + (this.labels ? `, label ${label || 'none'}` : '');
        if (this.ends) this.ends.forEach((o, i) => { if (o !== document.activeElement) o.value = +this.greys[0].window[i].toPrecision(4); });
    }
    paintPanel(p) {
        const ctx = p.canvas.getContext('2d'), v = p.vols.at(-1);
        ctx.globalAlpha = 1;
        ctx.fillStyle = '#000';
        ctx.fillRect(0, 0, p.canvas.width, p.canvas.height);
        ctx.imageSmoothingEnabled = false;
        p.vols.forEach((o, i) => this.paintSlice(o, p, ctx, i ? this.blend.t : 1));
        if (this.overlay && this.labels && v.kind === 'grey') this.paintSlice(this.labels, p, ctx, .4);
        ctx.globalAlpha = 1;
        this.paintMarks(p, ctx, v);
        const x = p.vols.map(o => o.failed ? 'not readable here' : o.codes ? short(at(o, this.point)) : 'loading');
        p.value.textContent = x.join(' / ');
        if (p.range) p.range();
    }
    paintSlice(v, p, ctx, alpha) {
        const [across, up] = AXES[p.plane], s = p.scale, k = Math.floor(v.voxel(this.point)[p.plane] + .5);
        if (!v.codes || k < 0 || k >= v.shape[p.plane]) return;
        ctx.globalAlpha = alpha;
        ctx.drawImage(picture(v, p.plane, k, this.even), (v.start[across] - p.x[0])*s, (p.y[1] - v.end[up])*s,
                      (v.end[across] - v.start[across])*s, (v.end[up] - v.start[up])*s);
    }
    paintMarks(p, ctx, v) {                                 // crosshair, letters, scale bar
        const [across, up] = AXES[p.plane], s = p.scale, w = p.canvas.width, h = p.canvas.height, r = w/p.canvas.clientWidth || 1;
        const u = v.voxel(this.point), x = (v.start[across] + (u[across] + .5)*v.spacing[across] - p.x[0])*s;
        const y = (p.y[1] - v.start[up] - (u[up] + .5)*v.spacing[up])*s, gap = 5*r;
        ctx.strokeStyle = p.plane === this.plane || !this.three ? 'rgba(90,200,255,.75)' : 'rgba(90,200,255,.4)';
        ctx.lineWidth = r;
        ctx.beginPath();
        for (const [a, b, c, d] of [[x, 0, x, y - gap], [x, y + gap, x, h], [0, y, x - gap, y], [x + gap, y, w, y]]) {
            ctx.moveTo(a, b);
            ctx.lineTo(c, d);
        }
        if (this.cross) ctx.stroke();
        ctx.font = `600 ${11*r}px system-ui, sans-serif`;
        ctx.lineWidth = 3*r;
        ctx.strokeStyle = 'rgba(0,0,0,.8)';
        const write = (text, a, b, align, base, colour) => {
            ctx.textAlign = align;
            ctx.textBaseline = base;
            ctx.strokeText(text, a, b);
            ctx.fillStyle = colour;
            ctx.fillText(text, a, b);
        };
        const m = 4*r, gold = '#ffd24d';
        write(ENDS[across][0], m, h/2, 'left', 'middle', gold);
        write(ENDS[across][1], w - m, h/2, 'right', 'middle', gold);
        write(ENDS[up][0], w/2, h - m, 'center', 'bottom', gold);
        write(ENDS[up][1], w/2, m, 'center', 'top', gold);
        const mm = [.1, .2, .5, 1, 2, 5, 10, 20, 50].filter(o => o*s < w/3).pop();
        if (!mm) return;
        ctx.fillStyle = '#fff';
        ctx.fillRect(w - m - mm*s, h - m - 2*r, mm*s, 2*r);
        write(`${mm} mm`, w - m - mm*s/2, h - m - 4*r, 'center', 'bottom', '#fff');
    }
}

document.querySelectorAll('.easysr-viewer[data-spec]').forEach(root => { root.easysr = new Viewer(root); });
})();
