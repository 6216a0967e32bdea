"""Igroups, LUN maps, targets."""

from typing import Any

import pytest
from webtest import TestResponse

from tests.unit.conftest import Api, error_code

ONE = 'iqn.1994-05.com.example:host1'
TWO = 'iqn.1994-05.com.example:host2'
WWPN = '21:00:00:24:ff:40:6c:c3'
IGROUPS = '/api/protocols/san/igroups'
MAPS = '/api/protocols/san/lun-maps'


def new_igroup(
    api: Api, name: str = 'one', *initiators: str, **more: Any
) -> TestResponse:
    return api.post(
        IGROUPS,
        {
            'svm.name': 'svm1',
            'name': name,
            'os_type': 'linux',
            'protocol': 'iscsi',
            'initiators': [{'name': i} for i in initiators],
            **more,
        },
    )


def igroup_url(api: Api, name: str = 'one') -> str:
    (record,) = api.get(f'{IGROUPS}?name={name}').json['records']
    return f'{IGROUPS}/{record["uuid"]}'


def map_lun(
    api: Api, lun: str = '/vol/vol1/lun', igroup: str = 'one', **more: Any
) -> TestResponse:
    return api.post(
        f'{MAPS}?return_records=true',
        {'svm.name': 'svm1', 'lun.name': lun, 'igroup.name': igroup, **more},
    )


def number(response: TestResponse) -> int:
    return int(response.json['records'][0]['logical_unit_number'])


@pytest.fixture
def mapped(api: Api) -> Api:
    """A LUN that the host ONE sees."""
    api.new_lun()
    new_igroup(api, 'one', ONE)
    assert map_lun(api).status_int == 201
    return api


def test_igroup_is_found_by_its_initiators(api: Api) -> None:
    new_igroup(api, 'one', ONE)
    new_igroup(api, 'two', TWO)
    assert api.names(f'{IGROUPS}?initiators.name={ONE}') == ['one']
    assert api.names(f'{IGROUPS}?initiators.name={ONE},{TWO}') == ['one', 'two']


@pytest.mark.parametrize(
    ('changes', 'code'),
    [
        ({'name': ''}, '5373958'),
        ({'name': 'a b'}, '5373958'),
        ({'os_type': 'beos'}, '262197'),
        ({'protocol': 'nfs'}, '262197'),
        ({'svm.name': None}, '2621707'),
        ({'initiators': [{'name': 'host'}]}, '5373993'),
        ({'initiators': [{'name': 'iqn.x'}]}, '5374039'),
        ({'initiators': [{'name': WWPN}]}, '5374039'),
        ({'protocol': 'fcp', 'initiators': [{'name': ONE}]}, '5374038'),
    ],
)
def test_wrong_igroup_is_refused(api: Api, changes: dict[str, Any], code: str) -> None:
    assert error_code(new_igroup(api, **changes)) == code
    assert not api.names(IGROUPS)


def test_mixed_igroup_takes_both_protocols(api: Api) -> None:
    assert new_igroup(api, 'one', ONE, WWPN, protocol='mixed').status_int == 201


def test_name_is_used_once_by_igroups_and_subsystems(api: Api) -> None:
    new_igroup(api)
    assert error_code(new_igroup(api)) == '5374023'
    api.post(
        '/api/protocols/nvme/subsystems',
        {'svm.name': 'svm1', 'name': 'system', 'os_type': 'linux'},
    )
    assert error_code(new_igroup(api, 'system')) == '5376488'


def test_initiators_join_and_leave(api: Api) -> None:
    new_igroup(api)
    url = f'{igroup_url(api)}/initiators'
    assert error_code(api.post(url, {})) == '5374033'
    assert api.post(url, {'name': ONE}).status_int == 201
    assert error_code(api.post(url, {'name': ONE})) == '5374035'
    assert api.post(url, {'records': [{'name': TWO}]}).status_int == 201
    assert api.names(url) == [ONE, TWO]
    assert api.delete(f'{url}/{ONE}').status_int == 200
    assert error_code(api.delete(f'{url}/{ONE}')) == '5374034'


def test_igroup_is_renamed(api: Api) -> None:
    new_igroup(api)
    url = igroup_url(api)
    assert api.patch(url, {'name': 'new', 'comment': 'hosts'}).status_int == 200
    assert api.get(url).json['comment'] == 'hosts'
    assert error_code(api.patch(url, {'protocol': 'fcp'})) == '262203'
    new_igroup(api, 'one')
    assert error_code(api.patch(url, {'name': 'one'})) == '5374023'


def test_missing_igroup_is_5374852(api: Api) -> None:
    for response in (
        api.get(f'{IGROUPS}/x'),
        api.delete(f'{IGROUPS}/x'),
        api.post(f'{IGROUPS}/x/initiators', {'name': ONE}),
    ):
        assert (response.status_int, error_code(response)) == (404, '5374852')


def test_numbers_of_an_igroup_are_given_from_0_on(mapped: Api) -> None:
    mapped.new_lun('/vol/vol2/lun')
    mapped.new_lun('/vol/vol2/third')
    assert number(map_lun(mapped, '/vol/vol2/lun')) == 1
    assert number(map_lun(mapped, '/vol/vol2/third', logical_unit_number=7)) == 7


def test_free_number_is_given_again(mapped: Api) -> None:
    mapped.new_lun('/vol/vol2/lun')
    map_lun(mapped, '/vol/vol2/lun')
    mapped.delete(f'{MAPS}?lun.name=/vol/vol1/lun')
    mapped.new_lun('/vol/vol2/third')
    assert number(map_lun(mapped, '/vol/vol2/third')) == 0


@pytest.mark.parametrize(
    ('changes', 'code'),
    [
        ({}, '1254207'),
        ({'lun': '/vol/vol1/none'}, '1254201'),
        ({'igroup': 'none'}, '5374878'),
        ({'lun': None}, '5374901'),
        ({'igroup': None}, '5374902'),
        ({'lun': '/vol/vol2/lun', 'logical_unit_number': 0}, '1254324'),
        ({'lun': '/vol/vol2/lun', 'logical_unit_number': 5000}, '262197'),
    ],
)
def test_wrong_map_is_refused(mapped: Api, changes: dict[str, Any], code: str) -> None:
    mapped.new_lun('/vol/vol2/lun')
    assert error_code(map_lun(mapped, **changes)) == code
    assert mapped.get(MAPS).json['num_records'] == 1


def test_host_does_not_see_a_lun_twice(mapped: Api) -> None:
    new_igroup(mapped, 'other', ONE)
    assert error_code(map_lun(mapped, igroup='other')) == '1254193'
    new_igroup(mapped, 'third', TWO)
    assert map_lun(mapped, igroup='third').status_int == 201
    joins = mapped.post(f'{igroup_url(mapped, "third")}/initiators', {'name': ONE})
    assert error_code(joins) == '1254193'


def test_map_is_shown_at_lun_and_igroup(mapped: Api) -> None:
    (lun_map,) = mapped.lun()['lun_maps']
    assert (lun_map['logical_unit_number'], lun_map['igroup']['name']) == (0, 'one')
    assert mapped.lun()['status']['mapped'] is True
    igroup = mapped.get(f'{igroup_url(mapped)}?fields=lun_maps').json
    assert igroup['lun_maps'][0]['lun']['name'] == '/vol/vol1/lun'
    assert 'lun_maps' not in mapped.get(igroup_url(mapped)).json


def test_map_has_an_address_of_its_own(mapped: Api) -> None:
    (record,) = mapped.get(MAPS).json['records']
    url = record['_links']['self']['href']
    assert mapped.get(url).json['logical_unit_number'] == 0
    assert mapped.delete(url).status_int == 200
    assert error_code(mapped.delete(url)) == '5374922'


def test_mapped_lun_is_deleted_only_with_its_maps(mapped: Api) -> None:
    url = mapped.lun_url()
    assert error_code(mapped.delete(url)) == '1254197'
    assert mapped.delete(f'{url}?allow_delete_while_mapped=true').status_int == 200
    assert mapped.get(MAPS).json['num_records'] == 0


def test_mapped_igroup_is_deleted_only_with_its_maps(mapped: Api) -> None:
    url = igroup_url(mapped)
    assert error_code(mapped.delete(url)) == '1254213'
    assert error_code(mapped.delete(f'{url}/initiators/{ONE}')) == '1254213'
    assert mapped.delete(f'{url}?allow_delete_while_mapped=true').status_int == 200
    assert mapped.lun()['status']['mapped'] is False


def test_readonly_role_maps_nothing(mapped: Api) -> None:
    auditor = Api(mapped.app, 'auditor', 'third')
    assert auditor.get(MAPS).json['num_records'] == 1
    assert error_code(map_lun(auditor)) == '6'
    assert error_code(auditor.delete(f'{MAPS}?lun.name=/vol/vol1/lun')) == '6'


def test_targets_belong_to_svms_that_have_the_protocol(api: Api) -> None:
    (service,) = api.get('/api/protocols/san/iscsi/services?fields=target').json[
        'records'
    ]
    assert service['svm']['name'] == 'svm1'
    assert service['target']['name'].startswith('iqn.1992-08.com.netapp:sn.')
    url = service['_links']['self']['href']
    assert api.get(url).json['enabled'] is True
    assert error_code(api.get(f'{url[:-1]}x')) == '5374078'
    interfaces = api.get('/api/network/fc/interfaces?fields=wwpn').json['records']
    assert len({i['wwpn'] for i in interfaces}) == 2
    svm2 = next(s.uuid for s in api.cluster.svms if s.name == 'svm2')
    for protocol, code in (('fcp', '5374083'), ('iscsi', '5374078')):
        response = api.get(f'/api/protocols/san/{protocol}/services/{svm2}')
        assert error_code(response) == code


def test_lifs_serve_the_protocols_of_their_svm(api: Api) -> None:
    path = '/api/network/ip/interfaces?fields=ip.address&services='
    for service in ('data_iscsi', 'data_nvme_tcp'):
        found = api.get(f'{path}{service}').json['records']
        assert [r['ip']['address'] for r in found] == ['127.0.1.1', '127.0.1.2']
    assert api.get(f'{path}data_nfs').json['num_records'] == 3
