#!/usr/bin/env bash
# tools/gpu_check.sh DATA : what a graphics card makes of training and restoring, in a table, in less than ten minutes.
# Run it in the root of the repository. DATA holds the folders train and val of the open scans that
# easysr/weights/README.md names; labels of its train folder are painted as in the recipe of the weights.
# PyTorch with CUDA and the other requirements are there, or are installed here by pip. Without a card it does the same
# with tiny sizes and says so. Exit status 0 only if every part ran.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# = 1 ] && [ -d "$1/train" ] && [ -d "$1/val" ] || { echo "usage: tools/gpu_check.sh DATA, a folder that holds train and val" >&2; exit 2; }
python -c 'import easysr.train' 2>/dev/null || python -m pip install -q -e .
exec python tools/gpu_check.py "$1"
