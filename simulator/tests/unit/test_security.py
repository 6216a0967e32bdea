"""Accounts log in, and do what their role allows and nothing else."""

import base64

from webtest import TestResponse

from tests.unit.conftest import Api

ROLE = [
    {'path': '/api/storage/volumes', 'access': 'readonly'},
    {'path': '/api/storage/volumes/*/files', 'access': 'read_modify'},
    {'path': '/api/cluster', 'access': 'readonly'},
]


def account(api: Api, svm: str | None = None) -> Api:
    owner = {'owner': {'name': svm}} if svm else {}
    role = api.post(
        '/api/security/roles', {'name': 'least', 'privileges': ROLE, **owner}
    )
    assert role.status_code == 201, role.text
    made = api.post(
        '/api/security/accounts',
        {
            'name': 'someone',
            'password': 'pass-word',
            'role': {'name': 'least'},
            'applications': [{'application': 'http'}],
            **owner,
        },
    )
    assert made.status_code == 201, made.text
    return Api(api.app, 'someone', 'pass-word')


def code(answer: TestResponse) -> str:
    return str(answer.json['error']['code'])


def test_role_decides_by_path_and_method(api: Api) -> None:
    (api.directory('vol1') / 'image').touch()
    someone = account(api)
    volume = f'/api/storage/volumes/{api.uuid("vol1")}'
    assert someone.get('/api/storage/volumes').status_code == 200
    assert someone.patch(volume, {'comment': 'x'}).status_code == 403
    assert someone.patch(f'{volume}/files/image', {'path': 'to'}).status_code == 200
    assert someone.delete(f'{volume}/files/to').status_code == 403
    assert someone.get('/api/storage/luns').status_code == 403
    assert code(someone.get('/api/storage/luns')) == '6'


def test_account_of_an_svm_sees_that_one_alone(api: Api) -> None:
    someone = account(api, 'svm2')
    assert someone.names('/api/storage/volumes') == ['vol3']
    other = someone.get('/api/storage/volumes', X_Dot_SVM_Name='svm1')
    assert other.status_code == 403


def test_wrong_password_and_locked_account_do_not_log_in(api: Api) -> None:
    someone = account(api)
    assert Api(api.app, 'someone', 'other').get('/api/cluster').status_code == 401
    path = f'/api/security/accounts/{api.cluster.uuid}/someone'
    assert api.patch(path, {'locked': True}).status_code == 200
    assert someone.get('/api/cluster').status_code == 401


def test_no_answer_and_no_file_has_the_password(api: Api) -> None:
    account(api)
    shown = api.get('/api/security/accounts?fields=**').text
    stored = (api.cluster.data_dir / 'state.json').read_text()
    secret = base64.b64encode(b'pass-word').decode()
    assert 'pass-word' not in shown + stored
    assert secret not in stored
    assert 'password_hash' not in shown


def test_role_that_is_used_or_built_in_stays(api: Api) -> None:
    account(api)
    roles = f'/api/security/roles/{api.cluster.uuid}'
    assert code(api.delete(f'{roles}/least')) == '5636173'
    assert code(api.delete(f'{roles}/admin')) == '1263347'


def test_privileges_are_added_and_taken_away(api: Api) -> None:
    someone = account(api)
    privileges = f'/api/security/roles/{api.cluster.uuid}/least/privileges'
    added = api.post(privileges, {'path': '/api/storage/luns', 'access': 'readonly'})
    assert added.status_code == 201
    assert someone.get('/api/storage/luns').status_code == 200
    assert api.delete(f'{privileges}/%2Fapi%2Fstorage%2Fluns').status_code == 200
    assert someone.get('/api/storage/luns').status_code == 403
