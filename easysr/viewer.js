// The slice viewer of easysr. It asks no network, and writes text of others with textContent alone.
// A viewer is a <div class="easysr-viewer" data-spec="JSON">: each volume is one picture, a mosaic of its slices,
// read once into an array of 8-bit codes and cut along all three axes from there.
(() => {
const PLANES = ['sagittal', 'coronal', 'axial'];            // the plane's number is the world axis of its normal
const ENDS = ['LR', 'PA', 'IS'];
const AXES = [[1, 2], [0, 2], [0, 1]];                      // across and up, for each plane
const MODES = ['side by side', 'A', 'B', 'blend', 'difference'];
const MODE_KEYS = {s: 0, a: 1, b: 2, m: 3, d: 4};
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
    v.window = v.initial = [...v.window];
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

// ---- the difference of two volumes, on the grid of the finer one; the other is interpolated linearly ----
function between(v, [x, y, z]) {                            // value at a place in voxels, null outside
    if (!v.codes) return null;
    const n = v.shape;
    if (x < -.501 || y < -.501 || z < -.501 || x > n[0] - .499 || y > n[1] - .499 || z > n[2] - .499) return null;
    x = clamp(x, 0, n[0] - 1);
    y = clamp(y, 0, n[1] - 1);
    z = clamp(z, 0, n[2] - 1);
    const i = Math.min(Math.floor(x), Math.max(0, n[0] - 2)), j = Math.min(Math.floor(y), Math.max(0, n[1] - 2));
    const k = Math.min(Math.floor(z), Math.max(0, n[2] - 2)), p = x - i, q = y - j, r = z - k;
    const s = i + n[0]*(j + n[1]*k), a = n[0] > 1 ? 1 : 0, b = n[1] > 1 ? n[0] : 0, c = n[2] > 1 ? n[0]*n[1] : 0;
    const val = o => v.values[v.codes[o]], line = o => p ? val(o)*(1 - p) + val(o + a)*p : val(o);
    const plane = o => q ? line(o)*(1 - q) + line(o + b)*q : line(o), value = r ? plane(s)*(1 - r) + plane(s + c)*r : plane(s);
    return v.shade ? v.base + value*shadeAt(v.shade, [Math.round(x), Math.round(y), Math.round(z)]) : value;
}

class Difference {                                          // first minus second
    constructor(first, second, colours) {
        Object.assign(this, {first, second, colours, colours32: palette(colours), unit: 'first minus second, the scan\'s units'});
        const size = v => v.spacing[0]*v.spacing[1]*v.spacing[2];
        [this.on, this.other] = size(first) < size(second)*.999 ? [first, second] : [second, first];
        const origin = this.other.voxel(this.on.world([0, 0, 0]));
        const steps = [[1, 0, 0], [0, 1, 0], [0, 0, 1]].map(e => this.other.voxel(this.on.world(e)).map((o, i) => o - origin[i]));
        this.there = u => {                                 // voxel of one volume to that of the other, whole where it is whole
            return origin.map((o, i) => {
                const x = o + steps[0][i]*u[0] + steps[1][i]*u[1] + steps[2][i]*u[2], whole = Math.round(x);
                return Math.abs(x - whole) < 1e-3 ? whole : x;
            });
        };
        this.sign = this.on === first ? 1 : -1;
    }
    get codes() { return this.first.codes && this.second.codes; }
    get failed() { return this.first.failed || this.second.failed; }
    at(u) {
        const here = between(this.on, u), there = here === null ? null : between(this.other, this.there(u));
        return there === null ? null : this.sign*(here - there);
    }
    atPoint(point) { return this.at(this.on.voxel(point).map(o => Math.floor(o + .5))); }
    setRange() {                                            // colours up to the 98th percentile of what differs in tissue
        if (this.window || !this.codes) return;
        const n = this.on.shape, total = n[0]*n[1]*n[2], step = Math.max(1, Math.floor(total/20011)), found = [];
        for (let o = 0; o < total; o += step) {
            if (this.on.codes[o] < 16) continue;
            const x = this.at([o%n[0], Math.floor(o/n[0])%n[1], Math.floor(o/n[0]/n[1])]);
            if (x !== null) found.push(Math.abs(x));
        }
        found.sort((a, b) => a - b);
        const most = +(found[Math.floor(found.length*.98)] || 0).toPrecision(2) || 1;
        this.window = [-most, most];
        this.initial = [-most, most];
    }
    picture(plane, k) {
        const [across, up] = AXES[plane], w = this.on.shape[across], h = this.on.shape[up], most = this.window[1];
        const c = this.canvas || (this.canvas = make('canvas'));
        c.width = w;
        c.height = h;
        const ctx = c.getContext('2d'), data = ctx.createImageData(w, h), px = new Uint32Array(data.data.buffer), u = [0, 0, 0];
        u[plane] = k;
        for (let j = 0; j < h; j++) for (let i = 0; i < w; i++) {
            u[across] = i;
            u[up] = j;
            const x = this.at(u);
            if (x !== null) px[(h - 1 - j)*w + i] = this.colours32[clamp(Math.round((x/most + 1)*127.5), 0, 255)];
        }
        ctx.putImageData(data, 0, 0);
        return c;
    }
}

// ---- shading: codes may be those of the ratio to a local mean, which lies beside them on a coarse grid ----
function readShade(v) {
    const {cells: m, low, high, size, codes} = v.shade;
    const mean = Float32Array.from(atob(codes), c => low*(high/low)**(c.charCodeAt(0)/255));
    const cells = v.shape.map((n, i) => {                 // of each voxel: cell below it, and the part of the next
        const base = new Int32Array(n), part = new Float32Array(n);
        for (let k = 0; k < n && m[i] > 1; k++) {
            const x = clamp((k + .5)/size[i] - .5, 0, m[i] - 1);
            base[k] = Math.min(Math.floor(x), m[i] - 2);
            part[k] = x - base[k];
        }
        return [base, part];
    });
    v.shade = {m, cells, mean};
}

function shadeAt({m, cells, mean}, u) {                   // at a voxel, linear between the cells
    const [[a, p], [b, q], [c, r]] = cells, i = u[0], j = u[1], k = u[2];
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
        delete root.dataset.spec;
        const stored = spec.volumes, vols = stored.filter(v => !v.labels), greys = vols.filter(v => v.kind === 'grey');
        Object.assign(this, {root, began, stored, vols, greys, labels: stored.find(v => v.labels), plane: PLANES.indexOf(spec.plane),
                             three: null, wantsThree: spec.three, point: spec.at, even: spec.even, zoom: 1, drag: 'cross', cross: true,
                             overlay: .4, mode: spec.mode || 0, t: .5, panels: [], colours: spec.difference});
        stored.forEach(v => { place(v); v.colours32 = v.labels ? labelPalette(v.colours) : palette(v.colours); });
        this.pair = (spec.pair || (greys.length > 1 ? [-2, -1] : [0, -1])).map((o, i) => spec.pair ? vols[o] : (greys.length > 1 ? greys : vols).at(o));
        this.fine = [0, 1, 2].map(i => this.vols.reduce((a, b) => {
            const finer = a.spacing[i] - b.spacing[i];
            return finer > 1e-6 || (finer > -1e-6 && b.shape[i] > a.shape[i]) ? b : a;
        }));
        this.frames = AXES.map(ax => ax.map(i => [Math.min(...this.vols.map(v => v.start[i])), Math.max(...this.vols.map(v => v.end[i]))]));
        this.build();
        this.arrange();
        this.load();
    }
    async load() {
        for (const v of this.stored) {
            await decode(v).catch(() => { v.failed = true; });
            if (this.still) this.still.remove();
            this.draw();
        }
    }
    // controls
    build() {
        const root = this.root;
        this.still = root.querySelector('.es-still');
        root.querySelectorAll('.es-note').forEach(o => o.remove());
        root.tabIndex = 0;
        root.setAttribute('data-lm-suppress-shortcuts', 'true');    // JupyterLab keeps its keys to itself
        const bar = make('div', root, {className: 'es-bar'}), line = () => make('div', bar, {className: 'es-line'});
        const where = line();
        this.planes = this.choice(where, [1, 2, 0].map(p => PLANES[p]), i => this.look([1, 2, 0][i]), 'plane');
        this.all = make('button', where, {type: 'button', text: 'three planes', title: 'The three planes through the crosshair',
                        onclick: () => { this.three = !this.three; this.arrange(); }});
        this.slider = make('input', where, {type: 'range', className: 'es-slider', 'aria-label': 'slice',
                                            oninput: () => this.go(+this.slider.value)});
        this.output = make('output', where, {className: 'es-where'});
        if (this.vols.length > 1) this.comparison(line());
        this.display(line());
        this.grid = make('div', root, {className: 'es-grid'});
        this.foot();
        root.addEventListener('keydown', e => this.key(e));
        new ResizeObserver(() => this.arrange()).observe(root);
    }
    foot() {
        const foot = make('div', this.root, {className: 'es-foot'});
        this.reading = make('output', foot, {className: 'es-reading'});
        const help = make('details', foot), list = (make('summary', help, {text: 'mouse, keys and touch'}), make('dl', help));
        for (const [what, does] of [['click or tap', 'places the crosshair; drag to move it'],
                ['wheel, Page Up, Page Down', 'next slice, once the viewer was clicked'], ['arrows', 'move the crosshair by a voxel'],
                ['right button', 'drag sideways for contrast, up and down for brightness; on a touch screen choose \u201cwindow\u201d first'],
                ['1 2 3 0', 'coronal, axial, sagittal, three planes'], ...(this.vols.length > 1 ? [['s a b m d', 'side by side, A, B, blend, difference']] : []),
                ['r c' + (this.labels ? ' l' : ''), 'reset the window, crosshair' + (this.labels ? ', labels' : '') + ' on and off']]) {
            make('dt', list, {text: what});
            make('dd', list, {text: does});
        }
    }
    display(how) {                                          // window, and what is drawn over the volumes
        if (this.greys.length) {
            const box = make('span', how, {className: 'es-group', title: 'Intensities drawn black and white; drag with the right button to change them'});
            this.ends = [0, 1].map(i => make('input', make('label', box, {text: i ? 'to ' : 'window '}), {type: 'number',
                step: 'any', 'aria-label': i ? 'white from' : 'black up to', onchange: () => this.type(i)}));
            make('button', box, {type: 'button', text: 'reset', title: 'All windows as at the start', onclick: () => this.reset()});
        }
        const drag = make('span', how, {className: 'es-group', text: 'drag ', title: 'What dragging over a picture does'});
        this.tools = this.choice(drag, ['crosshair', 'window'], i => { this.drag = this.root.dataset.drag = ['cross', 'window'][i]; this.draw(); }, 'drag');
        this.crossBox = this.check(how, 'crosshair', true, on => { this.cross = on; this.draw(); }, 'Draw the crosshair');
        if (this.labels) {
            const box = make('span', how, {className: 'es-group'});
            this.labelBox = this.check(box, 'labels', true, () => this.draw(), 'Draw the labels over the volumes');
            make('input', box, {type: 'range', min: 5, max: 100, value: 40, 'aria-label': 'opacity of the labels',
                                oninput: e => { this.overlay = e.target.value/100; this.draw(); }});
        }
        if (this.greys.some(v => v.shade)) this.check(how, 'even out shading', this.even, on => { this.even = on; this.draw(); },
            'Divide by the local mean, to see what a surface coil leaves dark. Display only: values stay as they are.');
        make('input', make('label', how, {text: 'size ', className: 'es-group'}), {type: 'range', min: 50, max: 300, value: 100,
             'aria-label': 'size of the pictures', oninput: e => { this.zoom = e.target.value/100; this.arrange(); }});
    }
    choice(parent, names, pick, label) {                    // buttons of which one is pressed
        const box = make('span', parent, {className: 'es-seg', role: 'group', 'aria-label': label});
        const buttons = names.map((text, i) => make('button', box, {type: 'button', text, onclick: () => pick(i)}));
        return i => buttons.forEach((b, k) => b.setAttribute('aria-pressed', k === i));
    }
    check(parent, text, checked, change, title) {
        const label = make('label', parent, {title}), box = make('input', label, {type: 'checkbox', checked});
        box.onchange = () => change(box.checked);
        label.append(' ' + text);
        return box;
    }
    comparison(line) {
        this.modes = this.choice(line, MODES, i => this.show(i), 'volumes');
        this.pickers = make('span', line, {className: 'es-group'});
        ['A', 'B'].forEach((letter, i) => {
            const s = make('select', make('label', this.pickers, {text: letter + ' '}), {'aria-label': letter, onchange: () => {
                this.pair[i] = this.vols[s.value];
                this.show(this.mode);
            }});
            this.vols.forEach((v, k) => make('option', s, {value: k, text: v.name, selected: v === this.pair[i]}));
        });
        this.mixer = make('span', line, {className: 'es-group'});
        make('label', this.mixer, {text: 'A '});
        this.mix = make('input', this.mixer, {type: 'range', min: 0, max: 100, value: 50, 'aria-label': 'blend of A and B',
                                   oninput: () => { this.t = this.mix.value/100; this.draw(); }});
        make('label', this.mixer, {text: ' B'});
        this.check(this.mixer, 'flicker', false, on => {
            clearInterval(this.timer);
            if (on) this.timer = setInterval(() => { this.mix.value = 100*(this.t = this.t < .5 ? 1 : 0); this.draw(); }, 600);
        }, 'A and B in turn');
    }
    show(mode) {                                            // one of MODES, by its number
        if (this.vols.length < 2) return;
        this.mode = mode;
        this.arrange();
    }
    items() {                                               // what has a panel: names, and the volumes in it
        const [a, b] = this.pair;
        if (this.mode === 3) return [{name: `A ${a.name} / B ${b.name}`, vols: [a, b]}];
        if (this.mode === 4) {
            if (!this.apart || this.apart.first !== a || this.apart.second !== b) this.apart = new Difference(a, b, this.colours);
            return [{name: `A ${a.name} \u2212 B ${b.name}`, vols: [this.apart.on], apart: this.apart}];
        }
        if (this.mode) return [{name: this.mode === 1 ? `A ${a.name}` : `B ${b.name}`, vols: [this.mode === 1 ? a : b]}];
        return this.vols.map(v => ({name: v.name, vols: [v]}));
    }
    // layout: as many panels side by side as have room for a pixel a voxel, all on one scale
    arrange() {
        const width = this.root.clientWidth, gap = 8;
        if (!width) return;
        if (this.three === null) this.three = this.wantsThree && width > 700;
        const shown = this.three ? [1, 2, 0] : [this.plane];
        const key = [width, shown, this.zoom, this.mode, this.mode ? this.pair.map(v => this.vols.indexOf(v)) : ''].join();
        if (key !== this.arranged) {
            this.arranged = key;
            const items = this.items(), span = (p, i) => this.frames[p][i][1] - this.frames[p][i][0];
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
    oneRow(shown, item, width, gap) {                       // of one picture: its planes side by side, on one scale
        const row = make('div', null, {className: 'es-row'}), size = (p, i) => this.frames[p][i][1] - this.frames[p][i][0];
        const across = shown.reduce((sum, p) => sum + size(p, 0), 0), tallest = Math.max(...shown.map(p => size(p, 1)));
        const most = width/Math.max(...shown.map(p => size(p, 0)));
        const scale = Math.min((width - gap*shown.length)/across, 420/tallest)*this.zoom;
        for (const p of shown) this.panels.push(this.panel(row, p, item, Math.min(scale, most)));
        return row;
    }
    row(plane, items, scale) {
        const row = make('div', null, {className: 'es-row'});
        for (const item of items) this.panels.push(this.panel(row, plane, item, scale));
        return row;
    }
    panel(parent, plane, {name, vols, apart}, scale) {
        const [x, y] = this.frames[plane], w = Math.floor((x[1] - x[0])*scale), h = Math.max(8, Math.round((y[1] - y[0])*scale));
        const figure = make('figure', parent, {style: {width: w + 'px'}}), ratio = devicePixelRatio || 1;
        const canvas = make('canvas', figure, {width: Math.round(w*ratio), height: Math.round(h*ratio), role: 'img',
                            'aria-label': name + ', ' + PLANES[plane], style: {width: w + 'px', height: h + 'px'}});
        const caption = make('figcaption', figure), panel = {plane, vols, apart, canvas, scale: scale*ratio, x, y};
        make('span', caption, {className: 'es-name', text: name});
        panel.value = make('span', caption, {className: 'es-value'});
        if (apart || vols[0].kind === 'map') panel.range = this.colourBar(figure, apart || vols[0]);
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
        return () => ends.forEach((o, i) => { o.textContent = v.window ? short(v.window[i]) : ''; });
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
            from = e.button === 2 || this.drag === 'window' ? {x: e.clientX, y: e.clientY, window: [...((p.apart || p.vols[0]).window || [0, 1])]} : {cross: true};
            this.choose(p.plane);
            if (from.cross) this.aim(p, inPanel(e));
        };
        c.onpointermove = e => {
            if (!from) return;
            if (from.cross) this.aim(p, inPanel(e)); else this.stretch(p.apart || p.vols[0], from, e);
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
    reset() {
        [...this.vols, ...(this.apart && this.apart.window ? [this.apart] : [])].forEach(v => { v.window = [...v.initial]; });
        this.draw();
    }
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
                      1: () => this.look(1), 2: () => this.look(2), 3: () => this.look(0), 0: () => this.all.click(), r: () => this.reset(),
                      c: () => this.crossBox.click(), l: () => this.labelBox && this.labelBox.click()};
        for (const [k, mode] of Object.entries(MODE_KEYS)) keys[k] = () => this.show(mode);
        if (!Object.hasOwn(keys, e.key)) return;
        e.preventDefault();
        e.stopPropagation();
        keys[e.key]();
    }
    // drawing, at most once a frame
    draw() {
        if (this.waiting) return;
        this.waiting = requestAnimationFrame(() => { this.waiting = 0; this.paint(); });
    }
    paint() {
        this.panels.forEach(p => this.paintPanel(p));
        const about = this.root.dataset, now = Math.round(performance.now() - this.began);
        if (!about.first && this.vols[0].codes) about.first = now;
        if (!about.ready && this.stored.every(v => v.codes || v.failed)) about.ready = now;
        const n = this.fine[this.plane].shape[this.plane];
        this.slider.max = n - 1;
        this.slider.value = clamp(this.index(this.plane), 0, n - 1);
        const mm = i => ENDS[i][+(this.point[i] >= 0)] + ' ' + Math.abs(this.point[i]).toFixed(2);
        this.output.textContent = `${mm(this.plane)} mm (${+this.slider.value + 1} of ${n})`;
        const label = this.labels && at(this.labels, this.point);
        this.reading.textContent = `crosshair: ${[0, 1, 2].map(mm).join(', ')} mm` + (this.labels ? `, label ${label || 'none'}` : '');
        this.paintControls();
    }
    paintControls() {
        this.planes([1, 2, 0].indexOf(this.plane));
        this.all.setAttribute('aria-pressed', this.three);
        this.tools(this.drag === 'window' ? 1 : 0);
        if (this.modes) {
            this.modes(this.mode);
            this.pickers.hidden = !this.mode;
            this.mixer.hidden = this.mode !== 3;
        }
        if (this.ends) this.ends.forEach((o, i) => { if (o !== document.activeElement) o.value = +this.greys[0].window[i].toPrecision(4); });
    }
    paintPanel(p) {
        const ctx = p.canvas.getContext('2d'), v = p.vols.at(-1);
        ctx.globalAlpha = 1;
        ctx.fillStyle = '#000';
        ctx.fillRect(0, 0, p.canvas.width, p.canvas.height);
        ctx.imageSmoothingEnabled = false;
        if (p.apart) {
            p.apart.setRange();
            this.paintSlice(p.apart.on, p, ctx, 1, p.apart);
        } else p.vols.forEach((o, i) => this.paintSlice(o, p, ctx, i ? this.t : 1));
        if (this.labels && this.labelBox.checked && v.kind === 'grey' && !p.apart) this.paintSlice(this.labels, p, ctx, this.overlay);
        ctx.globalAlpha = 1;
        this.paintMarks(p, ctx, v);
        const read = (o, value) => o.failed ? 'not readable here' : o.codes ? short(value()) : 'loading';
        p.value.textContent = p.apart ? read(p.apart, () => p.apart.atPoint(this.point))
                            : p.vols.map(o => read(o, () => at(o, this.point))).join(' / ');
        if (p.range) p.range();
    }
    paintSlice(v, p, ctx, alpha, apart = null) {
        const [across, up] = AXES[p.plane], s = p.scale, k = Math.floor(v.voxel(this.point)[p.plane] + .5);
        if (!(apart || v).codes || k < 0 || k >= v.shape[p.plane]) return;
        ctx.globalAlpha = alpha;
        ctx.drawImage(apart ? apart.picture(p.plane, k) : picture(v, p.plane, k, this.even), (v.start[across] - p.x[0])*s, (p.y[1] - v.end[up])*s,
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
