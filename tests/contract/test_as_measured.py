"""What others have seen of real arrays, and what NetApp's API description says of
failures: refused copies, paused ones, mirrors and offline FlexVols, LUNs that are
larger than asked for, jobs that nobody knows.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from ontap_simulator.testing import serving

from eic_plugins.model import Pool, Reason
from eic_plugins.ontap.clone_limits import CloneLimits
from eic_plugins.ontap.files import Files
from eic_plugins.ontap.namespace import Namespace
from eic_plugins.ontap.session import Endpoint, OntapSession
from tests.contract import block
from tests.contract.block import BlockWorld
from tests.contract.images import Image
from tests.contract.simulator import TOPOLOGY, Simulator
from tests.contract.stock import MIB
from tests.contract.test_image_kinds import (  # noqa: F401 - fixtures
    cinder_conf,
    protocol,
)
from tests.contract.test_refused_calls import (  # noqa: F401 - fixtures
    put,
    share_driver,
    world,
)
from tests.contract.world import World

pytestmark = [pytest.mark.usefixtures('nfs'), block.NEEDS_ROOT]
NFS = pytest.mark.parametrize('protocol', ['nfs'], indirect=True, scope='module')
ISCSI = pytest.mark.parametrize('protocol', ['iscsi'], indirect=True, scope='module')
EACH = pytest.mark.parametrize(
    'protocol', ['iscsi', 'nfs', 'nvme'], indirect=True, scope='module'
)
CYLINDER = 255 * 63 * 512
PEERS = '/api/svm/peers'
FSX = {'return_timeout': 'ignored', 'job_links': 'missing', 'speed': 'slow'}


@pytest.fixture(autouse=True)
def nothing_else(simulator: Simulator) -> Iterator[None]:
    """As the simulator is by itself, before and after each test."""
    yield
    simulator.control('PATCH', '/settings', json={'lun_rounding': 0})
    simulator.control('DELETE', '/personality')
    for peering in peerings(simulator):
        ask(simulator, 'DELETE', f'{PEERS}/{peering["uuid"]}')


def ask(simulator: Simulator, method: str, path: str, **kwargs: Any) -> Any:
    """A call as the administrator."""
    answer = simulator.session.request(
        method, simulator.origin + path, timeout=30, **kwargs
    )
    answer.raise_for_status()
    return answer.json()


def peerings(simulator: Simulator) -> Sequence[dict[str, Any]]:
    found: Sequence[dict[str, Any]] = ask(simulator, 'GET', PEERS)['records']
    return found


def peer(simulator: Simulator, *applications: str) -> str:
    """Peer the SVM of the images with that of the pool; the peering's uuid."""
    body = {
        'svm': {'name': 'svm_silver'},
        'peer': {'svm': {'name': 'svm_gold'}},
        'applications': list(applications),
    }
    ask(simulator, 'POST', PEERS, json=body, params={'return_timeout': 15})
    return str(peerings(simulator)[0]['uuid'])


def refused(world: World, image: Image) -> str:
    """Why faster routes were not taken, for a volume that is right."""
    volume, _ = world.make(image)
    assert world.is_right(volume, image)
    return str(volume.metadata.get('eic_refused', ''))


@NFS
@pytest.mark.parametrize(
    ('code', 'change'),
    [
        ('7013361', None),
        ('7013360', {'applications': ['snapmirror']}),
        ('7012362', {'state': 'suspended'}),
    ],
)
def test_a_peering_that_was_there_a_moment_ago(
    world: World,
    simulator: Simulator,
    code: str,
    change: dict[str, Any] | None,
) -> None:
    uuid = peer(simulator, 'file_copy')
    image = put(world, 'silver')
    world.start_anew()
    assert world.eic.cluster.peers.may_copy('svm_gold', 'svm_silver')
    if change is None:
        ask(simulator, 'DELETE', f'{PEERS}/{uuid}')
    else:
        ask(simulator, 'PATCH', f'{PEERS}/{uuid}', json=change)
    since = simulator.calls()['last']
    assert f'copy_offload={Reason.SVM_NOT_PEERED}' in refused(world, image)
    codes = [call['error_code'] for call in simulator.calls(since)['calls']]
    assert code in codes
    assert not world.eic.cluster.peers.may_copy('svm_gold', 'svm_silver')


@NFS
@pytest.mark.parametrize(
    ('code', 'reason'),
    [
        ('7012363', Reason.COPY_FORBIDDEN),
        ('917506', Reason.PLACE_GONE),
        ('2621464', Reason.PLACE_GONE),
    ],
)
def test_a_copy_that_is_refused_says_why_and_costs_a_download(
    world: World, simulator: Simulator, code: str, reason: Reason
) -> None:
    image = put(world, 'images')
    world.start_anew()
    simulator.fault('error', status=400, code=code, match={'path': '/file/copy$'})
    assert f'copy_offload={reason}' in refused(world, image)


@NFS
def test_a_flexvol_that_is_gone_is_looked_up_again(
    world: World, simulator: Simulator
) -> None:
    """Its name and its junction are another FlexVol's by now."""
    image = put(world, 'images')
    world.start_anew()
    known = world.eic.cluster.namespace.flexvols(['svm_gold'])
    simulator.fault('error', status=400, code='917506', match={'path': '/file/copy$'})
    world.make(image)
    assert world.eic.cluster.namespace.flexvols(['svm_gold']) is not known


@NFS
def test_images_in_a_flexvol_that_is_offline_are_downloaded(
    world: World, simulator: Simulator
) -> None:
    image = put(world, 'images')
    found = ask(simulator, 'GET', '/api/storage/volumes', params={'name': 'images_vol'})
    path = f'/api/storage/volumes/{found["records"][0]["uuid"]}'
    ask(simulator, 'PATCH', path, json={'state': 'offline'})
    world.start_anew()
    try:
        assert f'flexclone={Reason.FLEXVOL_UNUSABLE}' in refused(world, image)
    finally:
        ask(simulator, 'PATCH', path, json={'state': 'online'})


@ISCSI
def test_a_copy_that_is_paused_by_an_error_is_not_waited_for(
    world: BlockWorld, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    image = put(world, '')
    world.cache(image, block.TWO)
    world.start_anew()
    simulator.fault('job_pauses', match={'method': 'POST', 'path': '/storage/luns$'})
    volume = world.new_volume()
    assert world.clone_image(volume, image)
    volume.refresh()
    assert f'copy_offload={Reason.FILL_FAILED}' in volume.metadata['eic_refused']
    assert volume.metadata['eic_route'] == 'download'
    assert 'the copy failed: ' in caplog.text
    assert 'had not ended in time' not in caplog.text
    simulator.control('DELETE', '/faults')
    world.settle()
    assert world.left_over(image, volume) == []


@ISCSI
@pytest.mark.parametrize('gib', [1, 2])
def test_luns_that_ontap_rounds_up_are_cached_cloned_and_copied(
    world: BlockWorld, simulator: Simulator, gib: int
) -> None:
    """As ``lun create`` does it to whole cylinders."""
    simulator.control('PATCH', '/settings', json={'lun_rounding': CYLINDER})
    image = world.glance.add(os.urandom(MIB))
    made = [
        world.make(image, pool, gib)
        for pool in (block.ONE, block.ONE, block.TWO, block.TWO)
    ]
    volumes, routes = [each for each, _ in made], [route for _, route in made]
    assert routes == ['download', 'cached', 'copy_offload', 'cached']
    for volume in volumes:
        with world.file(volume).open('rb') as file:
            assert file.read(len(image.raw)) == image.raw
            assert not any(file.read(len(image.raw)))
            size = os.fstat(file.fileno()).st_size
        assert 0 <= size - (gib << 30) < CYLINDER


@EACH
def test_as_on_fsx_each_job_is_unknown_and_its_work_ends_later(
    world: World, simulator: Simulator, protocol: str
) -> None:
    image = put(world, 'images' if protocol == 'nfs' else '')
    simulator.control('PATCH', '/personality', json=FSX)
    world.start_anew()
    volumes = [world.create(image) for _ in range(2)]
    assert all(world.is_right(volume, image) for volume in volumes)
    assert volumes[1].metadata['eic_route'] == 'cached'


@NFS
def test_as_on_fsx_a_peering_is_made_whose_job_is_unknown(
    world: World, simulator: Simulator
) -> None:
    from eic_plugins.ontap.peers import Peers  # noqa: PLC0415

    simulator.control('PATCH', '/personality', json=FSX)
    session = world.eic.cluster.namespace._session
    assert Peers(session, ['svm_silver']).may_copy('svm_gold', 'svm_silver')


@pytest.mark.parametrize('version', ['9.11.1', '9.14.1', '9.19.1'])
def test_the_guard_of_shared_data_sees_clones_in_each_release(
    version: str, storage: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Before 9.15 nobody is told how much data they share."""
    file = tmp_path_factory.mktemp('older') / 'topology.toml'
    file.write_text(TOPOLOGY.replace('9.15.1', version))
    with serving(file, storage / f'data-{version}') as simulator:
        session = OntapSession(
            Endpoint(
                simulator.host,
                simulator.port,
                username='stock',
                password='stock-secret',
                verify=str(simulator.ca),
            )
        )
        flexvol = Namespace(session, 'svm_gold').flexvol('gold')
        image = simulator.directory('svm_gold', 'gold') / 'image'
        image.write_bytes(os.urandom(MIB))
        pool = Pool('gold', flexvol, '')
        Files(session).clone(pool.stored('image'), pool.stored('clone'), 9)
        limits = CloneLimits(session, 90)
        limits.refresh([flexvol])
        calls = simulator.calls()['calls']
        assert [call for call in calls if call['status'] >= 400] == []
        used = limits.used(flexvol)
    assert used is not None
    assert used > 0
