"Reads settings.ini, the one source of truth; no pyproject.toml is needed"
from configparser import ConfigParser
from pathlib import Path
from setuptools import find_packages, setup

here = Path(__file__).parent
cfg  = ConfigParser(delimiters=['='])
cfg.read(here/'settings.ini', encoding='utf-8')
cfg  = cfg['DEFAULT']
name = cfg['lib_name']

setup(
    name=name, version=cfg['version'], description=cfg['description'], keywords=cfg['keywords'].split(),
    author=cfg['author'], author_email=cfg['author_email'], url=cfg['git_url'], license=cfg['license'],
    long_description=(here/'README.md').read_text(encoding='utf-8'), long_description_content_type='text/markdown',
    python_requires=f">={cfg['min_python']}",
    packages=[*find_packages(include=[cfg['lib_path'], cfg['lib_path']+'.*']), f'{name}.data_samples'],
    package_dir={f'{name}.data_samples': 'data_samples'},   # the real rat, for `sample('rat')`
    package_data={name: ['weights/*', '*.js', '*.css'], f'{name}.data_samples': ['sub-15_T2w.*', 'README.md']},
    install_requires=cfg['requirements'].split(),
    extras_require={k.removesuffix('_requirements'): v.split() for k,v in cfg.items() if k.endswith('_requirements')
                    and k!='pip_requirements'},
    entry_points={'console_scripts': cfg['console_scripts'].split(), 'nbdev': [f'{name}={cfg["lib_path"]}._modidx:d']},
)
