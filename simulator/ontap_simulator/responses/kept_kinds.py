"""Collections that are kept and shown, and have no effect: a table of them."""

import itertools
from collections.abc import Mapping, Sequence

from ontap_simulator.records import Record, value
from ontap_simulator.responses.base import Call, Handler
from ontap_simulator.responses.kept import KeptResource, Shape

_READ = ('GET',)


class ClusterPeers(KeptResource):
    """Peerings with other clusters; there are none that could be asked."""

    def prepare(self, call: Call, record: Record) -> Record:
        remote = {'ip_addresses': [], 'name': '', **record.get('remote', {})}
        taken = {found['name'] for found in self.records(call).all()}
        free = (f'remote_{number}' for number in itertools.count(1))
        unused = next(found for found in free if found not in taken)
        name = record.get('name') or remote['name'] or unused
        offered = not remote['ip_addresses'] or (
            record.get('authentication', {}).get('generate_passphrase')
        )
        authentication = {
            'state': 'absent' if offered else 'ok',
            'in_use': 'absent' if offered else 'ok',
        }
        return {
            'ip_address': '0.0.0.0' if not remote['ip_addresses'] else '',  # noqa: S104
            'peer_applications': ['snapmirror', 'flexcache'],
            'encryption': {'state': 'tls_psk'},
            **{k: v for k, v in record.items() if k != 'authentication'},
            'authentication': authentication,
            'name': name,
            'remote': {**remote, 'name': remote['name'] or name},
            'status': {'state': 'available' if not offered else 'pending'},
        }


class Schedules(KeptResource):
    """Schedules: cron, or an interval. Nothing happens at their time."""

    def prepare(self, call: Call, record: Record) -> Record:
        return {'type': 'interval' if 'interval' in record else 'cron', **record}


class SnapshotPolicies(KeptResource):
    """Snapshot policies; a FlexVol may name one."""

    def shown(self, call: Call, record: Record) -> Record:
        copies = [
            {'snapmirror_label': '-', 'prefix': _schedule(copy), **copy}
            for copy in record.get('copies', [])
        ]
        return {**super().shown(call, record), 'copies': copies}


class _Hashed(KeptResource):
    """Records that are addressed by what is not their UUID."""

    def shown(self, call: Call, record: Record) -> Record:
        shown = super().shown(call, record)
        shown.pop('uuid', None)
        return shown


_PEERS = ClusterPeers(
    Shape('cluster_peers', '/cluster/peers', unique=('name',), fixed=('uuid',))
)
_BY_SVM = {'svm': 'svm.uuid'}
_SIMPLE: Sequence[KeptResource] = (
    KeptResource(Shape('ipspaces', '/network/ipspaces', required=('name',))),
    KeptResource(
        Shape(
            'broadcast_domains',
            '/network/ethernet/broadcast-domains',
            required=('name', 'mtu'),
            unique=('name', 'ipspace.name'),
            defaults={'ipspace': {'name': 'Default'}, 'ports': []},
        )
    ),
    KeptResource(
        Shape('ports', '/network/ethernet/ports', unique=('name', 'node.name'))
    ),
    KeptResource(
        Shape(
            'routes',
            '/network/ip/routes',
            required=('gateway',),
            unique=(),
            identity=('uuid', 'gateway', 'destination', 'svm'),
            in_svm='optional',
            defaults={
                'destination': {'address': '0.0.0.0', 'netmask': '0', 'family': 'ipv4'},  # noqa: S104
                'ipspace': {'name': 'Default'},
                'scope': 'svm',
                'metric': 20,
            },
        )
    ),
    KeptResource(
        Shape(
            'service_policies',
            '/network/ip/service-policies',
            required=('name',),
            in_svm='optional',
            defaults={'scope': 'svm', 'services': []},
        )
    ),
    Schedules(
        Shape(
            'schedules',
            '/cluster/schedules',
            required=('name',),
            in_svm='optional',
            defaults={'scope': 'cluster'},
        )
    ),
    SnapshotPolicies(
        Shape(
            'snapshot_policies',
            '/storage/snapshot-policies',
            required=('name',),
            in_svm='optional',
            defaults={'enabled': True, 'scope': 'cluster', 'comment': ''},
        )
    ),
    KeptResource(
        Shape(
            'snapmirror_policies',
            '/snapmirror/policies',
            required=('name',),
            in_svm='optional',
            by_job=True,
            defaults={'type': 'async'},
        )
    ),
    KeptResource(Shape('licenses', '/cluster/licensing/licenses', {'name': 'name'})),
    KeptResource(
        Shape(
            'compliance_clocks',
            '/storage/snaplock/compliance-clocks',
            {'node': 'node.uuid'},
            identity=('node',),
        )
    ),
    _Hashed(
        Shape(
            'nfs_services',
            '/protocols/nfs/services',
            _BY_SVM,
            identity=('svm',),
            unique=('svm.name',),
            in_svm='required',
            defaults={
                'enabled': True,
                'state': 'online',
                'protocol': {
                    'v3_enabled': True,
                    'v40_enabled': False,
                    'v41_enabled': False,
                },
            },
        )
    ),
    _Hashed(
        Shape(
            'cifs_services',
            '/protocols/cifs/services',
            _BY_SVM,
            required=('name',),
            identity=('svm', 'name'),
            in_svm='required',
            by_job=True,
            defaults={'enabled': True},
        )
    ),
    _Hashed(
        Shape(
            'cifs_shares',
            '/protocols/cifs/shares',
            {'svm': 'svm.uuid', 'name': 'name'},
            required=('name', 'path'),
            identity=('svm', 'name'),
            in_svm='required',
            defaults={'acls': []},
        )
    ),
    _Hashed(
        Shape(
            'dns',
            '/name-services/dns',
            _BY_SVM,
            required=('domains', 'servers'),
            identity=('svm',),
            unique=('svm.name',),
            in_svm='optional',
            defaults={'scope': 'svm', 'timeout': 2, 'attempts': 1},
        )
    ),
    _Hashed(
        Shape(
            'ldap',
            '/name-services/ldap',
            _BY_SVM,
            identity=('svm',),
            unique=('svm.name',),
            in_svm='required',
        )
    ),
    _Hashed(
        Shape(
            'local_hosts',
            '/name-services/local-hosts',
            {'svm': 'owner.uuid', 'address': 'address'},
            required=('address', 'hostname'),
            unique=('address',),
            identity=('owner', 'address', 'hostname'),
            in_svm='optional',
            svm_field='owner',
        )
    ),
    _Hashed(
        Shape(
            'unix_users',
            '/name-services/unix-users',
            {'svm': 'svm.uuid', 'name': 'name'},
            required=('name', 'id', 'primary_gid'),
            identity=('svm', 'name'),
            in_svm='required',
        )
    ),
    _Hashed(
        Shape(
            'unix_groups',
            '/name-services/unix-groups',
            {'svm': 'svm.uuid', 'name': 'name'},
            required=('name', 'id'),
            identity=('svm', 'name'),
            in_svm='required',
        )
    ),
    _Hashed(
        Shape(
            'kerberos_realms',
            '/protocols/nfs/kerberos/realms',
            {'svm': 'svm.uuid', 'name': 'name'},
            required=('name', 'kdc'),
            identity=('svm', 'name'),
            in_svm='required',
        )
    ),
    KeptResource(
        Shape(
            'kerberos_interfaces',
            '/protocols/nfs/kerberos/interfaces',
            {'uuid': 'interface.uuid'},
            unique=(),
            identity=('interface',),
        )
    ),
    _Hashed(
        Shape(
            'fpolicies',
            '/protocols/fpolicy/{svm}/policies',
            {'svm': 'svm.uuid', 'name': 'name'},
            required=('name',),
            identity=('svm', 'name'),
        )
    ),
    _Hashed(
        Shape(
            'fpolicy_events',
            '/protocols/fpolicy/{svm}/events',
            {'svm': 'svm.uuid', 'name': 'name'},
            required=('name',),
            identity=('svm', 'name'),
        )
    ),
    KeptResource(
        Shape(
            'portsets',
            '/protocols/san/portsets',
            required=('name',),
            in_svm='required',
            defaults={'protocol': 'mixed'},
        )
    ),
    KeptResource(Shape('certificates', '/security/certificates', in_svm='optional')),
    KeptResource(
        Shape(
            'login_messages',
            '/security/login/messages',
            unique=('svm.name', 'scope'),
            identity=('uuid', 'scope'),
            in_svm='optional',
        )
    ),
    KeptResource(Shape('key_managers', '/security/key-managers', unique=())),
    KeptResource(Shape('key_stores', '/security/key-stores', unique=())),
)

_READ_ONLY = {'licenses', 'compliance_clocks', 'ports', 'kerberos_interfaces'}
_CHANGED_ONLY = {'login_messages'}


def _schedule(copy: Record) -> object:
    return value(copy, 'schedule.name', default='')


def _routes(resource: KeptResource) -> Mapping[str, Mapping[str, Handler]]:
    shape = resource.shape
    named = [f'/{{{name}}}' for name in shape.address]
    below = ''.join(part for part in named if part not in shape.path)
    collections: Mapping[str, Handler]
    collections, instances = resource.of_collection, resource.of_instance
    if shape.kind in _READ_ONLY:
        collections = {name: collections[name] for name in _READ}
        instances = {name: instances[name] for name in _READ}
    if shape.kind in _CHANGED_ONLY:
        collections = {name: collections[name] for name in ('GET', 'PATCH')}
        instances = {name: instances[name] for name in ('GET', 'PATCH')}
    return {shape.path: collections, f'{shape.path}{below}': instances}


ROUTES: Mapping[str, Mapping[str, Handler]] = {
    path: handlers
    for resource in (_PEERS, *_SIMPLE)
    for path, handlers in _routes(resource).items()
}
