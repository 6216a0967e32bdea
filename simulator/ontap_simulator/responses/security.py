"""/security/roles and /security/accounts: who may log in, and do what."""

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote, unquote

from ontap_simulator.errors.common import (
    DuplicateError,
    InvalidValueError,
    MissingFieldError,
    NoSuchEntryError,
    OntapError,
)
from ontap_simulator.models.logins import ACCESS, hashed
from ontap_simulator.records import Record, link, value
from ontap_simulator.responses.base import Answer, Call, Handler, collection, instance
from ontap_simulator.responses.kept import KeptResource, Shape

_ROLES = '/security/roles'
_BUILTIN_ROLE = '1263347'
_ROLE_IN_USE = '5636173'
_NO_ROLE = '5636169'


class _Owned(KeptResource):
    """What an SVM, or the cluster itself, owns."""

    def refer_to_svm(self, call: Call, record: Record) -> None:
        cluster = {'name': call.cluster.name, 'uuid': call.cluster.uuid}
        owner = value(record, 'owner', default={})
        wanted = owner.get('uuid') or owner.get('name')
        if wanted is None and call.svm is not None:
            wanted = call.svm.name
        if wanted in {None, *cluster.values()}:
            record |= {'owner': cluster, 'scope': 'cluster'}
        else:
            reference = call.cluster.svm(str(wanted)).reference()
            record |= {'owner': reference, 'scope': 'svm'}

    def shown(self, call: Call, record: Record) -> Record:
        # The cluster's own have the cluster as their owner.
        cluster = {'name': call.cluster.name, 'uuid': call.cluster.uuid}
        shown = super().shown(call, {'owner': cluster, **record})
        shown.pop('uuid', None)
        return shown

    def addressed(self, call: Call) -> Record:
        for record in self.visible(call):
            owner = value(record, 'owner.uuid', default=call.cluster.uuid)
            if (owner, record['name']) == (call['owner'], call['name']):
                return record
        raise NoSuchEntryError('name')

    def _is_within(self, call: Call, record: Record) -> bool:
        return True


class Roles(_Owned):
    """Roles: paths, and what is allowed there."""

    def prepare(self, call: Call, record: Record) -> Record:
        for privilege in record['privileges']:
            _check(privilege)
        return {**record, 'builtin': False}

    def change(self, call: Call, old: Record, new: Record) -> None:
        _refuse_builtin(old)
        for privilege in new['privileges']:
            _check(privilege)
        super().change(call, old, new)

    def remove(self, call: Call, record: Record) -> None:
        _refuse_builtin(record)
        if any(
            value(account, 'role.name') == record['name']
            for account in call.cluster.kept.collection('accounts').all()
        ):
            raise OntapError('Accounts have this role.', code=_ROLE_IN_USE)
        super().remove(call, record)

    def shown(self, call: Call, record: Record) -> Record:
        shown = super().shown(call, record)
        shown['privileges'] = [
            _shown(shown, privilege) for privilege in record['privileges']
        ]
        return shown


class Accounts(_Owned):
    """Accounts: somebody who can log in with a password."""

    def prepare(self, call: Call, record: Record) -> Record:
        role = value(record, 'role.name', default='admin')
        _check_role(call, record, role)
        if 'password' in record:
            record['password_hash'] = hashed(str(record.pop('password')))
        return {
            'locked': False,
            'comment': '',
            **record,
            'role': {'name': role},
            'applications': [_application(each) for each in record['applications']],
        }

    def change(self, call: Call, old: Record, new: Record) -> None:
        if 'password' in new:
            new['password_hash'] = hashed(str(new.pop('password')))
        _check_role(call, new, value(new, 'role.name'))
        new['applications'] = [_application(each) for each in new['applications']]
        super().change(call, old, new)

    def shown(self, call: Call, record: Record) -> Record:
        shown = super().shown(call, record)
        role = record['role']['name']
        path = f'{_ROLES}/{value(shown, "owner.uuid")}/{role}'
        shown['role'] = {'name': role, '_links': link(path)}
        return shown


ROLES = Roles(
    Shape(
        'roles',
        _ROLES,
        {'owner': 'owner.uuid', 'name': 'name'},
        required=('name', 'privileges'),
        svm_field='owner',
        in_svm='optional',
        identity=('owner', 'name'),
        fixed=('name',),
    )
)
ACCOUNTS = Accounts(
    Shape(
        'accounts',
        '/security/accounts',
        {'owner': 'owner.uuid', 'name': 'name'},
        required=('name', 'applications'),
        svm_field='owner',
        in_svm='optional',
        identity=('owner', 'name'),
        fixed=('name',),
        hidden=('password_hash', 'password'),
    )
)


def list_privileges(call: Call) -> Answer:
    return collection(
        call, ROLES.shown(call, _role(call))['privileges'], 'path', 'access'
    )


def get_privilege(call: Call) -> Answer:
    for found in ROLES.shown(call, _role(call))['privileges']:
        if _is_at(call, found):
            return instance(call, found, 'path', 'access')
    raise NoSuchEntryError('path')


def create_privilege(call: Call) -> Answer:
    role, body = _role(call), call.body
    _refuse_builtin(role)
    _check(body)
    if any(found['path'] == body['path'] for found in role['privileges']):
        raise DuplicateError('The role has a privilege for this path.')
    privileges = [*role['privileges'], {k: body[k] for k in ('path', 'access')}]
    ROLES.records(call).replace({**role, 'privileges': privileges})
    shown = _shown(ROLES.shown(call, role), body)
    return Answer(
        {'num_records': 1},
        HTTPStatus.CREATED,
        {'Location': shown['_links']['self']['href']},
    )


def patch_privilege(call: Call) -> Answer:
    role, old = _privilege(call)
    new = {'path': old['path'], 'access': call.body.get('access', old['access'])}
    _check(new)
    privileges = [new if found is old else found for found in role['privileges']]
    ROLES.records(call).replace({**role, 'privileges': privileges})
    return Answer()


def delete_privilege(call: Call) -> Answer:
    role, old = _privilege(call)
    privileges = [found for found in role['privileges'] if found is not old]
    ROLES.records(call).replace({**role, 'privileges': privileges})
    return Answer()


PRIVILEGES: Mapping[str, Mapping[str, Handler]] = {
    f'{_ROLES}/{{owner}}/{{name}}/privileges': {
        'GET': list_privileges,
        'POST': create_privilege,
    },
    f'{_ROLES}/{{owner}}/{{name}}/privileges/{{path*}}': {
        'GET': get_privilege,
        'PATCH': patch_privilege,
        'DELETE': delete_privilege,
    },
}


def _role(call: Call) -> Record:
    return ROLES.addressed(call)


def _privilege(call: Call) -> tuple[Record, Record]:
    role = _role(call)
    _refuse_builtin(role)
    for found in role['privileges']:
        if _is_at(call, found):
            return role, found
    raise NoSuchEntryError('path')


def _is_at(call: Call, privilege: Record) -> bool:
    # A server may hand over %2F as a slash, and two slashes as one.
    wanted = unquote(call['path'])
    return str(privilege['path']).lstrip('/') == wanted.lstrip('/')


def _shown(role: Record, privilege: Record) -> Record:
    owner = value(role, 'owner.uuid')
    encoded = quote(str(privilege['path']), safe='')
    path = f'{_ROLES}/{owner}/{role["name"]}/privileges/{encoded}'
    return {
        **{key: privilege[key] for key in ('path', 'access')},
        '_links': link(path),
    }


def _check(privilege: Record) -> None:
    for name in ('path', 'access'):
        if name not in privilege:
            raise MissingFieldError(f'privileges.{name}')
    if privilege['access'] not in ACCESS:
        raise InvalidValueError('privileges.access', privilege['access'])


def _refuse_builtin(role: Record) -> None:
    if role.get('builtin'):
        raise OntapError('A predefined role cannot be changed.', code=_BUILTIN_ROLE)


def _check_role(call: Call, account: Record, name: str) -> None:
    owner = value(account, 'owner.uuid')
    for role in ROLES.records(call).all():
        if role['name'] == name and (
            role.get('builtin') or value(role, 'owner.uuid') == owner
        ):
            return
    raise OntapError(
        f'The role "{name}" does not exist.', code=_NO_ROLE, target='role.name'
    )


def _application(body: Record) -> Record:
    if 'application' not in body:
        raise MissingFieldError('applications.application')
    return {
        'second_authentication_method': 'none',
        'is_ldap_fastbind': False,
        **body,
        'authentication_methods': body.get('authentication_methods', ['password']),
    }
