"""The Python environment of the clients that are large: Ansible and Manila."""

import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]
DIRECTORY = _ROOT / '.clients'
REQUIREMENTS = Path(__file__).with_name('requirements.txt')


def ensure() -> Path:
    """The ``bin`` of an environment that has what ``requirements.txt`` names."""
    stamp = DIRECTORY / '.installed'
    wanted = REQUIREMENTS.read_text()
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([sys.executable, '-m', 'venv', str(DIRECTORY)], check=True)
        subprocess.run(
            [
                str(DIRECTORY / 'bin' / 'python'),
                '-m',
                'pip',
                'install',
                '-qq',
                '--disable-pip-version-check',
                '-r',
                str(REQUIREMENTS),
            ],
            check=True,
        )
        stamp.write_text(wanted)
    return DIRECTORY / 'bin'
