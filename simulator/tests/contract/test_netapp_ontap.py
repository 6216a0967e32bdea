"""NetApp's Python library works against the simulator, over HTTPS."""

import os
from pathlib import Path

import pytest
from netapp_ontap import HostConnection, NetAppRestError
from netapp_ontap.resources import (
    Aggregate,
    Cluster,
    FileClone,
    FileCopy,
    FileInfo,
    IpInterface,
    Job,
    SplitLoad,
    SplitStatus,
    Svm,
    SvmPeer,
    Volume,
)
from ontap_simulator.testing import Simulator

from tests.contract.conftest import RELEASE, Connect

MIB = 1 << 20
SLOW = 1 << 10

pytestmark = pytest.mark.usefixtures('connection')


@pytest.fixture
def images(simulator: Simulator) -> Path:
    return simulator.directory('svm_gold', 'images_vol')


@pytest.fixture
def gold_vol(connection: HostConnection) -> Volume:
    return Volume.find(name='gold')


@pytest.fixture
def silver_vol(connection: HostConnection) -> Volume:
    return Volume.find(name='silver_vol')


def file_copy(source: Volume, path: str, destination: Volume, to: str) -> FileCopy:
    return FileCopy.from_dict(
        {
            'files_to_copy': [
                {
                    'source': {'volume': {'uuid': source.uuid}, 'path': path},
                    'destination': {'volume': {'uuid': destination.uuid}, 'path': to},
                }
            ]
        }
    )


def code_of(err: pytest.ExceptionInfo[NetAppRestError]) -> str:
    return str(err.value.response_body['error']['code'])


def test_cluster_tells_its_name_and_version() -> None:
    cluster = Cluster()
    cluster.get()
    assert cluster.name == 'contract'
    assert (cluster.version.generation, cluster.version.major) == RELEASE


def test_volume_is_found_by_its_junction_path() -> None:
    volume = Volume.find(
        **{'nas.path': '/images', 'svm.name': 'svm_gold'},
        fields='name,nas.path,space.size',
    )
    assert volume.name == 'images_vol'
    assert volume.space.size == 100 << 30


def test_volume_instance_has_all_its_fields(images_vol: Volume) -> None:
    volume = Volume(uuid=images_vol.uuid)
    volume.get()
    assert volume.style == 'flexvol'
    assert volume.aggregates[0].name == 'aggr1'
    assert 0 < volume.space.available <= volume.space.size


def test_collections_are_read_page_by_page(simulator: Simulator) -> None:
    before = simulator.calls()['last']
    names = [v.name for v in Volume.get_collection(max_records=1)]
    assert sorted(names) == [
        'gold',
        'images_vol',
        'san_one',
        'san_two',
        'silver_vol',
        'store',
    ]
    assert len(simulator.calls(before, 'admin')['calls']) == 6


def test_lifs_belong_to_svms() -> None:
    lifs = {
        lif.ip.address: lif.svm.name
        for lif in IpInterface.get_collection(fields='ip.address,svm.name')
    }
    assert lifs == {
        '127.0.81.1': 'svm_gold',
        '127.0.81.2': 'svm_gold',
        '127.0.82.1': 'svm_silver',
        '127.0.83.1': 'svm_san',
        '127.0.83.2': 'svm_san',
    }


def test_svms_and_aggregates_can_be_listed() -> None:
    assert {svm.name for svm in Svm.get_collection()} == {
        'svm_gold',
        'svm_silver',
        'svm_san',
    }
    aggregate = Aggregate.find(name='aggr1', fields='space')
    assert aggregate.space.block_storage.size == 1 << 40


def test_file_clone_has_the_content_of_its_source(
    images_vol: Volume, images: Path
) -> None:
    content = os.urandom(MIB)
    (images / 'image').write_bytes(content)
    FileClone.from_dict(
        {
            'volume': {'uuid': images_vol.uuid, 'name': 'images_vol'},
            'source_path': 'image',
            'destination_path': 'clone',
        }
    ).post()
    assert (images / 'clone').read_bytes() == content


def test_file_clone_within_return_timeout_needs_no_second_call(
    images_vol: Volume, images: Path, simulator: Simulator
) -> None:
    (images / 'image').write_bytes(b'x')
    before = simulator.calls()['last']
    FileClone.from_dict(
        {
            'volume': {'uuid': images_vol.uuid},
            'source_path': 'image',
            'destination_path': 'clone',
        }
    ).post(poll=False, return_timeout=30)
    calls = simulator.calls(before, 'admin')['calls']
    assert [c['status'] for c in calls] == [201]


def test_file_clone_of_a_missing_source_fails(images_vol: Volume) -> None:
    clone = FileClone.from_dict(
        {
            'volume': {'uuid': images_vol.uuid},
            'source_path': 'none',
            'destination_path': 'clone',
        }
    )
    with pytest.raises(NetAppRestError) as err:
        clone.post(return_timeout=30)
    assert code_of(err) == '13565952'


def test_file_info_stats_a_file_in_a_directory(
    images_vol: Volume, images: Path
) -> None:
    (images / 'dir.d').mkdir()
    (images / 'dir.d/file.raw').write_bytes(b'12345')
    info = FileInfo(images_vol.uuid, 'dir.d/file.raw')
    info.get(return_metadata=True)
    assert (info.size, info.type, info.path) == (5, 'file', 'dir.d/file.raw')


def test_file_info_lists_a_directory(images_vol: Volume, images: Path) -> None:
    (images / 'one').write_bytes(b'1')
    names = {
        f.name
        for f in FileInfo.get_collection(
            images_vol.uuid, type='file', fields='size,name'
        )
    }
    assert names == {'one'}


def test_file_info_of_a_missing_file_fails(images_vol: Volume) -> None:
    with pytest.raises(NetAppRestError) as err:
        FileInfo(images_vol.uuid, 'none').get(return_metadata=True)
    assert (err.value.status_code, code_of(err)) == (404, '6684674')


def test_files_can_be_renamed_and_deleted(images_vol: Volume, images: Path) -> None:
    (images / 'old').write_bytes(b'1')
    info = FileInfo(images_vol.uuid, 'old')
    info.path = 'new'
    info._last_state = {'volume': {'uuid': images_vol.uuid}, 'path': 'old'}
    info.patch()
    assert [p.name for p in images.iterdir()] == ['new']
    FileInfo(images_vol.uuid, 'new').delete()
    assert not list(images.iterdir())


def test_file_copy_moves_a_file_to_another_flexvol(
    images_vol: Volume, gold_vol: Volume, images: Path, simulator: Simulator
) -> None:
    content = os.urandom(MIB)
    (images / 'image').write_bytes(content)
    file_copy(images_vol, 'image', gold_vol, 'copy').post(poll_interval=1)
    assert (simulator.directory('svm_gold', 'gold') / 'copy').read_bytes() == content


def test_file_copy_job_runs_until_the_bytes_are_there(
    images_vol: Volume, gold_vol: Volume, images: Path, simulator: Simulator
) -> None:
    (images / 'image').write_bytes(os.urandom(MIB))
    simulator.control('PATCH', '/settings', json={'copy_throughput': SLOW})
    answer = file_copy(images_vol, 'image', gold_vol, 'copy').post(poll=False)
    uuid = answer.http_response.json()['job']['uuid']
    job = Job(uuid=uuid)
    job.get()
    assert job.state in {'queued', 'running'}
    simulator.control('PATCH', '/settings', json={'copy_throughput': 0})
    answer.poll(interval=1)
    job.get()
    assert job.state == 'success'


def test_file_copy_between_svms_needs_a_peering(
    images_vol: Volume, silver_vol: Volume, images: Path, simulator: Simulator
) -> None:
    (images / 'image').write_bytes(b'content')
    copy = file_copy(images_vol, 'image', silver_vol, 'copy')
    with pytest.raises(NetAppRestError) as err:
        copy.post()
    assert code_of(err) == '7013361'
    peer = SvmPeer.from_dict(
        {
            'svm': {'name': 'svm_gold'},
            'applications': ['file_copy'],
            'peer': {'svm': {'name': 'svm_silver'}, 'cluster': {'name': 'contract'}},
        }
    )
    peer.post(poll_interval=1)
    try:
        copy.post(poll_interval=1)
    finally:
        peer.delete(poll_interval=1)
    assert (
        simulator.directory('svm_silver', 'silver_vol') / 'copy'
    ).read_bytes() == b'content'


def test_session_keeps_one_connection_for_many_calls(
    connection: HostConnection, simulator: Simulator
) -> None:
    before = simulator.calls()['last']
    for _ in range(5):
        connection.session.get(f'{simulator.origin}/api/cluster')
    calls = simulator.calls(before, 'admin')['calls']
    assert len({call['connection'] for call in calls}) == 1


def test_many_clients_keep_their_connections(
    connect: Connect, simulator: Simulator
) -> None:
    clients = [connect('admin') for _ in range(24)]
    before = simulator.calls()['last']
    for _ in range(2):
        for client in clients:
            client.session.get(f'{simulator.origin}/api/cluster')
    calls = simulator.calls(before, 'admin')['calls']
    for client in clients:
        client.session.close()
    assert len(calls) == 2 * len(clients)
    assert len({call['connection'] for call in calls}) == len(clients)


def test_wrong_password_is_refused(simulator: Simulator) -> None:
    connection = HostConnection(
        simulator.host,
        port=simulator.port,
        username='admin',
        password='wrong',
        verify=str(simulator.ca),
    )
    with connection, pytest.raises(NetAppRestError) as err:
        Cluster().get()
    assert err.value.status_code == 401


def test_readonly_user_may_read_and_nothing_else(
    connect: Connect, images_vol: Volume
) -> None:
    connection = connect('auditor')
    with connection:
        Cluster().get()
        with pytest.raises(NetAppRestError) as err:
            FileInfo(images_vol.uuid, 'image').delete()
    connection.session.close()
    assert (err.value.status_code, code_of(err)) == (403, '6')


def test_dropped_connection_looks_like_a_network_failure(
    connection: HostConnection, simulator: Simulator, images_vol: Volume, images: Path
) -> None:
    (images / 'image').write_bytes(b'content')
    simulator.fault('drop_connection', when='after', match={'path': '/file/clone'})
    body = {
        'volume': {'uuid': images_vol.uuid},
        'source_path': 'image',
        'destination_path': 'clone',
    }
    with pytest.raises(OSError, match=r'(?i)connection|remote|eof|ssl'):
        connection.session.post(
            f'{simulator.origin}/api/storage/file/clone?return_timeout=30', json=body
        )
    assert (images / 'clone').read_bytes() == b'content'


def test_the_limits_of_clones_are_shown() -> None:
    (load,) = SplitLoad.get_collection(fields='load')
    assert load.node.name == 'contract-01'
    assert load.load.allowable == load.load.maximum - load.load.current > 0
    if RELEASE < (9, 15):
        with pytest.raises(NetAppRestError) as err:
            list(SplitStatus.get_collection(fields='unsplit_size'))
        assert code_of(err) == '262197'
        return
    shared = {
        status.volume.name: status.unsplit_size
        for status in SplitStatus.get_collection(fields='unsplit_size')
    }
    assert shared['gold'] == 0
