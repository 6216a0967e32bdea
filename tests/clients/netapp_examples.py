"""The examples in the documentation of NetApp's Python library, run as they are.

Their text is read from the installed library. What is put in its place is the
cluster's address, and for each UUID of NetApp's cluster the one that an object of
that name has here.
"""

import contextlib
import dataclasses
import importlib
import importlib.metadata
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ontap_simulator.testing import Simulator

from tests.clients.tally import Known, Tally, attempt

_BLOCK = re.compile(r'```python\n(.*?)```', re.DOTALL)
_CONNECTION = re.compile(
    r'HostConnection\(\s*"[^"]+",\s*username="admin",\s*password="password",'
    r'\s*verify=False'
)
_TIMEOUT = 30


@dataclasses.dataclass(frozen=True)
class Example:
    """One example: the module that it is in, and how many are before it there."""

    module: str
    number: int
    ids: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """What stands for an id in the text: below /api, the collection and a query
    that selects the object; ``#field`` at its end is not ``uuid``."""

    @property
    def name(self) -> str:
        return f'{self.module}[{self.number}]'


@dataclasses.dataclass(frozen=True)
class Given:
    """What an example takes for granted, made with a plain request."""

    method: str
    path: str
    body: Mapping[str, Any]


KNOWN: Mapping[str, Known] = {
    'volume[2]': Known('simulator', 'there are no FlexGroups'),
    'igroup[2]': Known('simulator', 'there are no nested igroups'),
    'igroup[11]': Known(
        'client', 'the library itself refuses post() with records: post_collection()'
    ),
    'volume[20]': Known(
        'client', 'the text sets a field of an object that it has not read'
    ),
    'file_info[0]': Known('simulator', 'no data is written through REST'),
    'qtree[4]': Known(
        'call', 'it names a QoS policy and an export policy of its own cluster'
    ),
}

_LUN1 = '/storage/luns?name=/vol/vol1/lun1'
_FV = '/storage/volumes?name=fv'
_VOL1 = '/storage/volumes?name=vol1&svm.name=svm1'
_SVM1 = '/svm/svms?name=svm1'
_NEW = '/storage/volumes?name=vol1&svm.name=vs1'
_A = '5a24ae5b-28af-47fb-b129-5adf6cfba0a6'
_B = 'c903a978-9bac-4ce9-8237-4a3ba8b13f08'
_MOVED = '7faf0a9e-0a47-4876-8318-3638d5da16bf'
_DATAVOL = 'd0c3359c-5448-4a9b-a077-e3295a7e9057'
_QTREES = 'cb20da45-4f6b-11e9-9a71-005056a7f717'
_SNAPSHOTS = '0353dc05-405f-11e9-acb6-005056bbc848'
_PEER = 'b404cc52-bdae-11eb-812c-005056bb0af1'
_OWNER = 'aaef7c38-4bd3-11e9-b238-0050568e2e25'
_IGROUP = '8f249e7d-ab9f-11e8-b8a3-005056bb7072'
_FILES = 'cb6b1b39-8d21-11e9-b926-05056aca658'
_NAMESPACE = 'dccdc3e6-cf4e-498f-bec6-f7897f945669'
_SUBSYSTEM = 'acde901a-a379-4a91-9ea6-1b728ed6696f'
_QOS = 'd38bafc0-5a51-11e9-bd5b-005056ac6f1f'
_OF_NVME = '/protocols/nvme/subsystems?name=subsystem1'
_ATTRIBUTED = '4bc204df-ecd8-4f35-8207-d0ccb4db3a90'
_SNAPSHOT = f'{_VOL1}/snapshots?name=snapshot_copy'

STEPS: Sequence[Example | Given] = (
    # FlexVols
    Example('volume', 0),
    Example('volume', 2),
    Example('volume', 4),
    Example('volume', 5),
    Example('volume', 6, {_DATAVOL: _NEW}),
    Example('volume', 7, {_QTREES: _NEW}),
    Example('volume', 9, {'5f098ebc-32c8-11eb-8dde-005056ace228': _NEW}),
    Example('volume', 10, {_DATAVOL: _NEW}),
    Example('volume', 11, {_DATAVOL: '/storage/volumes?name=vol1_clone'}),
    Example('volume', 13, {_DATAVOL: _NEW}),
    Example('volume', 20, {_DATAVOL: _NEW}),
    Example('volume', 22, {'{uuid}': _NEW}),
    Example('snapshot', 0, {'{volume.uuid}': _VOL1}),
    Example('snapshot', 1, {'{volume.uuid}': _VOL1}),
    Example(
        'snapshot',
        5,
        {_SNAPSHOTS: _VOL1, '402b6c73-73a0-4e89-a58a-75ee0ab3e8c0': _SNAPSHOT},
    ),
    Example(
        'snapshot',
        9,
        {_SNAPSHOTS: _VOL1, '16f7008c-18fd-4a7d-8485-a0e290d9db7f': _SNAPSHOT},
    ),
    Example(
        'snapshot',
        11,
        {
            _SNAPSHOTS: _VOL1,
            '16f7008c-18fd-4a7d-8485-a0e290d9db7f': (
                f'{_VOL1}/snapshots?name=snapshot_copy_new'
            ),
        },
    ),
    # NAS
    Example('export_policy', 0),
    Given(
        'POST',
        '/protocols/nfs/export-policies',
        {'name': 'exp1', 'svm': {'name': 'svm1'}},
    ),
    Example(
        'export_policy',
        2,
        {'8589934594': '/protocols/nfs/export-policies?name=exp1#id'},
    ),
    Example(
        'export_policy', 5, {'8589934595': '/protocols/nfs/export-policies?name=S1#id'}
    ),
    Example(
        'export_policy', 4, {'8589934595': '/protocols/nfs/export-policies?name=S1#id'}
    ),
    Example(
        'export_policy', 9, {'8589934593': '/protocols/nfs/export-policies?name=S1#id'}
    ),
    Example(
        'export_policy', 3, {'8589934594': '/protocols/nfs/export-policies?name=S1#id'}
    ),
    Example('qtree', 0),
    Example('qtree', 1),
    Example('qtree', 5, {_QTREES: _FV}),
    Given(
        'POST',
        '/storage/qtrees',
        {'svm': {'name': 'svm1'}, 'volume': {'name': 'fv'}, 'name': 'qt2'},
    ),
    Example('qtree', 2, {_QTREES: _FV}),
    Example('qtree', 3),
    Example('qtree', 4, {_QTREES: _FV}),
    Example('qtree', 6, {_QTREES: _FV}),
    Example('nfs_service', 0),
    # The cluster
    Example('cluster_peer', 4),
    Example('cluster_peer', 7),
    Example('cluster_peer', 8),
    Example('cluster_peer', 9, {_PEER: '/cluster/peers?name=cp_xyz123'}),
    Example('cluster_peer', 13, {_PEER: '/cluster/peers?name=cp_xyz123'}),
    Example('cluster_peer', 14, {_PEER: '/cluster/peers?name=cp_xyz123'}),
    Given(
        'POST',
        '/security/roles',
        {
            'name': 'svm_role1',
            'owner': {'name': 'svm1'},
            'privileges': [{'path': '/api/protocols', 'access': 'readonly'}],
        },
    ),
    Example('role_privilege', 0, {_OWNER: _SVM1}),
    Example('role_privilege', 4, {_OWNER: _SVM1}),
    Example('role_privilege', 8, {_OWNER: _SVM1}),
    Example('role', 2, {_OWNER: _SVM1}),
    Given(
        'POST',
        '/security/accounts',
        {
            'name': 'svm_user1',
            'owner': {'name': 'svm1'},
            'password': 'first-secret1',
            'applications': [{'application': 'http'}],
        },
    ),
    Example('account', 0, {'aef7c38-4bd3-11e9-b238-0050568e2e25': _SVM1}),
    Example('account', 1, {_OWNER: _SVM1}),
    Example('account', 2, {_OWNER: _SVM1}),
    Example('account', 3, {_OWNER: _SVM1}),
    Example('account', 4, {_OWNER: _SVM1}),
    Example('node', 7),
    Example('ip_interface', 0),
    Example('ip_interface', 2),
    Example('ip_interface', 3),
    Example('ipspace', 2),
    Example('broadcast_domain', 4),
    Example('network_route', 4),
    Example('schedule', 3),
    Example('schedule', 7),
    Example('snapshot_policy', 0),
    Example('snapshot_policy', 1),
    # LUNs
    Example('lun', 0),
    Example('lun', 1, {_A: _LUN1}),
    Example('lun', 2),
    Example('lun', 3, {_A: _LUN1}),
    Given(
        'POST',
        '/storage/luns',
        {
            'svm.name': 'svm1',
            'name': '/vol/vol1/lun2',
            'os_type': 'linux',
            'space.size': 1 << 30,
        },
    ),
    Given('POST', '/storage/qos/policies', {'svm.name': 'svm1', 'name': 'qos1'}),
    Example('lun', 7),
    Example('lun', 8, {_A: _LUN1}),
    Example('lun_attribute', 2, {_ATTRIBUTED: _LUN1}),
    Example('lun_attribute', 0, {_ATTRIBUTED: _LUN1}),
    Example('lun_attribute', 4, {_ATTRIBUTED: _LUN1}),
    Example('igroup', 0),
    Example('igroup', 1),
    Example('igroup', 2),
    Example('igroup', 3),
    Example('igroup', 7, {_IGROUP: '/protocols/san/igroups?name=igroup2'}),
    Example('igroup', 10, {_IGROUP: '/protocols/san/igroups?name=igroup2'}),
    Example('igroup', 11, {_IGROUP: '/protocols/san/igroups?name=igroup2'}),
    Given(
        'POST',
        '/protocols/san/igroups',
        {
            'svm.name': 'svm1',
            'name': 'with_host3',
            'os_type': 'linux',
            'initiators': [{'name': 'iqn.1991-05.com.ms:host3'}],
        },
    ),
    Example('igroup', 12, {_IGROUP: '/protocols/san/igroups?name=with_host3'}),
    Example('lun_map', 0),
    Example('lun_map', 1),
    Example(
        'lun_map',
        3,
        {
            '40d98b2c-24c5-11e9-9ec1-005056bba643': (
                '/protocols/san/igroups?name=igroup1'
            ),
            'a60d9862-9bee-49a6-8162-20d2421bb1a6': _LUN1,
        },
    ),
    Example('igroup', 8, {_IGROUP: '/protocols/san/igroups?name=igroup1'}),
    Example('lun', 10, {_MOVED: '/storage/luns?name=/vol/vol1/lun2clone1'}),
    Example('lun', 11, {_MOVED: '/storage/luns?name=/vol/vol1/lun3'}),
    Example('lun', 4, {_B: '/storage/luns?name=/vol/vol1/lun3'}),
    # NVMe
    Example('nvme_namespace', 0),
    Example('nvme_namespace', 1, {_NAMESPACE: '/storage/namespaces?name=*namespace1'}),
    Example('nvme_namespace', 4, {_NAMESPACE: '/storage/namespaces?name=*namespace1'}),
    Example('nvme_subsystem', 0),
    Example('nvme_subsystem', 2),
    Example('nvme_subsystem', 10, {_SUBSYSTEM: _OF_NVME}),
    Example('nvme_subsystem', 13, {_SUBSYSTEM: _OF_NVME}),
    Example('nvme_subsystem', 14, {_SUBSYSTEM: _OF_NVME}),
    Example('nvme_subsystem_map', 0),
    Example('nvme_subsystem_map', 1),
    Example(
        'nvme_subsystem', 8, {_SUBSYSTEM: '/protocols/nvme/subsystems?name=subsystem1'}
    ),
    # Files
    Example('file_info', 3, {_FILES: _VOL1}),
    Example('file_info', 21, {_FILES: _VOL1}),
    Example('file_info', 20, {_FILES: _VOL1}),
    Example('file_info', 16, {_FILES: _VOL1}),
    Example('file_info', 0, {'54c06ce2-5430-11ea-90f9-005056a73aff': _VOL1}),
    Example('file_move', 0),
    Example('file_move', 1),
    Example('file_move', 6),
    Example('qos_policy', 0),
    Example(
        'qos_policy',
        2,
        {_QOS: '/storage/qos/policies?name=qos_policy_5000_to_10000_iops'},
    ),
    Example(
        'qos_policy',
        3,
        {_QOS: '/storage/qos/policies?name=qos_policy_10k_to_15k_iops'},
    ),
)


def run(simulator: Simulator) -> Tally:
    """Run the examples, one after the other, on one cluster."""
    _write_files(simulator)
    attempts = []
    for step in STEPS:
        if isinstance(step, Given):
            _make(simulator, step)
        else:
            attempts.append(attempt(step.name, lambda step=step: _run(simulator, step)))
    version = importlib.metadata.version('netapp_ontap')
    return Tally('netapp_ontap, its examples', version, attempts, KNOWN)


def _write_files(simulator: Simulator) -> None:
    for svm, volume, name in (
        ('svm1', 'vol1', 'abc.txt'),
        ('svm1', 'vol1', 'directory1/directory2/file1'),
        *(('vs0', 'fv1', f'dir1/f{number}.txt') for number in range(1, 5)),
        ('vs0', 'fv2', 'dir2/there'),
    ):
        file = simulator.directory(svm, volume) / name
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_bytes(b'some bytes')


def _make(simulator: Simulator, given: Given) -> None:
    simulator.session.request(
        given.method,
        f'{simulator.origin}/api{given.path}?return_timeout=15',
        json=given.body,
        timeout=_TIMEOUT,
    ).raise_for_status()


def _run(simulator: Simulator, example: Example) -> None:
    text = _text(example)
    for placeholder, where in example.ids.items():
        if placeholder not in text:
            raise LookupError(f'{placeholder} is not in the example any more')
        text = text.replace(placeholder, _id(simulator, where))
    connection = (
        f'HostConnection("{simulator.host}", port={simulator.port}, '
        f'username="admin", password="password", verify="{simulator.ca}", '
        'poll_interval=1'
    )
    text, found = _CONNECTION.subn(lambda _: connection, text)
    if not found:
        raise LookupError('the example connects in another way than it did')
    with contextlib.redirect_stdout(io.StringIO()):
        # NetApp's own text, from the package that the test is about.
        exec(compile(text, example.name, 'exec'), {})  # noqa: S102


def _text(example: Example) -> str:
    module = importlib.import_module(f'netapp_ontap.resources.{example.module}')
    return _BLOCK.findall(module.__doc__ or '')[example.number]


def _id(simulator: Simulator, where: str) -> str:
    path, _, field = where.partition('#')
    if '/snapshots?' in path:
        volume, _, query = path.partition('/snapshots?')
        path = f'/storage/volumes/{_id(simulator, volume)}/snapshots?{query}'
    answer = simulator.session.get(f'{simulator.origin}/api{path}', timeout=_TIMEOUT)
    answer.raise_for_status()
    return str(next(_ids(answer.json(), field or 'uuid')))


def _ids(body: Any, field: str) -> Iterator[object]:
    for record in body['records']:
        yield record[field]
