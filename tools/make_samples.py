"Make data_samples/: thick-slice scans of digital rats, the same every time (`python tools/make_samples.py`)"
from pathlib import Path
from easysr.data import phantom, sample, samples, write_volume
from easysr.stacks import simulate_stacks

out = Path(__file__).parent.parent/'data_samples'
names = dict(t2w='rat1_T2w', t1w='rat2_T1w', t2star='sub-03_T2starw')
for k in samples:
    print(write_volume(sample(k), out/f'{names[k]}.nii.gz', dtype='int16'))

# one animal in two stacks, moved between them
for k,lo in zip(('cor','sag'), simulate_stacks(phantom(.2, seed=4), 1., axes=(1,0), gains=(1,.85), noise=.01)):
    print(write_volume(lo, out/f'rat4_{k}_T2w.nii.gz', dtype='int16'))
