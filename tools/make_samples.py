"""Make data_samples/: thick-slice scans of digital rats, the same every time (`python tools/make_samples.py`).
With the test scan of nirodents (`python tools/make_samples.py sub-15_T2w.nii.gz`) also the real rat, cropped."""
import json, sys
from pathlib import Path
import nibabel as nib, numpy as np
from easysr.core import file_sha256, write_text
from easysr.data import phantom, sample, samples, write_volume
from easysr.stacks import simulate_stacks

out = Path(__file__).parent.parent/'data_samples'
names = dict(t2w='rat1_T2w', t1w='rat2_T1w', t2star='sub-03_T2starw')
stack_names = ('rat4_cor_T2w', 'rat4_sag_T2w')
url = 'https://github.com/nipreps/nirodents/blob/d1dcf98/nirodents/data/testdata/sub-15/anat/sub-15_T2w.nii.gz'
box = (slice(24,232), slice(None), slice(60,200))   # the head, with air above it
step = .01                                          # between neighbouring integers, in the unit of the source

def crop_rat(source): # nirodents' sub-15_T2w.nii.gz
    "The real rat: some voxels of the source, where they lie there, as 16-bit integers"
    img = nib.load(source)
    cropped = img.slicer[box]
    head = nib.Nifti1Image(np.rint(np.asarray(cropped.dataobj)/step).astype(np.int16), cropped.affine)
    head.header.set_slope_inter(step, 0)
    head.header.set_xyzt_units('mm')
    head.set_sform(cropped.affine, int(img.header['sform_code']))
    nib.save(head, out/'sub-15_T2w.nii.gz')
    about = dict(Description='head of one rat in vivo, cropped and rounded from the test data of nirodents',
                 SpacingBetweenSlices=1., Sources=[url], SourceSha256=file_sha256(source),
                 License='Apache-2.0', Authors=['The NiPreps Developers'])
    write_text(out/'sub-15_T2w.json', json.dumps(about, indent=2)+'\n')
    return out/'sub-15_T2w.nii.gz'

if __name__ == '__main__':
    for k in samples:
        print(write_volume(sample(k), out/f'{names[k]}.nii.gz', dtype='int16'))
    # one animal in two stacks, moved between them
    for name,lo in zip(stack_names, simulate_stacks(phantom(.2, seed=4), 1., axes=(1,0), gains=(1,.85), noise=.01)):
        print(write_volume(lo, out/f'{name}.nii.gz', dtype='int16'))
    for source in sys.argv[1:]:
        print(crop_rat(source))
