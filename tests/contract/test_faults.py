"""Every fault of the simulator, in every call of every route.

The EIC driver runs in this process, as cinder-volume would run it, with a
Glance that is an object. The table is generated: a route is taken once to see
which calls it makes, and then once for each call and each fault that can hit
it. Whatever goes wrong, the volume gets the image's bytes, from EIC or from
Cinder's download to which EIC handed the request; nothing is left over after a
sweep; and the next volume is right.
"""

import dataclasses
import itertools
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ontap_simulator import fault_kinds

from tests.contract import shares, stock
from tests.contract.fault_table import (
    VARIANTS,
    Fault,
    SufferingWorld,
    all_faults,
    shown,
)
from tests.contract.images import Glance, Image
from tests.contract.shares import GOLD
from tests.contract.simulator import Simulator
from tests.contract.stock import GIB

IMAGES = '127.0.81.1:/images'
FLEXVOLS = {GOLD: 'gold', IMAGES: 'images_vol'}
PROTOCOL = 'nfs'

pytestmark = [
    pytest.mark.usefixtures('nfs'),
    pytest.mark.skipif(
        not os.environ.get('EIC_FAULT_TABLE'),
        reason='the table of faults takes half an hour, and a process of its own: '
        'EIC_FAULT_TABLE=1 pytest tests/contract/test_faults.py',
    ),
]


@pytest.fixture(scope='module')
def cinder_conf(served: Simulator, state: Path) -> Iterator[Any]:
    (state / 'shares').write_text(f'{IMAGES}\n{GOLD}\n')
    with stock.configured(state, _config(served, state)) as configuration:
        yield configuration


def _config(served: Simulator, state: Path) -> str:
    backend = stock.config(
        served,
        state,
        netapp_storage_protocol='nfs',
        volume_driver='eic_plugins.volume.nfs.EICNfsDriver',
        netapp_vserver='svm_gold',
        nfs_shares_config=state / 'shares',
        nfs_mount_point_base=state / 'mnt',
        nas_secure_file_operations=True,
        nas_secure_file_permissions=True,
    )
    return (
        backend
        + f"""
[DEFAULT]
image_conversion_dir = {state}/conversion
[eic]
clone_timeout = 2
copy_offload_timeout = 2
fill_wait_timeout = 10
"""
    )


@pytest.fixture(scope='module')
def driver(admin: Any) -> Any:
    return shares.started(admin)


@dataclasses.dataclass(frozen=True)
class Case:
    """A route, and what makes a volume take it."""

    route: str
    share: str = GOLD
    disk_format: str = 'raw'
    located: bool = False
    stock_file: bool = False
    cached_in: str | None = None
    reimage: bool = False


CASES = {
    'cached': Case('cached', located=True, cached_in=GOLD),
    'flexclone': Case('flexclone', IMAGES, located=True),
    'copy_offload': Case('copy_offload', located=True),
    'adopt': Case('adopt', stock_file=True),
    'download of raw': Case('download'),
    'download of qcow2': Case('download', disk_format='qcow2'),
    'reimage': Case('download', reimage=True),
    'reimage of a cached image': Case(
        'cached', located=True, cached_in=GOLD, reimage=True
    ),
}


class SufferingShares(SufferingWorld):
    """Shares are the FlexVols gold and images_vol."""

    pools = (GOLD, IMAGES)

    def root(self, pool: str) -> Path:
        return self.simulator.directory('svm_gold', FLEXVOLS[pool])

    def pool_for(self, case: Case) -> str:
        return case.share

    def flexvol(self, case: Case) -> Mapping[str, str]:
        return {'svm': 'svm_gold', 'volume': FLEXVOLS[case.share]}

    def has_job(self, method: str, path: str) -> bool:
        plain = path.replace('\\', '')
        return method == 'POST' and ('/file/clone' in plain or '/file/copy' in plain)

    takes_space = has_job

    def store(self, case: Case, image: Image) -> None:
        if case.located:
            image.location = f'nfs://127.0.81.2/images/{image.id}'
            self._put(self.root(IMAGES) / image.id, image.stored)
        if case.stock_file:
            self._put(self.root(GOLD) / image.cached, image.raw, GIB)

    @staticmethod
    def _put(path: Path, content: bytes, size: int = 0) -> None:
        path.write_bytes(content)
        os.truncate(path, size or len(content))
        path.chmod(0o666)

    def volume_before(self, case: Case) -> Any | None:
        if not case.reimage:
            return None
        volume = self.new_volume(case.share)
        self.create_empty(volume)
        self._finish(volume)
        return volume

    def attempt(self, case: Case, image: Image, before: Any | None) -> tuple[Any, bool]:
        if before is None:
            return self.make(image, case.share)[0], True
        self.copy_image(before, image)
        return before, True

    def own_names(self, image: Image) -> set[str]:
        return {image.id, image.cached, f'.eic-{image.id}.json'}


@pytest.fixture
def world(
    driver: Any, admin: Any, simulator: Simulator, tmp_path: Path
) -> SufferingShares:
    found = SufferingShares(driver, admin, simulator, Glance())
    found.tmp_path = tmp_path
    return found


def test_there_is_a_variant_of_every_kind_of_fault() -> None:
    assert set(VARIANTS) == set(fault_kinds.PARAMETERS)


@pytest.mark.parametrize(
    ('name', 'fault'),
    list(itertools.product(CASES, all_faults())),
    ids=lambda value: value if isinstance(value, str) else shown(value),
)
def test_no_fault_of_any_call_costs_a_volume(
    name: str, fault: Fault, world: SufferingShares
) -> None:
    assert world.damages(CASES[name], fault) == {}
