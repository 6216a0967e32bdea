"""The Python environment of the clients that are large: Ansible and Manila."""

import os
import subprocess
import sys
from pathlib import Path

from ontap_simulator.testing import Simulator

_ROOT = Path(__file__).parents[2]
DIRECTORY = _ROOT / '.clients'
REQUIREMENTS = Path(__file__).with_name('requirements.txt')
_SECONDS = 900


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


def run(
    simulator: Simulator, program: str, *arguments: object
) -> subprocess.CompletedProcess[str]:
    """Run one of its programs, which trusts the simulator's CA.

    :raises subprocess.TimeoutExpired: it did not end
    """
    binaries = ensure()
    return subprocess.run(
        [str(binaries / program), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
        env={
            'PATH': os.environ['PATH'],
            'HOME': str(simulator.data_dir),
            'LC_ALL': 'C.UTF-8',
            'REQUESTS_CA_BUNDLE': str(simulator.ca),
            'ANSIBLE_STDOUT_CALLBACK': 'ansible.posix.json',
            'ANSIBLE_PYTHON_INTERPRETER': str(binaries / 'python'),
            'ANSIBLE_LOCALHOST_WARNING': 'false',
            'ANSIBLE_DEPRECATION_WARNINGS': 'false',
            # The playbook asks for them.
            'SIMULATOR_HOST': simulator.host,
            'SIMULATOR_PORT': str(simulator.port),
        },
    )
