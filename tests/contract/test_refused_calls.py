"""What it costs when ONTAP refuses a call: to a role that lacks it, or by an error.

A row for each call of ``eic_plugins.ontap`` that a volume may make. Two volumes
of one image are made while ONTAP refuses the call, with 403 and with 500: whatever
it was, each volume is right and costs one download at most, what could only have
helped costs none, and a refusal is never taken for silence.
"""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from eic_plugins.model import Reason
from eic_plugins.ontap.session import role_path
from tests.contract import block, shares
from tests.contract.block import BlockWorld
from tests.contract.fault_table import was_hit
from tests.contract.images import Glance, Image
from tests.contract.shares import GOLD
from tests.contract.simulator import Simulator
from tests.contract.stock import MIB
from tests.contract.test_image_kinds import (  # noqa: F401 - fixtures
    cinder_conf,
    protocol,
)
from tests.contract.world import World

VOLUMES = 2
SVM_OF = {
    'images': ('svm_gold', 'images_vol', 'nfs://127.0.81.2/images'),
    'silver': ('svm_silver', 'silver_vol', 'nfs://127.0.82.1/tenants/silver'),
}
LEFT = ('cinder_download',) * VOLUMES
COPIED = ('copy_offload', 'cached')
DOWNLOADED = ('download', 'cached')
DENIED, REJECTED = 403, 500

pytestmark = [pytest.mark.usefixtures('nfs'), block.NEEDS_ROOT]


@dataclasses.dataclass(frozen=True)
class Row:
    """A call, where the image is, and what becomes of two volumes.

    ``reasons`` are for 403 and 500, of what was refused. ``asked`` is False for a
    call that is not made if all goes well: nothing may come of it.
    """

    protocol: str
    method: str
    path: str
    routes: Sequence[str]
    reasons: tuple[Reason | None, Reason | None] = (None, None)
    located: str = ''
    asked: bool = True

    def __str__(self) -> str:
        return f'{self.protocol} {self.method} {self.path}'


DENIED_FILL = (Reason.PERMISSION_DENIED, Reason.FILL_FAILED)
DENIED_LOOK = (Reason.PERMISSION_DENIED, Reason.LOOKUP_FAILED)
ROWS = (
    Row(
        'nfs',
        'POST',
        '/storage/file/clone$',
        LEFT,
        (Reason.PERMISSION_DENIED, Reason.CLONE_FAILED),
        'images',
    ),
    Row('nfs', 'POST', '/storage/file/copy$', DOWNLOADED, DENIED_FILL, 'images'),
    Row(
        'nfs',
        'GET',
        '/storage/volumes/[^/]*/files',
        COPIED,
        located='images',
        asked=False,
    ),
    Row('nfs', 'PATCH', '/storage/volumes/[^/]*/files', COPIED, located='images'),
    Row(
        'nfs',
        'DELETE',
        '/storage/volumes/[^/]*/files',
        COPIED,
        located='images',
        asked=False,
    ),
    Row('nfs', 'GET', '/cluster$', COPIED, located='images'),
    Row('nfs', 'GET', '/network/ip/interfaces$', LEFT, DENIED_LOOK, 'images'),
    Row('nfs', 'GET', '/storage/volumes$', LEFT, DENIED_LOOK, 'images'),
    Row(
        'nfs',
        'GET',
        '/svm/peers$',
        DOWNLOADED,
        (Reason.SVM_NOT_PEERED, Reason.SVM_NOT_PEERED),
        'silver',
    ),
    Row('nfs', 'GET', '/storage/file/clone/split-', COPIED, located='images'),
    Row('nfs', 'GET', '/storage/aggregates$', COPIED, located='images'),
    Row('iscsi', 'GET', '/storage/luns$', LEFT, DENIED_FILL),
    Row('iscsi', 'POST', '/storage/luns$', LEFT, DENIED_FILL),
    Row('iscsi', 'PATCH', '/storage/luns/', LEFT, DENIED_FILL),
    Row('iscsi', 'DELETE', '/storage/luns/', DOWNLOADED, asked=False),
    Row('iscsi', 'GET', '/cluster$', DOWNLOADED),
    Row('iscsi', 'GET', '/storage/volumes$', LEFT, DENIED_LOOK),
)


class Share(World):
    """One NFS pool."""

    pools = (GOLD,)

    def root(self, pool: str) -> Path:
        return self.simulator.directory('svm_gold', 'gold')


@pytest.fixture(scope='module')
def share_driver(admin: Any, protocol: str) -> Any:
    if protocol != 'nfs':
        return None
    return shares.started(admin)


@pytest.fixture
def world(
    admin: Any,
    simulator: Simulator,
    protocol: str,
    glance: Glance,
    share_driver: Any,
) -> World:
    if protocol == 'nfs':
        return Share(share_driver, admin, simulator, glance)
    return BlockWorld(admin, simulator, protocol, glance)


def put(world: World, located: str) -> Image:
    """An image, and its file where it is said to be."""
    image = world.glance.add(os.urandom(MIB))
    if located:
        svm, name, export = SVM_OF[located]
        path = world.simulator.directory(svm, name) / image.id
        path.write_bytes(image.stored)
        path.chmod(0o666)
        image.location = f'{export}/{image.id}'
    return image


def make(world: World, image: Image, fault: Mapping[str, Any]) -> tuple[Any, bool]:
    """A volume while the fault is on, and whether the fault was met.

    Cinder's own download, and the stock driver, go without.
    """
    fault_id = world.simulator.fault('error', **fault)
    volume = world.new_volume()
    world.eic.cluster.clone_limits.forget()
    world.eic.statistics.watch_limits()
    cloned = world.clone_image(volume, image)
    hit = was_hit(world.simulator, fault_id)
    world.simulator.control('DELETE', '/faults')
    if not cloned:
        world.download(volume, image)
    volume.refresh()
    return volume, hit


@pytest.mark.parametrize('status', [DENIED, REJECTED])
@pytest.mark.parametrize(
    ('protocol', 'row'),
    [(row.protocol, row) for row in ROWS],
    indirect=['protocol'],
    ids=str,
    scope='module',
)
def test_a_refused_call_costs_no_more_than_its_row_says(
    row: Row,
    status: int,
    world: World,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image = put(world, row.located)
    world.start_anew()
    failures: list[str] = []
    breaker = world.eic.cluster.breaker
    monkeypatch.setattr(breaker, 'failed', lambda: failures.append('no answer'))
    if isinstance(world, BlockWorld):
        world.driver.connections.clear()
    fault = {
        'status': status,
        'code': '6' if status == DENIED else '1',
        'count': None,
        'match': {'method': row.method, 'path': row.path, 'user': 'stock'},
    }
    made = [make(world, image, fault) for _ in range(VOLUMES)]
    volumes = [volume for volume, _ in made]
    assert made[0][1] == row.asked
    assert tuple(volume.metadata['eic_route'] for volume in volumes) == row.routes
    assert all(world.is_right(volume, image) for volume in volumes)
    assert len(world.glance.downloads) == sum(
        'download' in route for route in row.routes
    )
    said = ','.join(volume.metadata.get('eic_refused', '') for volume in volumes)
    assert Reason.ONTAP_UNREACHABLE not in said
    assert failures == []
    reason = row.reasons[0 if status == DENIED else 1]
    assert reason is None or f'={reason}' in said
    if reason is Reason.PERMISSION_DENIED:
        assert 'access level' in caplog.text
        assert f'{row.method} /api/{row.path.strip("/$").split("/[")[0]}' in (
            caplog.text
        )


def test_a_role_that_lacks_a_call_costs_one_futile_fill(
    world: World, protocol: str
) -> None:
    if not isinstance(world, BlockWorld):
        pytest.skip('there the mount does it')
    image = put(world, '')
    world.start_anew()
    world.driver.connections.clear()
    fault = {
        'status': DENIED,
        'code': '6',
        'count': None,
        'match': {'method': 'PATCH', 'path': '/storage/luns/', 'user': 'stock'},
    }
    for _ in range(VOLUMES):
        make(world, image, fault)
    fills = [name for name in world.driver.connections if name.startswith('eic-fill-')]
    assert len(fills) == 1


@pytest.mark.parametrize(
    ('path', 'known'),
    [
        (
            '/api/storage/volumes/2f0b9e1c-7c5e-4c6e-9d3b-0c1f4a7f0d11/files/a%2Fb',
            '/api/storage/volumes/*/files',
        ),
        ('/api/storage/luns/2f0b9e1c-7c5e-4c6e-9d3b-0c1f4a7f0d11', '/api/storage/luns'),
        ('/api/cluster/jobs/2f0b9e1c-7c5e-4c6e-9d3b-0c1f4a7f0d11', '/api/cluster/jobs'),
        ('/api/svm/peers?start=1', '/api/svm/peers'),
    ],
)
def test_a_path_is_named_as_roles_know_it(path: str, known: str) -> None:
    assert role_path(path) == known


def test_the_manual_has_every_path_of_the_role() -> None:
    """Found in the source: no call without its line."""
    import re  # noqa: PLC0415

    root = Path(__file__).parents[2]
    called = {
        role_path(found)
        for module in (root / 'eic_plugins' / 'ontap').glob('*.py')
        for found in re.findall(r"'(/api/[a-z/-]+)'", module.read_text())
    }
    manual = (root / 'docs/operations.md').read_text()
    role = manual.partition('## ONTAP user')[2].partition('\n## ')[0]
    assert called
    assert {path for path in called if f'`{path}`' not in role} == set()
