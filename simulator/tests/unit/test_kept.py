"""What is kept and shown: export policies, qtrees, peers, networks."""

import pytest
from ontap_simulator.models.cluster import Cluster
from ontap_simulator.topology import config
from webtest import TestResponse

from tests.unit.conftest import TOPOLOGY, Api

POLICIES = '/api/protocols/nfs/export-policies'
RULE = {'clients': [{'match': '0.0.0.0/0'}], 'ro_rule': ['any'], 'rw_rule': ['any']}


def location(answer: TestResponse) -> str:
    return str(answer.headers['Location'])


def test_each_svm_has_an_export_policy(api: Api) -> None:
    found = api.get(f'{POLICIES}?fields=svm.name').json['records']
    assert [(f['name'], f['svm']['name']) for f in found] == [
        ('default', 'svm1'),
        ('default', 'svm2'),
    ]


def test_rules_of_an_export_policy(api: Api) -> None:
    made = api.post(POLICIES, {'name': 'mine', 'svm.name': 'svm1', 'rules': [RULE]})
    assert made.status_code == 201, made.text
    rules = f'{location(made)}/rules'
    second = api.post(rules, RULE)
    assert location(second) == f'{rules}/2'
    assert api.patch(f'{rules}/2', {'rw_rule': ['never']}).status_code == 200
    assert api.get(f'{rules}/2').json['rw_rule'] == ['never']
    assert api.delete(f'{rules}/1').status_code == 200
    assert [rule['index'] for rule in api.get(rules).json['records']] == [2]


def test_export_policy_in_use_is_not_deleted(api: Api) -> None:
    made = api.post(POLICIES, {'name': 'mine', 'svm.name': 'svm1'})
    api.patch(
        f'/api/storage/volumes/{api.uuid("vol1")}?return_timeout=15',
        {'nas': {'export_policy': {'name': 'mine'}}},
    )
    assert api.delete(location(made)).json['error']['code'] == '1703945'


def test_qtree_is_a_directory_that_luns_can_be_in(api: Api) -> None:
    made = api.post(
        '/api/storage/qtrees?return_timeout=15',
        {'name': 'tree', 'svm': {'name': 'svm1'}, 'volume': {'name': 'vol1'}},
    )
    assert made.status_code == 201, made.text
    assert (api.directory('vol1') / 'tree').is_dir()
    lun = {
        'name': '/vol/vol1/tree/lun',
        'svm': {'name': 'svm1'},
        'os_type': 'linux',
        'space': {'size': 1 << 20},
    }
    assert api.post('/api/storage/luns', lun).status_code == 201
    shown = api.get(location(made)).json
    assert (shown['id'], shown['path']) == (1, '/one/tree')


@pytest.mark.parametrize(
    ('path', 'body'),
    [
        ('/api/cluster/peers', {'remote': {'ip_addresses': ['192.0.2.1']}}),
        ('/api/cluster/schedules', {'name': 's', 'cron': {'minutes': [1]}}),
        ('/api/storage/snapshot-policies', {'name': 'p', 'copies': []}),
        ('/api/network/ipspaces', {'name': 'more'}),
        ('/api/network/ip/routes', {'svm.name': 'svm1', 'gateway': '192.0.2.1'}),
        (
            '/api/name-services/dns',
            {'svm.name': 'svm1', 'domains': ['a.example'], 'servers': ['192.0.2.1']},
        ),
        ('/api/application/consistency-groups', {'name': 'g', 'svm.name': 'svm1'}),
    ],
)
def test_record_is_made_shown_kept_and_deleted(
    api: Api, path: str, body: dict[str, object]
) -> None:
    made = api.post(f'{path}?return_timeout=15', body)
    assert made.status_code == 201, made.text
    before = api.get(location(made)).json
    again = Api(type(api.app)(Cluster(config.parse(TOPOLOGY), api.cluster.data_dir)))
    assert again.get(location(made)).json == before
    assert api.delete(f'{location(made)}?return_timeout=15').status_code == 200
    assert api.get(location(made)).status_code == 404


def test_two_records_do_not_have_one_name(api: Api) -> None:
    body = {'name': 'mine', 'svm.name': 'svm1'}
    assert api.post(POLICIES, body).status_code == 201
    again = api.post(POLICIES, body)
    assert (again.status_code, again.json['error']['code']) == (409, '1')
    assert api.post(POLICIES, {**body, 'svm.name': 'svm2'}).status_code == 201


def test_reset_forgets_what_was_made(api: Api) -> None:
    api.post(POLICIES, {'name': 'mine', 'svm.name': 'svm1'})
    api.cluster.reset(files=True)
    assert api.get(f'{POLICIES}?name=mine').json['num_records'] == 0
    assert api.get(f'{POLICIES}?name=default').json['num_records'] == 2
