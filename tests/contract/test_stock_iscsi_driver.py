"""Cinder's own NetApp iSCSI driver, unmodified, works against the simulator."""

import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.contract import stock
from tests.contract.block import POOLS
from tests.contract.release import since
from tests.contract.simulator import Simulator
from tests.contract.stock import GIB, MIB, head, write

PROTOCOL = 'iscsi'
CONNECTOR = {
    'initiator': 'iqn.1994-05.com.example:host1',
    'host': 'host1',
    'ip': '127.0.0.1',
    'multipath': False,
}
OTHER_CONNECTOR = {
    **CONNECTOR,
    'initiator': 'iqn.1994-05.com.example:host2',
    'host': 'host2',
}


@pytest.fixture
def created(driver: Any, admin: Any, created: Any) -> Any:
    """A volume that the driver has created and exported."""
    created.update(driver.create_export(admin, created, CONNECTOR))
    created.save()
    return created


def methods(calls: dict[str, Any]) -> list[str]:
    """Without the looks at jobs, which LUNs are made and deleted by from 9.16.1 on."""
    return [
        f'{call["method"]} {call["path"].rstrip("/")}'
        for call in calls['calls']
        if not call['path'].startswith('/api/cluster/jobs/')
    ]


def lun(simulator: Simulator, volume: Any, fields: str = '**') -> dict[str, Any]:
    response = simulator.session.get(
        f'{simulator.origin}/api/storage/luns',
        timeout=30,
        params={'name': f'*/{volume.name}', 'fields': fields},
    )
    (record,) = response.json()['records']
    return record


def test_driver_starts_and_every_flexvol_is_a_pool(driver: Any) -> None:
    stats = driver.get_volume_stats(refresh=True)
    assert sorted(p['pool_name'] for p in stats['pools']) == sorted(POOLS)
    assert stats['storage_protocol'] == 'iSCSI'


def test_pools_report_capacity_and_what_is_provisioned(
    driver: Any, created: Any
) -> None:
    found = {p['pool_name']: p for p in driver.get_volume_stats(refresh=True)['pools']}
    assert found['san_one']['total_capacity_gb'] == 100
    assert found['san_one']['provisioned_capacity_gb'] == 1
    assert found['san_two']['provisioned_capacity_gb'] == 0
    assert found['san_one']['netapp_aggregate'] == 'aggr1'
    assert 0 <= found['san_one']['utilization'] <= 100


def test_create_volume_makes_a_lun_that_takes_no_space(
    created: Any, simulator: Simulator, pool: Path
) -> None:
    record = lun(simulator, created)
    assert record['name'] == f'/vol/san_one/{created.name}'
    assert (record['space']['size'], record['os_type']) == (GIB, 'linux')
    assert len(record['serial_number']) == 12
    assert (pool / created.name).stat().st_size == GIB
    assert (pool / created.name).stat().st_blocks == 0


def test_create_volume_takes_one_call(
    driver: Any, new_volume: Any, simulator: Simulator
) -> None:
    before = simulator.calls()['last']
    driver.create_volume(new_volume())
    assert methods(simulator.calls(before, 'stock')) == ['POST /api/storage/luns']


def test_delete_volume_deletes_the_lun_and_its_file(
    driver: Any, created: Any, simulator: Simulator, pool: Path
) -> None:
    before = simulator.calls()['last']
    driver.delete_volume(created)
    assert methods(simulator.calls(before, 'stock')) == [
        'DELETE /api/storage/luns',
        'DELETE /api/storage/qos/policies',
    ]
    assert not (pool / created.name).exists()
    assert not driver.library.zapi_client.get_lun_list()


def test_extend_volume_grows_the_lun(
    driver: Any, created: Any, simulator: Simulator, pool: Path
) -> None:
    write(pool / created.name, b'content')
    driver.extend_volume(created, 3)
    assert lun(simulator, created)['space']['size'] == 3 * GIB
    assert (pool / created.name).stat().st_size == 3 * GIB
    assert head(pool / created.name, 7) == b'content'


def test_create_cloned_volume_is_one_lun_clone_with_the_same_content(
    driver: Any, created: Any, new_volume: Any, simulator: Simulator, pool: Path
) -> None:
    write(pool / created.name, b'content'.ljust(MIB, b'x'))
    clone = new_volume(size=2)
    before = simulator.calls()['last']
    driver.create_cloned_volume(clone, created)
    assert methods(simulator.calls(before, 'stock'))[:2] == [
        'POST /api/storage/luns',
        'GET /api/storage/luns',
    ]
    assert head(pool / clone.name) == head(pool / created.name)
    assert lun(simulator, clone)['space']['size'] == 2 * GIB
    assert simulator.control('GET', '/counters')['lun_clones'] == 1


def test_clone_is_independent_of_its_source(
    driver: Any, created: Any, new_volume: Any, pool: Path
) -> None:
    write(pool / created.name, b'before')
    clone = new_volume()
    driver.create_cloned_volume(clone, created)
    write(pool / created.name, b'after!')
    driver.delete_volume(created)
    assert head(pool / clone.name, 6) == b'before'


def test_snapshot_volume_from_it_and_revert(
    driver: Any, admin: Any, created: Any, new_volume: Any, pool: Path
) -> None:
    write(pool / created.name, b'before')
    snapshot = stock.new_snapshot(admin, created)
    driver.create_snapshot(snapshot)
    write(pool / created.name, b'after!')
    volume = new_volume()
    driver.create_volume_from_snapshot(volume, snapshot)
    assert head(pool / volume.name, 6) == b'before'
    driver.revert_to_snapshot(admin, created, snapshot)
    assert head(pool / created.name, 6) == b'before'
    driver.delete_snapshot(snapshot)
    assert sorted(p.name for p in pool.iterdir()) == sorted([created.name, volume.name])


def test_connection_tells_where_the_lun_is(driver: Any, created: Any) -> None:
    connection = driver.initialize_connection(created, CONNECTOR)
    data = connection['data']
    assert connection['driver_volume_type'] == 'iscsi'
    assert data['target_iqn'].startswith('iqn.1992-08.com.netapp:sn.')
    assert data['target_portal'] in {'127.0.83.1:3260', '127.0.83.2:3260'}
    assert data['target_lun'] == 0


def test_second_lun_of_a_host_has_the_next_number(
    driver: Any, admin: Any, created: Any, new_volume: Any
) -> None:
    other = new_volume()
    driver.create_volume(other)
    other.update(driver.create_export(admin, other, CONNECTOR))
    driver.initialize_connection(created, CONNECTOR)
    data = driver.initialize_connection(other, CONNECTOR)['data']
    assert data['target_lun'] == 1


def test_same_host_connects_twice_under_the_same_number(
    driver: Any, created: Any
) -> None:
    first, second = (driver.initialize_connection(created, CONNECTOR) for _ in range(2))
    assert first['data']['target_lun'] == second['data']['target_lun']


def test_igroup_of_a_host_is_made_once(
    driver: Any, created: Any, simulator: Simulator
) -> None:
    for connector in (CONNECTOR, CONNECTOR, OTHER_CONNECTOR):
        driver.initialize_connection(created, connector)
    igroups = simulator.session.get(
        f'{simulator.origin}/api/protocols/san/igroups',
        timeout=30,
        params={'fields': 'initiators,protocol,os_type'},
    ).json()['records']
    assert sorted(g['initiators'][0]['name'] for g in igroups) == [
        CONNECTOR['initiator'],
        OTHER_CONNECTOR['initiator'],
    ]
    assert {(g['protocol'], g['os_type']) for g in igroups} == {('iscsi', 'linux')}


def test_terminate_connection_unmaps_the_lun_of_that_host(
    driver: Any, created: Any, simulator: Simulator
) -> None:
    for connector in (CONNECTOR, OTHER_CONNECTOR):
        driver.initialize_connection(created, connector)
    driver.terminate_connection(created, CONNECTOR)
    record = lun(simulator, created)
    assert len(record['lun_maps']) == 1
    driver.terminate_connection(created, None)
    assert lun(simulator, created)['status']['mapped'] is False


def test_mapped_volume_is_deleted_with_its_map(
    driver: Any, created: Any, simulator: Simulator
) -> None:
    driver.initialize_connection(created, CONNECTOR)
    driver.delete_volume(created)
    maps = simulator.session.get(
        f'{simulator.origin}/api/protocols/san/lun-maps', timeout=30
    ).json()
    assert maps['num_records'] == 0


def test_existing_lun_can_be_managed(
    driver: Any, created: Any, new_volume: Any, pool: Path
) -> None:
    reference = {'source-name': f'/vol/san_one/{created.name}'}
    volume = new_volume()
    assert driver.manage_existing_get_size(volume, reference) == 1
    driver.manage_existing(volume, reference)
    assert [p.name for p in pool.iterdir()] == [volume.name]


@since(29, 'LUNs are not copied to another pool for a clone')
def test_lun_is_copied_to_another_pool_by_the_cluster(
    driver: Any, created: Any, new_volume: Any, simulator: Simulator, pool: Path
) -> None:
    write(pool / created.name, b'c' * MIB)
    client = driver.library.zapi_client
    name = f'volume-{uuid.uuid4()}'
    path = client.start_lun_copy(
        created.name,
        'san_two',
        'svm_san',
        src_ontap_volume='san_one',
        dest_lun_name=name,
    )
    driver.library._wait_for_lun_copy_completion(path)
    assert client.get_lun_copy_status(path)['job-status'] == 'complete'
    copied = simulator.directory('svm_san', 'san_two') / name
    assert copied.stat().st_size == GIB
    assert head(copied) == b'c' * MIB
    counters = simulator.control('GET', '/counters')
    assert counters['lun_copies']['finished'] == 1
    assert counters['bytes_copied'] == MIB


def test_lun_copy_is_cancelled_by_deleting_its_destination(
    driver: Any, created: Any, simulator: Simulator, pool: Path
) -> None:
    write(pool / created.name, b'c' * MIB)
    simulator.control('PATCH', '/settings', json={'copy_throughput': 1024})
    client = driver.library.zapi_client
    path = client.start_lun_copy(
        created.name,
        'san_two',
        'svm_san',
        src_ontap_volume='san_one',
        dest_lun_name='copy',
    )
    assert client.get_lun_copy_status(path)['job-status'] in {
        'preparing',
        'replicating',
    }
    client.cancel_lun_copy(path)
    assert client.get_lun_copy_status(path) is None
    assert not (simulator.directory('svm_san', 'san_two') / 'copy').exists()
    assert simulator.control('GET', '/counters')['lun_copies']['running'] == 0


@since(29, 'LUNs are not copied to another pool for a clone')
def test_clone_across_pools_copies_the_lun(
    driver: Any,
    created: Any,
    new_volume: Any,
    simulator: Simulator,
    pool: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The driver's own code for it, which no option of it turns on."""
    monkeypatch.setattr(driver.library, 'clone_across_pools', True)
    write(pool / created.name, b'c' * MIB)
    volume = new_volume('san_two')
    driver.create_cloned_volume(volume, created)
    assert head(simulator.directory('svm_san', 'san_two') / volume.name) == b'c' * MIB


def test_full_flexvol_fails_the_clone_and_leaves_nothing(
    driver: Any, created: Any, new_volume: Any, simulator: Simulator, pool: Path
) -> None:
    from cinder import exception  # noqa: PLC0415

    simulator.fault('volume_full', svm='svm_san', volume='san_one')
    volume = new_volume()
    with pytest.raises(exception.VolumeBackendAPIException):
        driver.create_cloned_volume(volume, created)
    assert [p.name for p in pool.iterdir()] == [created.name]


@since(29, 'the clean-up of snapshots is asked for by ZAPI')
def test_housekeeping_and_ems_messages_are_accepted(
    driver: Any, simulator: Simulator
) -> None:
    before = simulator.calls()['last']
    driver.library._handle_housekeeping_tasks()
    driver.library._handle_ems_logging()
    driver.library._delete_snapshots_marked_for_deletion()
    calls = simulator.calls(before, 'stock')['calls']
    assert {c['status'] for c in calls} <= {200, 201}
    assert simulator.control('GET', '/counters')['ems_messages'] == 2


@since(29, 'a LUN gets its policy by ZAPI')
def test_volume_type_with_qos_gets_a_policy_at_its_lun(
    driver: Any, created: Any, simulator: Simulator
) -> None:
    client = driver.library.zapi_client
    info = {'spec': {'policy_name': 'openstack-1', 'max_throughput': '500iops'}}
    client.provision_qos_policy_group(info, True)
    client.set_lun_qos_policy_group(f'/vol/san_one/{created.name}', 'openstack-1')
    assert lun(simulator, created)['qos_policy']['name'] == 'openstack-1'
