"""The REST client of Manila's NetApp driver, method by method: in Manila's Python.

It stands alone, since that environment has nothing else. ``manila_methods.py`` runs it
and reads the JSON that it prints: each call, and its error or "".
"""

import ast
import json
import re
import sys
import traceback
from pathlib import Path

from manila.share.drivers.netapp.dataontap.client import client_cmode_rest

READS = re.compile(r'_?(get|is|list|check)_|.*_exists$')
LEFT_OUT = {
    'get_records',
    '_get_create_volume_body',
    '_get_volume_by_args',
    '_is_busy_snapshot',
}
SECURITY_SERVICE = {
    'type': 'kerberos',
    'domain': 'a.example',
    'user': 'user',
    'password': 'secret',
    'server': '192.0.2.1',
    'dns_ip': '192.0.2.1',
}
NFS_FIELDS = ['tcp-max-xfer-size', 'udp-max-xfer-size']
ARGUMENTS = {
    'aggregate_name': 'aggr1',
    'aggregate_names': ['aggr1'],
    'broadcast_domains': ['Default'],
    'cg_name': 'group',
    'client_match': '192.0.2.0/24',
    'config_name': 'config',
    'counter_name': 'domain_busy',
    'counter_names': ['domain_busy', 'processor_elapsed_time'],
    'desired_args': NFS_FIELDS,
    'destination_aggregate': 'aggr2',
    'domain': 'Default',
    'ip': '127.0.91.1',
    'ipspace': 'Default',
    'ipspace_name': 'Default',
    'junction_path': '/vol1',
    'netmask': '8',
    'node': 'node1',
    'node_name': 'node1',
    'object_name': 'processor',
    'peer_vserver_name': 'vs2',
    'policy_name': 'mine',
    'port': 'e0c',
    'qos_policy_group_name': 'gold',
    'security_service': SECURITY_SERVICE,
    'share_name': 'vol1',
    'snapshot_name': 'snap',
    'svm_name': 'vs1',
    'vlan_id': '100',
    'vlan_node': 'node1',
    'vlan_port': 'e0c',
    'volume': 'vol1',
    'volume_name': 'vol1',
    'vserver': 'vs1',
    'vserver_name': 'vs1',
}


def connect(host, port, ca, vserver='vs1'):
    # Without the ZAPI client, which is for what the REST client does not have.
    return client_cmode_rest.NetAppRestClient(
        transport_type='https',
        ssl_cert_path=ca,
        username='admin',
        password='admin-secret',
        hostname=host,
        port=int(port),
        vserver=vserver,
        trace=False,
        private_key_file=None,
        certificate_file=None,
        ca_certificate_file=None,
        certificate_host_validation=False,
        async_rest_timeout=60,
        zapi_fallback_enabled=False,
    )


def prepared(client, cluster):
    """What the reading methods find: made with the changing ones."""
    yield 'create_nfs_export_policy', lambda: client.create_nfs_export_policy('mine')
    yield (
        'add_nfs_export_rule',
        lambda: client.add_nfs_export_rule('mine', '192.0.2.0/24', False, ['sys']),
    )
    yield (
        'set_nfs_export_policy_for_volume',
        lambda: client.set_nfs_export_policy_for_volume('vol1', 'mine'),
    )
    yield 'create_snapshot', lambda: client.create_snapshot('vol1', 'snap')
    yield 'create_volume', lambda: client.create_volume('aggr1', 'made', 1)
    yield 'set_volume_size', lambda: client.set_volume_size('made', 2)
    yield 'rename_volume', lambda: client.rename_volume('made', 'other')
    yield 'mount_volume', lambda: client.mount_volume('other', '/elsewhere')
    yield 'unmount_volume', lambda: client.unmount_volume('other', force=True)
    yield 'offline_volume', lambda: client.offline_volume('other')
    yield 'online_volume', lambda: client.online_volume('other')
    yield (
        'create_volume_clone',
        lambda: client.create_volume_clone('cloned', 'vol1', 'snap', split=False),
    )
    yield (
        'qos_policy_group_create',
        lambda: client.qos_policy_group_create(
            'gold', 'vs1', {'max_throughput': '1000iops'}
        ),
    )
    yield (
        'create_vserver_peer',
        lambda: client.create_vserver_peer('vs1', 'vs2', 'clients'),
    )
    yield 'create_cg', lambda: client.create_cg('group', ['vol1', 'vol2'])
    yield (
        'create_route',
        lambda: client.create_route('127.0.91.254', destination='192.0.2.0/24'),
    )
    yield 'create_ipspace', lambda: client.create_ipspace('more')
    yield (
        'create_vserver',
        lambda: cluster.create_vserver(
            'vs9', 'aggr1', 'root', ['aggr1'], 'Default', 365, 12, False
        ),
    )
    yield 'create_cifs_share', lambda: client.create_cifs_share('vol1', '/vol1')
    yield (
        'configure_dns_for_vserver',
        lambda: client.configure_dns_for_vserver('vs1', ['a.example'], ['192.0.2.1']),
    )
    yield (
        'create_local_host_for_vserver',
        lambda: client.create_local_host_for_vserver('vs1', 'host', '192.0.2.7'),
    )
    yield 'enable_dedupe_async', lambda: client.enable_dedupe_async('vol1')
    yield (
        'update_volume_snapshot_policy',
        lambda: client.update_volume_snapshot_policy('vol1', 'default'),
    )


def reads(client, cluster):
    """Every reading method, with an argument for each name."""
    for name, required in signatures():
        method = getattr(client, name)
        yield (
            name,
            lambda method=method, required=required: method(
                **{key: _argument(client, key) for key in required}
            ),
        )


def undone(client, cluster):
    """What takes away again."""
    yield 'rename_snapshot', lambda: client.rename_snapshot('vol1', 'snap', 'snap2')
    yield (
        'qos_policy_group_rename',
        lambda: client.qos_policy_group_rename('gold', 'silver'),
    )
    yield (
        'mark_qos_policy_group_for_deletion',
        lambda: client.mark_qos_policy_group_for_deletion('silver'),
    )
    yield 'split_volume_clone', lambda: client.volume_clone_split_start('cloned')
    yield 'delete_volume', lambda: client.delete_volume('cloned', force_delete=True)
    yield 'delete_snapshot', lambda: client.delete_snapshot('vol1', 'snap2')
    yield (
        'clear_nfs_export_policy_for_volume',
        lambda: client.clear_nfs_export_policy_for_volume('vol1'),
    )
    yield 'remove_cifs_share', lambda: client.remove_cifs_share('vol1')
    yield 'delete_nfs_export_policy', lambda: client.delete_nfs_export_policy('mine')
    yield (
        'delete_local_host_for_vserver',
        lambda: client.delete_local_host_for_vserver('vs1', '192.0.2.7'),
    )
    yield 'delete_vserver_peer', lambda: client.delete_vserver_peer('vs1', 'vs2')
    yield 'delete_ipspace', lambda: client.delete_ipspace('more')


def signatures():
    """The reading methods and the arguments that each requires, from the source."""
    tree = ast.parse(Path(client_cmode_rest.__file__).read_text())
    (cls,) = (n for n in tree.body if isinstance(n, ast.ClassDef))
    for node in cls.body:
        if not isinstance(node, ast.FunctionDef) or node.name in LEFT_OUT:
            continue
        if READS.match(node.name):
            names = [argument.arg for argument in node.args.args[1:]]
            yield node.name, names[: len(names) - len(node.args.defaults)]


def _argument(client, name):
    if name in {'job_uuid', 'job_id'}:
        records = client.send_request('/cluster/jobs', 'get', enable_tunneling=False)
        return records['records'][0]['uuid']
    if name == 'cg_uuid':
        return client._get_cg_uuid('group')
    if name == 'instance_uuids':
        return client.get_performance_instance_uuids('processor', 'node1')
    return ARGUMENTS[name]


def attempt(step):
    try:
        step()
    except Exception as err:
        where = traceback.extract_tb(err.__traceback__)[-1]
        return f'{type(err).__name__}: {err} ({where.name})'
    return ''


def main(host, port, ca):
    done = {}
    try:
        client = connect(host, port, ca)
        cluster = connect(host, port, ca, vserver=None)
    except Exception as err:
        done['__init__'] = f'{type(err).__name__}: {err}'
    else:
        done['__init__'] = ''
        for part, group in (
            (prepared, 'changing'),
            (reads, 'reading'),
            (undone, 'changing'),
        ):
            for name, step in part(client, cluster):
                done[f'{group} {name}'] = attempt(step)
    print(json.dumps(done))


if __name__ == '__main__':
    main(*sys.argv[1:])
