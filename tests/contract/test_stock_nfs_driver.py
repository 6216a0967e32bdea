"""Cinder's own NetApp NFS driver, unmodified, works against the simulator.

It mounts its shares with ``mount -t nfs``. Privilege separation is off, since
the tests are root already.
"""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract import stock
from tests.contract.release import since
from tests.contract.simulator import Simulator
from tests.contract.stock import GIB, MIB, head

PROTOCOL = 'nfs'
IMAGES = '127.0.81.1:/images'
GOLD = '127.0.81.1:/gold'
STORE = '127.0.81.1:/store'
SHARES = (IMAGES, GOLD, STORE)

pytestmark = pytest.mark.usefixtures('nfs')


@pytest.fixture(scope='module')
def cinder_conf(served: Simulator, state: Path) -> Iterator[Any]:
    (state / 'shares').write_text('\n'.join(SHARES))
    with stock.configured(
        state,
        stock.config(
            served,
            state,
            netapp_storage_protocol='nfs',
            netapp_vserver='svm_gold',
            nfs_shares_config=state / 'shares',
            nfs_mount_point_base=state / 'mnt',
            nas_secure_file_operations=False,
            nas_secure_file_permissions=False,
        ),
    ) as configuration:
        yield configuration


@pytest.fixture
def new_volume(admin: Any) -> Any:
    """Makes volumes in the database."""
    return lambda share=GOLD, size=1: stock.new_volume(admin, share, size)


@pytest.fixture
def new_snapshot(admin: Any) -> Any:
    """Makes snapshots in the database."""
    return lambda volume: stock.new_snapshot(admin, volume)


@pytest.fixture
def gold(simulator: Simulator) -> Path:
    return simulator.directory('svm_gold', 'gold')


class ImageService:
    """What the driver asks Glance for."""

    def __init__(self, location: tuple[str | None, list[Any]]) -> None:
        self._location = location

    def get_location(self, context: Any, image_id: str) -> Any:
        return self._location

    def show(self, context: Any, image_id: str) -> dict[str, Any]:
        return {'id': image_id, 'size': MIB, 'disk_format': 'raw'}


def put_image(directory: Path) -> tuple[str, bytes]:
    """A raw image of Glance's on a FlexVol."""
    image_id = str(uuid.uuid4())
    content = os.urandom(MIB)
    (directory / image_id).write_bytes(content)
    return image_id, content


def clone_image(
    driver: Any, admin: Any, volume: Any, image_id: str, share: str
) -> tuple[dict[str, Any], bool]:
    location = (f'nfs://{share.replace(":/", "/")}/{image_id}', [])
    meta = {'id': image_id, 'size': MIB, 'disk_format': 'raw'}
    return driver.clone_image(admin, volume, location, meta, ImageService(location))


def test_driver_starts_and_finds_a_pool_behind_every_share(driver: Any) -> None:
    stats = driver.get_volume_stats(refresh=True)
    assert sorted(p['pool_name'] for p in stats['pools']) == sorted(SHARES)


def test_pools_report_capacity_and_capabilities(driver: Any) -> None:
    pool = driver.get_volume_stats(refresh=True)['pools'][0]
    assert pool['total_capacity_gb'] == 100
    assert 99 < pool['free_capacity_gb'] <= 100
    assert pool['netapp_aggregate'] == 'aggr1'
    assert pool['netapp_raid_type'] == 'raid_dp'
    assert pool['netapp_disk_type'] == ['ssd']
    assert pool['netapp_flexvol_encryption'] == 'false'
    assert pool['netapp_mirrored'] == 'false'
    assert pool['netapp_thin_provisioned'] == 'true'
    assert pool['QoS_support'] is True


def test_utilisation_comes_from_the_performance_counters(driver: Any) -> None:
    library = driver.perf_library
    for _ in range(2):
        library.update_performance_cache(driver.ssc_library.get_ssc())
    assert 0 <= library.get_node_utilization_for_pool('gold') <= 100


def test_create_volume_makes_a_file_of_its_size(created: Any, gold: Path) -> None:
    assert (gold / created.name).stat().st_size == GIB


def test_delete_volume_deletes_the_file(driver: Any, created: Any, gold: Path) -> None:
    driver.delete_volume(created)
    assert not (gold / created.name).exists()


def test_delete_volume_takes_three_lookups_and_two_deletes(
    driver: Any, created: Any, simulator: Simulator
) -> None:
    before = simulator.calls()['last']
    driver.delete_volume(created)
    calls = simulator.calls(before, 'stock')['calls']
    assert [call['method'] for call in calls] == [
        'GET',
        'GET',
        'GET',
        'DELETE',
        'DELETE',
    ]
    assert calls[-1]['path'] == '/api/storage/qos/policies'


def test_extend_volume_grows_the_file(driver: Any, created: Any, gold: Path) -> None:
    driver.extend_volume(created, 3)
    assert (gold / created.name).stat().st_size == 3 * GIB


def test_create_cloned_volume_has_the_same_content(
    driver: Any, created: Any, new_volume: Any, gold: Path
) -> None:
    (gold / created.name).write_bytes(b'content'.ljust(MIB, b'x'))
    clone = new_volume(size=2)
    clone.update(driver.create_cloned_volume(clone, created))
    assert head(gold / clone.name) == head(gold / created.name)
    assert clone.provider_location == GOLD


def test_snapshot_keeps_the_content_of_its_moment(
    driver: Any, created: Any, new_snapshot: Any, gold: Path
) -> None:
    source = gold / created.name
    with source.open('r+b') as stream:
        stream.write(b'before')
    snapshot = new_snapshot(created)
    driver.create_snapshot(snapshot)
    with source.open('r+b') as stream:
        stream.write(b'after!')
    assert head(gold / snapshot.name, 6) == b'before'


def test_create_volume_from_snapshot_and_delete_the_snapshot(
    driver: Any, created: Any, new_snapshot: Any, new_volume: Any, gold: Path
) -> None:
    snapshot = new_snapshot(created)
    driver.create_snapshot(snapshot)
    volume = new_volume()
    driver.create_volume_from_snapshot(volume, snapshot)
    driver.delete_snapshot(snapshot)
    assert (gold / volume.name).stat().st_size == GIB
    assert not (gold / snapshot.name).exists()


def test_revert_to_snapshot_brings_the_content_back(
    driver: Any, admin: Any, created: Any, new_snapshot: Any, gold: Path
) -> None:
    with (gold / created.name).open('r+b') as stream:
        stream.write(b'before')
    snapshot = new_snapshot(created)
    driver.create_snapshot(snapshot)
    with (gold / created.name).open('r+b') as stream:
        stream.write(b'after!')
    driver.revert_to_snapshot(admin, created, snapshot)
    assert head(gold / created.name, 6) == b'before'


def test_clone_image_on_the_same_flexvol_takes_seven_calls_for_one_file_clone(
    driver: Any, admin: Any, new_volume: Any, simulator: Simulator
) -> None:
    images = simulator.directory('svm_gold', 'images_vol')
    image_id, content = put_image(images)
    volume = new_volume(IMAGES)
    before = simulator.calls()['last']
    update, cloned = clone_image(driver, admin, volume, image_id, IMAGES)
    calls = simulator.calls(before, 'stock')['calls']
    assert cloned
    assert update == {'provider_location': IMAGES, 'bootable': True}
    assert head(images / volume.name) == content
    assert (images / volume.name).stat().st_size == GIB
    assert simulator.control('GET', '/counters')['file_clones'] == 1
    made = [f'{c["method"]} {c["path"].partition("/jobs/")[0]}' for c in calls]
    assert made[:6] == [
        'GET /api/network/ip/interfaces',
        'GET /api/network/ip/interfaces',
        'GET /api/network/ip/interfaces',
        'GET /api/storage/volumes',
        'GET /api/storage/volumes',
        'POST /api/storage/file/clone',
    ]
    # The job is asked about until it has ended.
    assert set(made[6:]) == {'GET /api/cluster'}


def test_every_call_of_the_driver_is_a_connection_of_its_own(
    driver: Any, admin: Any, new_volume: Any, simulator: Simulator
) -> None:
    image_id, _ = put_image(simulator.directory('svm_gold', 'images_vol'))
    before = simulator.calls()['last']
    clone_image(driver, admin, new_volume(IMAGES), image_id, IMAGES)
    calls = simulator.calls(before, 'stock')['calls']
    assert len({c['connection'] for c in calls}) == len(calls)


def test_clone_image_of_a_cached_file_clones_the_cached_file(
    driver: Any, admin: Any, new_volume: Any, gold: Path
) -> None:
    image_id = str(uuid.uuid4())
    (gold / f'img-cache-{image_id}').write_bytes(b'c' * MIB)
    volume = new_volume()
    _, cloned = clone_image(driver, admin, volume, image_id, GOLD)
    assert cloned
    assert head(gold / volume.name) == b'c' * MIB


@since(29, 'the REST client takes the end of a copy for its beginning')
def test_image_on_another_flexvol_comes_by_file_copy(
    driver: Any, admin: Any, new_volume: Any, simulator: Simulator, gold: Path
) -> None:
    image_id, content = put_image(simulator.directory('svm_gold', 'store'))
    volume = new_volume()
    service = ImageService((f'nfs://127.0.81.1/store/{image_id}', []))
    assert driver._copy_from_img_service(
        admin, volume, service, image_id, use_copyoffload_tool=False
    )
    assert (gold / volume.name).read_bytes() == content
    assert (gold / f'img-cache-{image_id}').read_bytes() == content
    counters = simulator.control('GET', '/counters')
    assert counters['file_copies']['finished'] == 1
    assert counters['bytes_copied'] == MIB


@since(29, 'the clean-up of snapshots is asked for by ZAPI')
def test_housekeeping_and_ems_messages_are_accepted(
    driver: Any, simulator: Simulator
) -> None:
    before = simulator.calls()['last']
    driver._handle_housekeeping_tasks()
    driver._handle_ems_logging()
    driver._delete_snapshots_marked_for_deletion()
    driver._clean_image_cache()
    calls = simulator.calls(before, 'stock')['calls']
    assert {c['status'] for c in calls} <= {200, 201}
    assert simulator.control('GET', '/counters')['ems_messages'] == 2


@since(29, 'this is asked for by ZAPI')
def test_the_unique_bytes_of_cached_files_are_reported(
    driver: Any, simulator: Simulator, gold: Path
) -> None:
    (gold / 'img-cache-1').write_bytes(b'c' * MIB)
    os.sync()
    found = driver._shortlist_del_eligible_files(GOLD, ['img-cache-1'])
    assert found == [('img-cache-1', str(MIB))]


def test_a_volume_type_with_qos_gets_a_policy(
    driver: Any, created: Any, simulator: Simulator
) -> None:
    spec = {'policy_name': 'openstack-1', 'max_throughput': '500iops'}
    info = {'spec': spec}
    driver.zapi_client.provision_qos_policy_group(info, True)
    driver._set_qos_policy_group_on_volume(created, info, False)
    driver.zapi_client.mark_qos_policy_group_for_deletion(info)
    assert not driver.zapi_client._get_qos_policy_group_by_name('*openstack-1')
