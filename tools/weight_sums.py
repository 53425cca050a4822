"""Write SHA256SUMS anew: `python tools/weight_sums.py [FOLDER]`, by default of easysr/weights"""
import sys
from pathlib import Path

from easysr.core import file_sha256, write_text

def write_sums(folder):
    "List the SHA-256 of the weights in a folder, as `sha256sum` does"
    folder = Path(folder)
    lines = [f'{file_sha256(f)}  {f.name}\n' for f in sorted(folder.glob('*.pth'))]
    return write_text(folder/'SHA256SUMS', ''.join(lines))

if __name__=='__main__':
    print(write_sums(*(sys.argv[1:] or [Path(__file__).resolve().parent.parent/'easysr/weights'])))
