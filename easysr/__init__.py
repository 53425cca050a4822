"""Thick-slice MRI of rodent brains in, isotropic volumes out.

`easysr.super_resolve(scan)` restores a file, a nibabel or a torchio image; `easysr.sample('rat')` is a scan to try
it on. `easysr.compare`, `easysr.show_slices` and `easysr.SliceViewer` show volumes; `easysr.MRIInference`
restores many with one loaded network. Each is loaded when it is first asked for. Stacks of one animal are
joined by `easysr.fuse.fuse`, volumes are aligned by `easysr.register.register`, once these modules are imported.
"""
__version__ = "0.1.0"

_places = dict(super_resolve='infer', MRIInference='infer', sample='data',
               compare='view', show_slices='view', SliceViewer='view')   # name: the module that it is in

def __getattr__(name):
    "What the package offers, loaded when it is first asked for"
    if name not in _places:
        raise AttributeError(f"module 'easysr' has no attribute '{name}'")
    from importlib import import_module
    return getattr(import_module(f'easysr.{_places[name]}'), name)

def __dir__(): return sorted({*globals(), *_places})
