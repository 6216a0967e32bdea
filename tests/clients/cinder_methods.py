"""The REST client of Cinder's stock NetApp drivers, method by method.

Each is called with what a driver would give it, on what the calls before it made.
It is the client alone: its class, its session, its parsing of the answers.
"""

import importlib.metadata
import inspect
import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cinder.volume.drivers.netapp.dataontap.client.client_cmode_rest import RestClient
from ontap_simulator.testing import Simulator
from oslo_config import cfg

from tests.clients.tally import Attempt, Known, Step, Tally, attempt

GIB = 1 << 30
SVM = 'vs1'
IQN = 'iqn.1993-08.org.debian:01:clients'
NQN = 'nqn.2014-08.org.nvmexpress:uuid:11111111-2222-3333-4444-555555555555'
_JOB_SECONDS = 30
_LUN = {'OsType': 'linux', 'SpaceReserved': 'false', 'SpaceAllocated': 'true'}
_QOS = {
    'spec': {'policy_name': 'qos1', 'max_throughput': '1000iops'},
    'legacy': None,
}

KNOWN: Mapping[str, Known] = {
    'set_iscsi_chap_authentication': Known(
        'simulator', 'the driver sets CHAP by SSH, and the simulator has no SSH'
    ),
}


LEFT_OUT: Mapping[str, str] = {
    **dict.fromkeys(
        (
            'abort_snapmirror',
            'break_snapmirror',
            'create_ontap_consistency_group',
            'create_snapmirror',
            'create_snapmirror_for_cg_with_flexvols',
            'delete_snapmirror',
            'expand_ontap_consistency_group',
            'failover_snapmirror_active_sync',
            'initialize_snapmirror',
            'quiesce_snapmirror',
            'release_snapmirror',
            'resume_snapmirror',
            'resync_snapmirror',
            'update_snapmirror',
        ),
        'replication between clusters, which the simulator has none of',
    ),
    **dict.fromkeys(('get_records', 'send_request'), 'called by every other method'),
}


def connect(simulator: Simulator) -> Any:
    """The client, at the defaults of its drivers: a ZAPI client is beside it."""
    # It has to be there; without SSH nobody reads it.
    hosts = simulator.data_dir / 'known_hosts'
    hosts.touch()
    cfg.CONF.set_override('ssh_hosts_key_file', str(hosts))
    return RestClient(
        transport_type='https',
        ssl_cert_path=str(simulator.ca),
        username='admin',
        password='admin-secret',
        hostname=simulator.host,
        port=simulator.port,
        vserver=SVM,
        trace=False,
        api_trace_pattern='(.*)',
        private_key_file=None,
        certificate_file=None,
        ca_certificate_file=None,
        certificate_host_validation=False,
        async_rest_timeout=60,
        zapi_fallback_enabled=True,
    )


def run(simulator: Simulator) -> Tally:
    """Call every method once or more."""
    directory = simulator.directory(SVM, 'vol1')
    (directory / 'file').write_bytes(b'some bytes')
    attempts = [attempt('__init__', lambda: connect(simulator))]
    if attempts[0].passed:
        attempts += _all(connect(simulator))
    return Tally(
        'Cinder, RestClient', importlib.metadata.version('cinder'), attempts, KNOWN
    )


def methods() -> set[str]:
    """Every method that the client's class itself has."""
    return {
        name
        for name, found in vars(RestClient).items()
        if inspect.isfunction(found) and not name.startswith('_')
    }


def calls() -> list[str]:
    """What :func:`run` calls."""
    return [call for call, _ in _steps(None)]


def _all(client: Any) -> Iterator[Attempt]:
    for call, step in _steps(client):
        yield attempt(call, step)


def _steps(client: Any) -> Iterator[tuple[str, Step]]:
    parts = (_reads, _files, _luns, _mapped, _copies, _namespaces, _volumes, _mirrors)
    return itertools.chain.from_iterable(part(client) for part in parts)


def _reads(client: Any) -> Iterator[tuple[str, Step]]:
    yield 'get_ontap_version', lambda: client.get_ontap_version() == (9, 15, 1)
    yield 'check_api_permissions', lambda: client.check_api_permissions() == []
    yield 'check_cluster_api', lambda: client.check_cluster_api('/storage/volumes')
    yield 'list_flexvols', lambda: client.list_flexvols() == ['vol1', 'vol2']
    yield (
        'get_flexvol',
        lambda: client.get_flexvol(flexvol_path='/vol1')['aggregate'] == ['aggr1'],
    )
    yield (
        'is_flexvol_mirrored',
        lambda: client.is_flexvol_mirrored('vol1', SVM) is not None,
    )
    yield (
        'is_flexvol_encrypted',
        lambda: client.is_flexvol_encrypted('vol1', SVM) is not None,
    )
    yield (
        'get_aggregate_disk_types',
        lambda: client.get_aggregate_disk_types('aggr1') == ['ssd'],
    )
    yield (
        'get_aggregate',
        lambda: client.get_aggregate('aggr1')['node-name'] == 'node1',
    )
    yield 'is_qos_min_supported', lambda: client.is_qos_min_supported(True, 'node1')
    yield (
        'get_flexvol_dedupe_info',
        lambda: client.get_flexvol_dedupe_info('vol1')['logical-data-limit'] > 1,
    )
    yield (
        'get_flexvol_dedupe_used_percent',
        lambda: client.get_flexvol_dedupe_used_percent('vol1') < 1,
    )
    yield (
        'get_clone_split_info',
        lambda: client.get_clone_split_info('vol1')['unsplit-clone-count'] == 0,
    )
    yield (
        'get_volume_state',
        lambda: client.get_volume_state(junction_path='/vol1') == 'online',
    )
    yield (
        'get_operational_lif_addresses',
        lambda: (
            client.get_operational_lif_addresses()
            == [
                '127.0.91.1',
                '127.0.91.2',
            ]
        ),
    )
    yield 'send_ems_log_message', lambda: client.send_ems_log_message(_EMS)
    yield (
        'get_performance_counter_info',
        lambda: client.get_performance_counter_info('wafl', 'cp_phase_times')['labels'],
    )
    yield (
        'get_performance_instance_uuids',
        lambda: bool(client.get_performance_instance_uuids('processor', 'node1')),
    )
    yield (
        'get_performance_counters',
        lambda: bool(
            client.get_performance_counters(
                'processor',
                client.get_performance_instance_uuids('processor', 'node1'),
                ['domain_busy', 'processor_elapsed_time'],
            )
        ),
    )
    yield (
        'get_aggregate_capacities',
        lambda: client.get_aggregate_capacities(['aggr1'])['aggr1']['size-total'] > 0,
    )
    yield (
        'get_node_for_aggregate',
        lambda: client.get_node_for_aggregate('aggr2') == 'node2',
    )
    yield (
        'get_vol_by_junc_vserver',
        lambda: client.get_vol_by_junc_vserver(SVM, '/vol2') == 'vol2',
    )
    yield (
        'get_if_info_by_ip',
        lambda: client.get_if_info_by_ip('127.0.92.1') == [{'vserver': 'vs2'}],
    )
    yield (
        'get_flexvol_capacity',
        lambda: client.get_flexvol_capacity(flexvol_path='/vol1')['size-total'] > 0,
    )
    yield (
        'get_provisioning_options_from_flexvol',
        lambda: client.get_provisioning_options_from_flexvol('vol1')['size'] == 100,
    )
    yield 'flexvol_exists', lambda: client.flexvol_exists('vol1')
    yield 'flexvol_exists_in_svm', lambda: client.flexvol_exists_in_svm(SVM, 'vol2')
    yield 'get_cluster_name', lambda: client.get_cluster_name() == 'clients'
    yield 'get_svm_uuid_by_name', lambda: bool(client.get_svm_uuid_by_name())
    yield (
        'get_volume_snapshot_dir_access',
        lambda: client.get_volume_snapshot_dir_access('vol1'),
    )
    yield (
        'get_flexvols_cg_info',
        lambda: client.get_flexvols_cg_info(['vol1'])[0]['cg_name'] is None,
    )
    yield (
        'consistency_group_exists',
        lambda: not client.consistency_group_exists(SVM, 'none'),
    )


def _files(client: Any) -> Iterator[tuple[str, Step]]:
    yield (
        'get_file_sizes_by_dir',
        lambda: (
            {'name': 'file', 'file-size': 10.0} in client.get_file_sizes_by_dir('vol1')
        ),
    )
    yield 'get_file_usage', lambda: client.get_file_usage('/vol/vol1/file', SVM) != '0'
    yield 'clone_file', lambda: client.clone_file('vol1', 'file', 'clone', SVM)
    yield 'rename_file', lambda: client.rename_file('/vol/vol1/clone', '/vol/vol1/to')
    yield (
        'provision_qos_policy_group',
        lambda: client.provision_qos_policy_group(_QOS, True),
    )
    yield (
        'file_assign_qos',
        lambda: client.file_assign_qos('vol1', 'qos1', False, 'to'),
    )
    yield 'delete_file', lambda: client.delete_file('/vol/vol1/to')
    yield (
        'mark_qos_policy_group_for_deletion',
        lambda: client.mark_qos_policy_group_for_deletion(_QOS),
    )
    yield (
        'remove_unused_qos_policy_groups',
        lambda: client.remove_unused_qos_policy_groups() is None,
    )
    yield 'create_cg_snapshot', lambda: client.create_cg_snapshot(['vol1'], 'snap')
    yield (
        'clone_file(source_snapshot)',
        lambda: client.clone_file('vol1', 'file', 'old', SVM, source_snapshot='snap'),
    )
    yield (
        'get_snapshot',
        lambda: not client.get_snapshot('vol1', 'snap')['busy'],
    )
    yield 'rename_snapshot', lambda: client.rename_snapshot('vol1', 'snap', 'snap2')
    yield (
        'wait_for_busy_snapshot',
        lambda: client.wait_for_busy_snapshot('vol1', 'snap2'),
    )
    yield (
        'mark_snapshot_for_deletion',
        lambda: client.mark_snapshot_for_deletion('vol1', 'snap2'),
    )
    yield (
        'get_snapshots_marked_for_deletion',
        lambda: _comes_true(
            lambda: len(client.get_snapshots_marked_for_deletion()) == 1
        ),
    )
    yield (
        'delete_snapshot',
        lambda: client.delete_snapshot('vol1', 'deleted_cinder_snap2'),
    )


def _comes_true(condition: Callable[[], bool]) -> bool:
    """Wait for what a job does: not every method of the client waits for its own."""
    until = time.monotonic() + _JOB_SECONDS
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def _luns(client: Any) -> Iterator[tuple[str, Step]]:
    yield 'create_lun', lambda: client.create_lun('vol1', 'lun', GIB, _LUN)
    yield 'get_lun_list', lambda: client.get_lun_list()[0]['Path'] == '/vol/vol1/lun'
    yield (
        'get_lun_by_args',
        lambda: len(client.get_lun_by_args(path='/vol/vol1/lun')) == 1,
    )
    yield (
        'get_lun_sizes_by_volume',
        lambda: client.get_lun_sizes_by_volume('vol1')[0]['size'] == GIB,
    )
    yield (
        'do_direct_resize',
        lambda: client.do_direct_resize('/vol/vol1/lun', 2 * GIB),
    )
    yield 'clone_lun', lambda: client.clone_lun('vol1', 'lun', 'clone', 'false')
    yield (
        'clone_lun(source_snapshot)',
        lambda: (
            (
                client.create_cg_snapshot(['vol1'], 'luns'),
                client.clone_lun(
                    'vol1', 'lun', 'then', 'false', source_snapshot='luns'
                ),
            )
            != ()
        ),
    )
    yield 'move_lun', lambda: client.move_lun('/vol/vol1/clone', '/vol/vol1/named')
    yield (
        'set_lun_qos_policy_group',
        lambda: (
            (
                client.provision_qos_policy_group(_QOS, True),
                client.set_lun_qos_policy_group('/vol/vol1/named', 'qos1'),
            )
            != ()
        ),
    )
    yield 'destroy_lun', lambda: client.destroy_lun('/vol/vol1/named')


def _mapped(client: Any) -> Iterator[tuple[str, Step]]:
    yield 'create_igroup', lambda: client.create_igroup('group', 'iscsi', 'linux')
    yield 'add_igroup_initiator', lambda: client.add_igroup_initiator('group', IQN)
    yield (
        'get_igroup_by_initiators',
        lambda: len(client.get_igroup_by_initiators([IQN])) == 1,
    )
    yield (
        'get_igroup_by_name',
        lambda: client.get_igroup_by_name('group')['initiator-group-uuid'],
    )
    yield 'map_lun', lambda: client.map_lun('/vol/vol1/lun', 'group') == 0
    yield 'get_lun_map', lambda: client.get_lun_map('/vol/vol1/lun')[0]['lun-id'] == 0
    yield (
        'has_luns_mapped_to_initiators',
        lambda: client.has_luns_mapped_to_initiators([IQN]),
    )
    yield 'unmap_lun', lambda: client.unmap_lun('/vol/vol1/lun', 'group')
    yield 'get_fc_target_wwpns', lambda: len(client.get_fc_target_wwpns()) > 0
    yield 'get_iscsi_service_details', lambda: bool(client.get_iscsi_service_details())
    yield 'get_iscsi_target_details', lambda: len(client.get_iscsi_target_details()) > 0
    yield (
        'check_iscsi_initiator_exists',
        lambda: client.check_iscsi_initiator_exists(IQN) is not None,
    )
    yield (
        'set_iscsi_chap_authentication',
        lambda: client.set_iscsi_chap_authentication(IQN, 'user', 'secret'),
    )
    yield (
        'set_igroup_host_proximity',
        lambda: client.set_igroup_host_proximity(_group(client), [IQN], None),
    )
    yield (
        'is_igroup_proximity_configured',
        lambda: client.is_igroup_proximity_configured(_group(client)),
    )


def _copies(client: Any) -> Iterator[tuple[str, Step]]:
    yield 'start_lun_copy', lambda: client.start_lun_copy('lun', 'vol2', SVM, 'vol1')
    yield (
        'get_lun_copy_status',
        lambda: client.get_lun_copy_status('/vol/vol2/lun')['job-status'],
    )
    yield 'cancel_lun_copy', lambda: client.cancel_lun_copy('/vol/vol2/lun')
    yield 'start_lun_move', lambda: client.start_lun_move('then', 'vol2', 'vol1')
    yield (
        'get_lun_move_status',
        lambda: client.get_lun_move_status('/vol/vol2/then')['job-status'] != '',
    )
    yield (
        'start_file_copy',
        lambda: client.start_file_copy('file', 'vol2', 'vol1', 'copy'),
    )
    yield (
        'get_file_copy_status',
        lambda: client.get_file_copy_status(
            client.start_file_copy('file', 'vol2', 'vol1', 'copy2')
        )['job-status'],
    )
    yield 'destroy_file_copy', lambda: _cancelled(client)
    yield (
        'create_vserver_peer',
        lambda: client.create_vserver_peer(SVM, 'vs2', ['file_copy']),
    )
    yield 'get_vserver_peers', lambda: len(client.get_vserver_peers(SVM, 'vs2')) == 1


def _namespaces(client: Any) -> Iterator[tuple[str, Step]]:
    yield (
        'create_namespace',
        lambda: client.create_namespace('vol1', 'ns', GIB, {'OsType': 'linux'}),
    )
    yield (
        'get_namespace_list',
        lambda: client.get_namespace_list()[0]['Path'] == '/vol/vol1/ns',
    )
    yield (
        'get_namespace_by_args',
        lambda: (
            client.get_namespace_by_args(path='/vol/vol1/ns')[0]['BlockSize'] == 4096
        ),
    )
    yield (
        'get_namespace_sizes_by_volume',
        lambda: client.get_namespace_sizes_by_volume('vol1')[0]['size'] == GIB,
    )
    yield 'clone_namespace', lambda: client.clone_namespace('vol1', 'ns', 'clone_ns')
    yield (
        'namespace_resize',
        lambda: client.namespace_resize('/vol/vol1/clone_ns', 2 * GIB),
    )
    yield (
        'create_subsystem',
        lambda: client.create_subsystem('openstack-one', 'linux', NQN),
    )
    yield 'get_subsystem_by_host', lambda: len(client.get_subsystem_by_host(NQN)) == 1
    yield (
        'map_namespace',
        lambda: client.map_namespace('/vol/vol1/ns', 'openstack-one'),
    )
    yield (
        'get_subsystem_by_path',
        lambda: len(client.get_subsystem_by_path('/vol/vol1/ns')) == 1,
    )
    yield (
        'get_namespace_map',
        lambda: (
            client.get_namespace_map('/vol/vol1/ns')[0]['subsystem'] == 'openstack-one'
        ),
    )
    yield (
        'get_nvme_subsystem_nqn',
        lambda: client.get_nvme_subsystem_nqn('openstack-one').startswith('nqn.'),
    )
    yield (
        'get_nvme_target_portals',
        lambda: '127.0.91.1' in client.get_nvme_target_portals(),
    )
    yield (
        'map_host_with_subsystem',
        lambda: client.map_host_with_subsystem(NQN[:-1] + '6', _subsystem(client)),
    )
    yield (
        'unmap_host_with_subsystem',
        lambda: client.unmap_host_with_subsystem(NQN[:-1] + '6', _subsystem(client)),
    )
    yield (
        'unmap_namespace',
        lambda: client.unmap_namespace('/vol/vol1/ns', 'openstack-one'),
    )
    yield 'destroy_namespace', lambda: client.destroy_namespace('/vol/vol1/ns')


def _volumes(client: Any) -> Iterator[tuple[str, Step]]:
    yield 'create_flexvol', lambda: client.create_flexvol('made', 'aggr1', 1)['jobid']
    yield (
        'create_volume_async',
        lambda: (
            client.create_volume_async(
                'made2',
                'aggr1',
                1,
                'none',
                'default',
                'c.utf_8',
                dedupe_enabled=True,
                compression_enabled=True,
                snapshot_reserve=5,
            )['jobid']
            and _comes_true(lambda: client.flexvol_exists('made2'))
        ),
    )
    yield 'mount_flexvol', lambda: client.mount_flexvol('made2', '/elsewhere')
    yield (
        'enable_volume_dedupe_async',
        lambda: client.enable_volume_dedupe_async('made2'),
    )
    yield (
        'enable_volume_compression_async',
        lambda: client.enable_volume_compression_async('made2'),
    )


def _mirrors(client: Any) -> Iterator[tuple[str, Step]]:
    yield (
        'get_snapmirrors',
        lambda: client.get_snapmirrors(SVM, 'vol1', 'vs2', 'vol3') == [],
    )
    yield (
        'get_snapmirror_policies',
        lambda: len(client.get_snapmirror_policies('AutomatedFailOver')) == 1,
    )


_EMS = {
    'computer-name': 'host',
    'event-source': 'driver',
    'app-version': '1',
    'category': 'provisioning',
    'log-level': '5',
    'auto-support': 'false',
    'event-id': '0',
    'event-description': 'text',
}


def _group(client: Any) -> Any:
    return client.get_igroup_by_name('group')['initiator-group-uuid']


def _subsystem(client: Any) -> Any:
    query = {'name': 'openstack-one'}
    return client.send_request('/protocols/nvme/subsystems', 'get', query=query)[
        'records'
    ][0]['uuid']


def _cancelled(client: Any) -> bool:
    # A copy that has ended is refused with a code of its own.
    job = client.start_file_copy('file', 'vol2', 'vol1', 'copy3')
    try:
        client.destroy_file_copy(job)
    except Exception as err:
        return 'terminal state' in str(err)
    return True
