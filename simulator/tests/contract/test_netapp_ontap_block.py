"""NetApp's Python library works with the simulator's LUNs and namespaces."""

import os
from pathlib import Path

import pytest
from netapp_ontap import HostConnection, NetAppRestError
from netapp_ontap.resources import (
    FcInterface,
    Igroup,
    IgroupInitiator,
    IscsiService,
    Job,
    Lun,
    LunAttribute,
    LunMap,
    NvmeNamespace,
    NvmeService,
    NvmeSubsystem,
    NvmeSubsystemMap,
    SplitLoad,
    SplitStatus,
)
from ontap_simulator.testing import Simulator

from tests.contract.conftest import RELEASE, Connect

INITIATOR = 'iqn.1994-05.com.example:host1'
MIB = 1 << 20
GIB = 1 << 30
NQN = 'nqn.2014-08.org.nvmexpress:uuid:host-1'

pytestmark = pytest.mark.usefixtures('connection')


@pytest.fixture
def pool(simulator: Simulator) -> Path:
    return simulator.directory('svm_san', 'san_one')


@pytest.fixture
def lun(connection: HostConnection) -> Lun:
    """A LUN of 1 GiB."""
    return new_lun('lun1')


def new_lun(name: str, **fields: object) -> Lun:
    lun = Lun.from_dict(
        {
            'svm': {'name': 'svm_san'},
            'name': f'/vol/san_one/{name}',
            'os_type': 'linux',
            'space': {'size': GIB},
            **fields,
        }
    )
    lun.post(hydrate=True)
    return lun


def clone_of(lun: Lun, name: str) -> Lun:
    clone = Lun.from_dict(
        {
            'svm': {'name': 'svm_san'},
            'name': name,
            'clone': {'source': {'uuid': lun.uuid}},
        }
    )
    clone.post(hydrate=True)
    return clone


def new_namespace(name: str, **fields: object) -> NvmeNamespace:
    namespace = NvmeNamespace.from_dict(
        {
            'svm': {'name': 'svm_san'},
            'name': f'/vol/san_one/{name}',
            'os_type': 'linux',
            'space': {'size': GIB},
            **fields,
        }
    )
    namespace.post(hydrate=True)
    return namespace


def code_of(err: pytest.ExceptionInfo[NetAppRestError]) -> str:
    """The code of an answer or, if there is none, of the job that failed last."""
    if err.value.response_body is not None:
        return str(err.value.response_body['error']['code'])
    jobs = Job.get_collection(fields='error,end_time', state='failure')
    last = max(jobs, key=lambda job: job.end_time)
    return str(last.error.code)


def test_lun_is_made_with_a_serial_number(lun: Lun) -> None:
    assert len(lun.serial_number) == 12
    assert (lun.space.size, lun.os_type) == (GIB, 'linux')
    assert lun.location.volume.name == 'san_one'
    assert lun.location.logical_unit == 'lun1'


def test_lun_is_found_by_its_name(lun: Lun) -> None:
    found = Lun.find(name='/vol/san_one/lun1', **{'svm.name': 'svm_san'})
    assert found.uuid == lun.uuid


def test_lun_clone_has_the_data_of_its_source(lun: Lun, pool: Path) -> None:
    content = os.urandom(MIB)
    with (pool / 'lun1').open('r+b') as stream:
        stream.write(content)
    clone = clone_of(lun, '/vol/san_one/clone')
    with (pool / 'clone').open('rb') as stream:
        assert stream.read(MIB) == content
    assert clone.space.size == GIB
    assert clone.serial_number != lun.serial_number


@pytest.mark.parametrize(
    ('name', 'code'),
    [('/vol/san_two/clone', '1260121'), ('/vol/san_one/lun1', '1260136')],
)
def test_lun_clone_has_to_have_a_free_name_in_its_sources_volume(
    lun: Lun, name: str, code: str
) -> None:
    with pytest.raises(NetAppRestError) as err:
        clone_of(lun, name)
    assert code_of(err) == code


def test_lun_clone_of_a_missing_lun_is_5374875(lun: Lun) -> None:
    lun.delete()
    with pytest.raises(NetAppRestError) as err:
        clone_of(lun, '/vol/san_one/clone')
    assert code_of(err) == '5374875'


def test_lun_is_renamed_grown_and_commented(lun: Lun, pool: Path) -> None:
    lun.name = '/vol/san_one/lun2'
    lun.comment = 'c' * 254
    lun.space.size = 2 * GIB
    lun.patch()
    found = Lun(uuid=lun.uuid)
    found.get()
    assert (found.name, found.space.size) == ('/vol/san_one/lun2', 2 * GIB)
    assert len(found.comment) == 254
    assert (pool / 'lun2').stat().st_size == 2 * GIB


def test_lun_shows_what_is_costly_only_when_it_is_asked_for(lun: Lun) -> None:
    whole, all_of_it = Lun(uuid=lun.uuid), Lun(uuid=lun.uuid)
    whole.get()
    all_of_it.get(fields='status.mapped,auto_delete')
    assert 'auto_delete' not in whole.to_dict()
    assert 'mapped' not in whole.to_dict()['status']
    assert all_of_it.status.mapped is False
    assert all_of_it.auto_delete is False


def test_lun_copy_shows_its_progress_at_the_lun(
    lun: Lun, simulator: Simulator, pool: Path
) -> None:
    with (pool / 'lun1').open('r+b') as stream:
        stream.write(b'c' * MIB)
    simulator.control('PATCH', '/settings', json={'copy_throughput': 1024})
    copy = Lun.from_dict(
        {
            'svm': {'name': 'svm_san'},
            'name': '/vol/san_two/copy',
            'copy': {'source': {'name': '/vol/san_one/lun1'}},
        }
    )
    copy.post()
    copy.get(fields='copy.source')
    assert copy.copy.source.progress.state in {'preparing', 'replicating'}
    assert copy.copy.source.uuid == lun.uuid
    copy.delete()
    assert not list(simulator.directory('svm_san', 'san_two').iterdir())


def test_attributes_of_a_lun(lun: Lun) -> None:
    attribute = LunAttribute(lun.uuid, name='image', value='one')
    attribute.post()
    attribute.value = 'two'
    attribute.patch()
    lun.get(fields='attributes')
    assert [(a.name, a.value) for a in lun.attributes] == [('image', 'two')]
    attribute.delete()
    assert not list(LunAttribute.get_collection(lun.uuid))


def test_lun_is_mapped_to_an_igroup(lun: Lun) -> None:
    igroup = Igroup.from_dict(
        {
            'svm': {'name': 'svm_san'},
            'name': 'igroup1',
            'os_type': 'linux',
            'protocol': 'iscsi',
        }
    )
    igroup.post(hydrate=True)
    IgroupInitiator(igroup.uuid, name=INITIATOR).post()
    lun_map = LunMap.from_dict(
        {
            'svm': {'name': 'svm_san'},
            'lun': {'name': lun.name},
            'igroup': {'name': 'igroup1'},
        }
    )
    lun_map.post(hydrate=True)
    assert lun_map.logical_unit_number == 0
    with pytest.raises(NetAppRestError) as err:
        lun.delete()
    assert code_of(err) == '1254197'
    lun_map.delete()
    lun.delete()
    igroup.delete()
    assert not list(Igroup.get_collection())


def test_services_and_targets_are_listed() -> None:
    (service,) = IscsiService.get_collection(fields='target.name')
    assert service.svm.name == 'svm_san'
    assert service.target.name.startswith('iqn.1992-08.com.netapp:sn.')
    assert [s.svm.name for s in NvmeService.get_collection()] == ['svm_san']
    wwpns = {i.wwpn for i in FcInterface.get_collection(fields='wwpn')}
    assert len(wwpns) == 2


def test_namespace_is_cloned_grown_and_commented(pool: Path) -> None:
    namespace = new_namespace('ns1')
    assert namespace.space.block_size == 4096
    clone = NvmeNamespace.from_dict(
        {
            'svm': {'name': 'svm_san'},
            'name': '/vol/san_one/ns2',
            'clone': {'source': {'name': '/vol/san_one/ns1'}},
        }
    )
    clone.post(hydrate=True)
    clone.space.size = 2 * GIB
    clone.comment = 'cached'
    clone.patch()
    clone.get()
    assert (clone.space.size, clone.comment) == (2 * GIB, 'cached')
    clone.delete()
    assert [p.name for p in pool.iterdir()] == ['ns1']


def test_namespace_is_mapped_to_a_subsystem() -> None:
    namespace = new_namespace('ns1')
    subsystem = NvmeSubsystem.from_dict(
        {
            'svm': {'name': 'svm_san'},
            'name': 'subsystem1',
            'os_type': 'linux',
            'hosts': [{'nqn': NQN}],
        }
    )
    subsystem.post(hydrate=True)
    mapped = NvmeSubsystemMap.from_dict(
        {
            'svm': {'name': 'svm_san'},
            'namespace': {'name': namespace.name},
            'subsystem': {'name': 'subsystem1'},
        }
    )
    mapped.post(hydrate=True)
    assert mapped.nsid == '00000001h'
    with pytest.raises(NetAppRestError) as err:
        namespace.delete()
    assert code_of(err) == '72089796'
    namespace.delete(allow_delete_while_mapped=True)
    with pytest.raises(NetAppRestError) as err:
        subsystem.delete()
    assert code_of(err) == '72090024'
    subsystem.delete(allow_delete_with_hosts=True)


def test_lun_becomes_a_namespace_in_place(lun: Lun, pool: Path) -> None:
    before = (pool / 'lun1').stat().st_ino
    namespace = NvmeNamespace.from_dict(
        {'svm': {'name': 'svm_san'}, 'convert': {'lun': {'name': lun.name}}}
    )
    namespace.post(hydrate=True)
    assert (pool / 'lun1').stat().st_ino == before
    assert namespace.name == '/vol/san_one/lun1'
    assert not list(Lun.get_collection())


def test_readonly_user_makes_no_lun(connect: Connect) -> None:
    auditor = connect('auditor')
    with auditor, pytest.raises(NetAppRestError) as err:
        new_lun('lun2')
    auditor.session.close()
    assert (err.value.status_code, code_of(err)) == (403, '6')


def test_split_load_and_shared_data_can_be_read(
    lun: Lun, simulator: Simulator, pool: Path
) -> None:
    (load,) = SplitLoad.get_collection(fields='*')
    assert load.load.current == 0
    assert load.load.allowable == load.load.maximum > 0
    simulator.control(
        'PATCH',
        '/volumes',
        json={'svm': 'svm_san', 'volume': 'san_one', 'unsplit_size': 1 << 49},
    )
    (status,) = SplitStatus.get_collection(**{'volume.name': 'san_one'})
    shown = status.to_dict()
    since = (9, 15)
    assert shown.get('unsplit_size') == (1 << 49 if since <= RELEASE else None)
