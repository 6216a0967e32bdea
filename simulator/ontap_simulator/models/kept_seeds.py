"""What a new cluster has of the records that it keeps and that have no effect.

Names and numbers are those that NetApp's examples show of a new cluster.
"""

from collections.abc import Mapping, Sequence

from ontap_simulator.models.kept import Seed
from ontap_simulator.models.nodes import Node
from ontap_simulator.models.state import State
from ontap_simulator.models.svms import Svm
from ontap_simulator.records import Record
from ontap_simulator.topology.model import DEFAULT_IPSPACE

_PORTS = ('e0a', 'e0b', 'e0c', 'e0d')
_SCHEDULES = (
    ('5min', {'minutes': [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55]}),
    ('hourly', {'minutes': [5]}),
    ('8hour', {'hours': [2, 10, 18], 'minutes': [15]}),
    ('daily', {'hours': [0], 'minutes': [10]}),
    ('weekly', {'hours': [0], 'minutes': [15], 'weekdays': [0]}),
    ('monthly', {'days': [1], 'hours': [0], 'minutes': [20]}),
)
_SNAPSHOT_POLICIES: Mapping[str, Sequence[tuple[str, int]]] = {
    'default': (('hourly', 6), ('daily', 2), ('weekly', 2)),
    'default-1weekly': (('hourly', 6), ('daily', 2), ('weekly', 1)),
    'none': (),
}
_SNAPMIRROR_POLICIES = (
    ('Asynchronous', 'async', None),
    ('MirrorAllSnapshots', 'async', None),
    ('MirrorAndVault', 'async', None),
    ('XDPDefault', 'async', None),
    ('Synchronous', 'sync', 'sync'),
    ('StrictSync', 'sync', 'strict_sync'),
    ('AutomatedFailOver', 'sync', 'automated_failover'),
    ('AutomatedFailOverDuplex', 'sync', 'automated_failover_duplex'),
)
_LICENSES = ('nfs', 'cifs', 'iscsi', 'fcp', 'nvme_of', 'flexclone', 'snaprestore')
_CLUSTER_ROLES = ('admin', 'readonly', 'none', 'backup', 'autosupport')
_SVM_ROLES = (
    'vsadmin',
    'vsadmin-volume',
    'vsadmin-protocol',
    'vsadmin-backup',
    'vsadmin-snaplock',
    'vsadmin-readonly',
)
_SERVICE_POLICIES = (
    ('default-data-files', ('data_core', 'data_nfs', 'data_cifs', 'data_flexcache')),
    ('default-data-iscsi', ('data_core', 'data_iscsi')),
    ('default-data-blocks', ('data_core', 'data_iscsi', 'data_nvme_tcp')),
    ('default-management', ('management_core', 'management_ssh', 'management_https')),
    ('default-data-nvme-tcp', ('data_core', 'data_nvme_tcp')),
)


def svm_seeds(svm: Svm, number: int) -> Mapping[str, Sequence[Record]]:
    """What a new SVM has.

    :param number: of the SVM, for what is numbered over all SVMs
    """
    reference = svm.reference()
    seeds: dict[str, Sequence[Record]] = {
        'login_messages': [{'scope': 'svm', 'svm': reference, 'banner': ''}],
        'export_policies': [
            {'id': number, 'name': 'default', 'svm': reference, 'rules': []}
        ],
    }
    if 'nfs' in svm.protocols:
        seeds['nfs_services'] = [nfs_service(reference)]
    return seeds


def nfs_service(svm: Record) -> Record:
    """The NFS server of an SVM with every default."""
    return {
        'svm': svm,
        'enabled': True,
        'state': 'online',
        'vstorage_enabled': False,
        'showmount_enabled': True,
        'rquota_enabled': False,
        'auth_sys_extended_groups_enabled': False,
        'extended_groups_limit': 32,
        'protocol': {
            'v3_enabled': True,
            'v40_enabled': False,
            'v41_enabled': True,
            'v4_id_domain': 'defaultv4iddomain.com',
            'v40_features': {'acl_enabled': False},
            'v41_features': {'acl_enabled': False, 'pnfs_enabled': False},
        },
        'transport': {
            'tcp_enabled': True,
            'udp_enabled': True,
            'tcp_max_transfer_size': 65536,
        },
    }


def seeds(
    state: State, svms: Sequence[Svm], nodes: Sequence[Node]
) -> Mapping[str, Seed]:
    """What a new cluster has, by kind."""
    ipspaces = sorted({DEFAULT_IPSPACE, 'Cluster', *(svm.ipspace for svm in svms)})
    of_svms = [svm_seeds(svm, number) for number, svm in enumerate(svms, start=1)]

    def named(kind: str, records: Sequence[Record]) -> Seed:
        return lambda: [
            {'uuid': state.uuid_of(kind, _key(record)), **record} for record in records
        ]

    found: dict[str, Sequence[Record]] = {
        'export_policies': [r for s in of_svms for r in s['export_policies']],
        'nfs_services': [r for s in of_svms for r in s.get('nfs_services', ())],
        'ipspaces': [{'name': name} for name in ipspaces],
        'broadcast_domains': [
            {
                'name': 'Default' if name == DEFAULT_IPSPACE else name,
                'ipspace': {'name': name},
                'mtu': 1500,
                'ports': [
                    {'name': port, 'node': {'name': node.name}}
                    for node in nodes
                    for port in (_PORTS if name == DEFAULT_IPSPACE else ())
                ],
            }
            for name in ipspaces
        ],
        'ports': [_port(node, port) for node in nodes for port in _PORTS],
        'schedules': [
            {'name': name, 'type': 'cron', 'cron': cron, 'scope': 'cluster'}
            for name, cron in _SCHEDULES
        ],
        'snapshot_policies': [
            {
                'name': name,
                'scope': 'cluster',
                'enabled': True,
                'comment': '',
                'copies': [
                    {'schedule': {'name': schedule}, 'count': count, 'prefix': schedule}
                    for schedule, count in copies
                ],
            }
            for name, copies in _SNAPSHOT_POLICIES.items()
        ],
        'snapmirror_policies': [
            {
                'name': name,
                'type': kind,
                'scope': 'cluster',
                **({'sync_type': sync} if sync else {}),
            }
            for name, kind, sync in _SNAPMIRROR_POLICIES
        ],
        'licenses': [
            {'name': name, 'scope': 'cluster', 'state': 'compliant'}
            for name in _LICENSES
        ],
        'login_messages': [
            {'scope': 'cluster', 'banner': '', 'message': ''},
            *(record for each in of_svms for record in each['login_messages']),
        ],
        'compliance_clocks': [{'node': node.reference()} for node in nodes],
        'service_policies': [
            {
                'name': name,
                'scope': 'cluster' if 'management' in name else 'svm',
                'services': list(services),
                'ipspace': {'name': DEFAULT_IPSPACE},
            }
            for name, services in _SERVICE_POLICIES
        ],
        'roles': [
            _role(name, scope)
            for scope, names in (('cluster', _CLUSTER_ROLES), ('svm', _SVM_ROLES))
            for name in names
        ],
    }
    return {kind: named(kind, records) for kind, records in found.items()}


def _role(name: str, scope: str) -> Record:
    access = {'none': 'none', 'readonly': 'readonly', 'vsadmin-readonly': 'readonly'}
    return {
        'name': name,
        'scope': scope,
        'builtin': True,
        'privileges': [{'path': '/api', 'access': access.get(name, 'all')}],
    }


def _port(node: Node, name: str) -> Record:
    return {
        'name': name,
        'node': node.reference(),
        'type': 'physical',
        'enabled': True,
        'state': 'up',
        'speed': 10000,
        'mtu': 1500,
        'reachability': 'ok',
        'broadcast_domain': {'name': 'Default', 'ipspace': {'name': DEFAULT_IPSPACE}},
    }


def _key(record: Record) -> str:
    parts = [
        str(record.get('name', '')),
        str(record.get('svm', {}).get('uuid', '')),
        str(record.get('node', {}).get('uuid', '')),
        str(record.get('scope', '')),
    ]
    return '/'.join(parts)
