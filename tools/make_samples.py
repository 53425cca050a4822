"Make data_samples/: thick-slice scans of digital rats, the same every time (`python tools/make_samples.py`)"
from pathlib import Path
from easysr.data import sample, samples, write_volume

out = Path(__file__).parent.parent/'data_samples'
names = dict(t2w='rat1_T2w', t1w='rat2_T1w', t2star='sub-03_T2starw')
for k in samples:
    print(write_volume(sample(k), out/f'{names[k]}.nii.gz', dtype='int16'))
