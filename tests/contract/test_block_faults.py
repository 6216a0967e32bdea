"""Every fault of the simulator, in every call of every route to a LUN.

As ``test_faults`` does for NFS. Whatever goes wrong, the volume gets the image's
bytes, from EIC or from Cinder's download to which EIC handed the request, or it
ends in an error of Cinder's own and is deleted whole; no device is left over
after a sweep; and the next volume is right.
"""

import dataclasses
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.contract import fault_table
from tests.contract.block import NEEDS_ROOT, ONE, SVM, TWO, BlockWorld
from tests.contract.fault_table import Fault, SufferingWorld
from tests.contract.images import Glance, Image
from tests.contract.simulator import Simulator

pytestmark = [
    pytest.mark.skipif(
        not os.environ.get('EIC_FAULT_TABLE'),
        reason='the table of faults takes minutes: EIC_FAULT_TABLE=1 pytest '
        'tests/contract/test_block_faults.py',
    ),
    NEEDS_ROOT,
]
DEVICES = re.compile('/storage/(luns|namespaces)')


@dataclasses.dataclass(frozen=True)
class Case:
    """A route, and what makes a volume take it."""

    protocol: str
    route: str
    disk_format: str = 'raw'
    cached_in: str | None = None


CASES = {
    'iscsi cached': Case('iscsi', 'cached', cached_in=ONE),
    'iscsi copy_offload': Case('iscsi', 'copy_offload', cached_in=TWO),
    'iscsi download of raw': Case('iscsi', 'download'),
    'iscsi download of qcow2': Case('iscsi', 'download', 'qcow2'),
    'nvme cached': Case('nvme', 'cached', cached_in=ONE),
    'nvme download of raw': Case('nvme', 'download'),
}


class SufferingBlocks(SufferingWorld, BlockWorld):
    """A new volume must be cloned, or Cinder may end in an error of its own."""

    def attempt(self, case: Case, image: Image, before: Any | None) -> tuple[Any, bool]:
        volume = self.new_volume()
        return volume, self.clone_image(volume, image)

    def has_job(self, method: str, path: str) -> bool:
        return method != 'GET' and DEVICES.search(path) is not None

    def takes_space(self, method: str, path: str) -> bool:
        return method == 'POST' and self.has_job(method, path)

    def flexvol(self, case: Case) -> Mapping[str, str]:
        return {'svm': SVM, 'volume': ONE}


@pytest.fixture
def world(
    admin: Any, simulator: Simulator, protocol: str, glance: Glance, tmp_path: Path
) -> SufferingBlocks:
    found = SufferingBlocks(admin, simulator, protocol, glance)
    found.tmp_path = tmp_path
    return found


@pytest.mark.parametrize('fault', list(fault_table.all_faults()), ids=fault_table.shown)
@pytest.mark.parametrize(
    ('protocol', 'name'),
    [(case.protocol, name) for name, case in CASES.items()],
    indirect=['protocol'],
    ids=list(CASES),
    scope='module',
)
def test_no_fault_of_any_call_costs_a_volume(
    name: str, fault: Fault, world: SufferingBlocks
) -> None:
    assert world.damages(CASES[name], fault) == {}
