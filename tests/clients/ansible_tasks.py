"""The Ansible collection netapp.ontap: one playbook, in Ansible's own environment."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ontap_simulator.testing import Simulator

from tests.clients import environment
from tests.clients.tally import Attempt, Known, Tally

_PLAYBOOK = Path(__file__).with_name('playbook.yml')

_ZAPI = Known('client', 'the module has only ZAPI')
_NVME = Known(
    'client', 'by REST the module cannot say allow_delete_while_mapped, and is refused'
)
KNOWN: Mapping[str, Known] = {
    'info': _ZAPI,
    'file_directory_policy': _ZAPI,
    'nvme_subsystem delete': _NVME,
    'nvme_namespace delete': Known('client', 'the subsystem before it is still there'),
}


def run(simulator: Simulator) -> Tally:
    """Play it."""
    done = environment.run(
        simulator, 'ansible-playbook', '-i', 'localhost,', '-c', 'local', _PLAYBOOK
    )
    # Warnings come before the JSON.
    report = json.loads(done.stdout[done.stdout.index('{\n') :])
    return Tally('Ansible, netapp.ontap', _version(), list(_attempts(report)), KNOWN)


def _attempts(report: Any) -> Iterator[Attempt]:
    for play in report['plays']:
        for task in play['tasks']:
            found = task['hosts']['localhost']
            failed = found.get('failed', False)
            text = str(found.get('msg') or found.get('exception') or 'changed again')
            yield Attempt(
                task['task']['name'], ' '.join(text.split()) if failed else ''
            )


def _version() -> str:
    (manifest,) = environment.DIRECTORY.glob(
        'lib/python*/site-packages/ansible_collections/netapp/ontap/MANIFEST.json'
    )
    return str(json.loads(manifest.read_text())['collection_info']['version'])
