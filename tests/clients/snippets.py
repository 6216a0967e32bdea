"""The snippets for Ansible and Manila in the simulator's README, used as they are.

``tests/contract/test_simulator_readme.py`` uses those for Cinder.
"""

import json
import re
from pathlib import Path
from typing import Any

from ontap_simulator.testing import Simulator

from tests.clients import environment

_ROOT = Path(__file__).parents[2]
README = (_ROOT / 'simulator/README.md').read_text()
_SHARE = Path(__file__).with_name('manila_share.py')


def snippet(section: str, simulator: Simulator) -> str:
    """The one block of a section, with this simulator's port and CA."""
    text = README.partition(f'\n### {section}\n')[2].partition('\n### ')[0]
    (found,) = re.findall(r'```\w+\n(.*?)```', text, re.DOTALL)
    for word, here in (
        ('18443', str(simulator.port)),
        ('/PATH/TO/ontap-simulator-data', str(simulator.data_dir)),
    ):
        found = found.replace(word, here)
    return str(found)


def ansible(simulator: Simulator) -> None:
    """Play the playbook twice: the second time there is nothing to change."""
    book = simulator.data_dir.parent / 'play.yml'
    book.write_text(snippet('Ansible', simulator))
    for changed in (1, 0):
        done = _run(
            simulator,
            'ansible-playbook',
            '-i',
            'localhost,',
            str(book),
        )
        report = json.loads(done[done.index('{\n') :])
        assert report['stats']['localhost']['changed'] == changed, done
        assert report['stats']['localhost']['failures'] == 0, done
    assert '/made_by_ansible' in _paths(simulator)


def manila(simulator: Simulator) -> None:
    """Have Manila's driver make a share, and delete it."""
    conf = simulator.data_dir.parent / 'manila.conf'
    conf.write_text(snippet('Manila', simulator))
    made = json.loads(_run(simulator, 'python', str(_SHARE), str(conf)).split('\n')[-2])
    assert made['pools'] == ['aggr1'], made
    assert made['export'].startswith('127.0.11.1:/share_'), made
    # The manager registers that one.
    assert made['unknown'] == ['share_driver'], made


def _paths(simulator: Simulator) -> set[str]:
    answer: Any = simulator.session.get(
        f'{simulator.origin}/api/storage/volumes',
        params={'fields': 'nas.path'},
        timeout=60,
    ).json()
    return {
        record['nas'].get('path') for record in answer['records'] if 'nas' in record
    }


def _run(simulator: Simulator, program: str, *arguments: str) -> str:
    done = environment.run(simulator, program, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
