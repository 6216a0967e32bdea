"""Cinder's own NetApp NVMe/TCP driver, unmodified, works against the simulator."""

from pathlib import Path
from typing import Any

import pytest

from tests.contract import stock
from tests.contract.release import since
from tests.contract.simulator import Simulator
from tests.contract.stock import GIB, MIB, head, write

PROTOCOL = 'nvme'
CONNECTOR = {'nqn': 'nqn.2014-08.org.nvmexpress:uuid:host-1', 'host': 'host1'}
OTHER_CONNECTOR = {'nqn': 'nqn.2014-08.org.nvmexpress:uuid:host-2', 'host': 'host2'}


def namespace(simulator: Simulator, volume: Any) -> dict[str, Any]:
    response = simulator.session.get(
        f'{simulator.origin}/api/storage/namespaces',
        timeout=30,
        params={'name': f'*/{volume.name}', 'fields': '**'},
    )
    (record,) = response.json()['records']
    return record


def test_driver_starts_and_every_flexvol_is_a_pool(driver: Any) -> None:
    stats = driver.get_volume_stats(refresh=True)
    assert sorted(p['pool_name'] for p in stats['pools']) == ['san_one', 'san_two']
    assert stats['storage_protocol'] == 'NVMe'


def test_pools_report_capacity_and_what_is_provisioned(
    driver: Any, created: Any
) -> None:
    found = {p['pool_name']: p for p in driver.get_volume_stats(refresh=True)['pools']}
    assert found['san_one']['total_capacity_gb'] == 100
    assert found['san_one']['provisioned_capacity_gb'] == 1
    assert found['san_two']['total_volumes'] == 0


def test_create_volume_makes_a_namespace_that_takes_no_space(
    created: Any, simulator: Simulator, pool: Path
) -> None:
    record = namespace(simulator, created)
    assert record['name'] == f'/vol/san_one/{created.name}'
    assert (record['space']['size'], record['os_type']) == (GIB, 'linux')
    assert record['space']['block_size'] == 4096
    assert (pool / created.name).stat().st_size == GIB
    assert (pool / created.name).stat().st_blocks == 0


def test_delete_volume_deletes_the_namespace_and_its_file(
    driver: Any, created: Any, simulator: Simulator, pool: Path
) -> None:
    before = simulator.calls()['last']
    driver.delete_volume(created)
    call, *polls = simulator.calls(before, 'stock')['calls']
    # From 9.16.1 on, a job deletes it.
    assert all(poll['path'].startswith('/api/cluster/jobs/') for poll in polls)
    assert (call['method'], call['path']) == ('DELETE', '/api/storage/namespaces')
    assert not list(pool.iterdir())


def test_extend_volume_grows_the_namespace(
    driver: Any, created: Any, simulator: Simulator, pool: Path
) -> None:
    write(pool / created.name, b'content')
    driver.extend_volume(created, 3)
    assert namespace(simulator, created)['space']['size'] == 3 * GIB
    assert head(pool / created.name, 7) == b'content'


def test_create_cloned_volume_has_the_same_content_and_grows(
    driver: Any, created: Any, new_volume: Any, simulator: Simulator, pool: Path
) -> None:
    write(pool / created.name, b'content'.ljust(MIB, b'x'))
    clone = new_volume(size=2)
    driver.create_cloned_volume(clone, created)
    assert head(pool / clone.name) == head(pool / created.name)
    assert namespace(simulator, clone)['space']['size'] == 2 * GIB
    assert simulator.control('GET', '/counters')['namespace_clones'] == 1


def test_snapshot_keeps_the_content_of_its_moment(
    driver: Any, admin: Any, created: Any, new_volume: Any, pool: Path
) -> None:
    write(pool / created.name, b'before')
    snapshot = stock.new_snapshot(admin, created)
    driver.create_snapshot(snapshot)
    write(pool / created.name, b'after!')
    volume = new_volume()
    driver.create_volume_from_snapshot(volume, snapshot)
    driver.delete_snapshot(snapshot)
    assert head(pool / volume.name, 6) == b'before'
    assert not (pool / snapshot.name).exists()


@since(29, 'one portal is told')
def test_connection_tells_where_the_namespace_is(
    driver: Any, created: Any, simulator: Simulator
) -> None:
    connection = driver.initialize_connection(created, CONNECTOR)
    data = connection['data']
    assert connection['driver_volume_type'] == 'nvmeof'
    assert data['target_nqn'].startswith('nqn.1992-08.com.netapp:sn.')
    assert sorted(data['portals']) == [
        ('127.0.83.1', 4420, 'tcp'),
        ('127.0.83.2', 4420, 'tcp'),
    ]
    assert data['vol_uuid'] == namespace(simulator, created)['uuid']


@since(27, 'a namespace is mapped to one host')
def test_second_host_joins_the_subsystem_of_the_first(
    driver: Any, created: Any, simulator: Simulator
) -> None:
    for connector in (CONNECTOR, OTHER_CONNECTOR, OTHER_CONNECTOR):
        driver.initialize_connection(created, connector)
    (system,) = simulator.session.get(
        f'{simulator.origin}/api/protocols/nvme/subsystems',
        timeout=30,
        params={'fields': 'hosts'},
    ).json()['records']
    assert sorted(host['nqn'] for host in system['hosts']) == [
        CONNECTOR['nqn'],
        OTHER_CONNECTOR['nqn'],
    ]


@since(27, 'a namespace is mapped to one host')
def test_terminate_connection_takes_the_host_out(
    driver: Any, created: Any, simulator: Simulator
) -> None:
    for connector in (CONNECTOR, OTHER_CONNECTOR):
        driver.initialize_connection(created, connector)
    driver.terminate_connection(created, CONNECTOR)
    (system,) = simulator.session.get(
        f'{simulator.origin}/api/protocols/nvme/subsystems',
        timeout=30,
        params={'fields': 'hosts'},
    ).json()['records']
    assert [host['nqn'] for host in system['hosts']] == [OTHER_CONNECTOR['nqn']]


def test_mapped_volume_is_deleted_with_its_map(
    driver: Any, created: Any, simulator: Simulator
) -> None:
    driver.initialize_connection(created, CONNECTOR)
    driver.delete_volume(created)
    maps = simulator.session.get(
        f'{simulator.origin}/api/protocols/nvme/subsystem-maps', timeout=30
    ).json()
    assert maps['num_records'] == 0


def test_full_flexvol_fails_the_clone_and_leaves_nothing(
    driver: Any, created: Any, new_volume: Any, simulator: Simulator, pool: Path
) -> None:
    from cinder import exception  # noqa: PLC0415

    simulator.fault('volume_full', svm='svm_san', volume='san_one')
    with pytest.raises(exception.VolumeBackendAPIException):
        driver.create_cloned_volume(new_volume(), created)
    assert [p.name for p in pool.iterdir()] == [created.name]
