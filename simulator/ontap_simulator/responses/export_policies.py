"""/protocols/nfs/export-policies and their rules. They refuse nobody here."""

from collections.abc import Mapping
from http import HTTPStatus

from ontap_simulator.errors.common import (
    InvalidValueError,
    MissingFieldError,
    NoSuchEntryError,
    OntapError,
)
from ontap_simulator.records import Record, link, merge, value
from ontap_simulator.responses.base import Answer, Call, Handler, collection, instance
from ontap_simulator.responses.kept import KeptResource, Shape

_PATH = '/protocols/nfs/export-policies'
_FIRST_ID = 8589934593
_IN_USE = '1703945'
_IS_DEFAULT = '1703946'
_RULE_DEFAULTS: Record = {
    'protocols': ['any'],
    'anonymous_user': '65534',
    'superuser': ['none'],
    'allow_device_creation': True,
    'allow_suid': True,
    'ntfs_unix_security': 'fail',
    'chown_mode': 'restricted',
}


class ExportPolicies(KeptResource):
    """Policies; a FlexVol may name one of its SVM's."""

    def prepare(self, call: Call, record: Record) -> Record:
        number = self.records(call).number('id', _FIRST_ID)
        rules = [
            _rule(rule, index)
            for index, rule in enumerate(record.get('rules', []), start=1)
        ]
        return {**record, 'id': number, 'rules': rules}

    def change(self, call: Call, old: Record, new: Record) -> None:
        new['rules'] = [
            rule if 'index' in rule else _rule(rule, index)
            for index, rule in enumerate(new.get('rules', []), start=1)
        ]
        super().change(call, old, new)
        for volume in call.cluster.volumes:
            name = value(volume.properties, 'nas.export_policy.name')
            if volume.svm.uuid == value(old, 'svm.uuid') and name == old['name']:
                properties: Record = {}
                merge(properties, volume.properties)
                merge(properties, {'nas': {'export_policy': {'name': new['name']}}})
                call.cluster.volumes.change(volume, properties=properties)

    def remove(self, call: Call, record: Record) -> None:
        if record['name'] == 'default':
            raise OntapError(
                'The export policy "default" cannot be deleted.', code=_IS_DEFAULT
            )
        for volume in call.cluster.volumes:
            name = value(volume.properties, 'nas.export_policy.name')
            if volume.svm.uuid == value(record, 'svm.uuid') and name == record['name']:
                raise OntapError('The export policy is in use.', code=_IN_USE)
        super().remove(call, record)

    def shown(self, call: Call, record: Record) -> Record:
        shown = super().shown(call, record)
        del shown['uuid']
        return shown


def check_exists(call: Call, name: object, svm: str) -> None:
    """Refuse a policy that an SVM does not have.

    :raises InvalidValueError: it has none of that name
    """
    policies = call.cluster.kept.collection('export_policies').all()
    if name is not None and not any(
        (found['name'], found['svm']['name']) == (name, svm) for found in policies
    ):
        raise InvalidValueError('export_policy.name', name)


POLICIES = ExportPolicies(
    Shape(
        'export_policies',
        _PATH,
        {'id': 'id'},
        required=('name',),
        in_svm='required',
        fixed=('svm.name', 'id'),
        identity=('id', 'name'),
        defaults={'rules': []},
    )
)


def list_rules(call: Call) -> Answer:
    policy = POLICIES.addressed(call)
    return collection(call, [_shown(policy, r) for r in policy['rules']], 'index')


def get_rule(call: Call) -> Answer:
    policy = POLICIES.addressed(call)
    return instance(call, _shown(policy, _find(call, policy)), 'index')


def create_rule(call: Call) -> Answer:
    policy, body = POLICIES.addressed(call), call.body
    several = body.get('records') if set(body) == {'records'} else None
    made = []
    for each in several or [body]:
        index = max((rule['index'] for rule in policy['rules']), default=0) + 1
        rule = _rule(each, each.get('index', index))
        made.append(rule)
        policy = {**policy, 'rules': _ordered([*policy['rules'], rule])}
    POLICIES.records(call).replace(policy)
    shown = [_shown(policy, rule) for rule in made]
    body = {'num_records': len(shown)}
    if call.query.flag('return_records'):
        body['records'] = shown
    return Answer(
        body, HTTPStatus.CREATED, {'Location': shown[0]['_links']['self']['href']}
    )


def patch_rule(call: Call) -> Answer:
    policy, body = POLICIES.addressed(call), call.body
    old = _find(call, policy)
    new = {**old, **{k: v for k, v in body.items() if k not in {'_links', 'policy'}}}
    new['index'] = int(call.query.get('new_index') or new['index'])
    rules = [rule for rule in policy['rules'] if rule is not old]
    POLICIES.records(call).replace({**policy, 'rules': _ordered([*rules, new])})
    return Answer()


def delete_rule(call: Call) -> Answer:
    policy = POLICIES.addressed(call)
    old = _find(call, policy)
    rules = [rule for rule in policy['rules'] if rule is not old]
    POLICIES.records(call).replace({**policy, 'rules': rules})
    return Answer()


def list_clients(call: Call) -> Answer:
    found = _find(call, POLICIES.addressed(call))
    return collection(call, [dict(each) for each in found['clients']], 'match')


def create_client(call: Call) -> Answer:
    policy, body = POLICIES.addressed(call), call.body
    found = _find(call, policy)
    if 'match' not in body:
        raise MissingFieldError('match')
    found['clients'] = [*found['clients'], {'match': body['match']}]
    POLICIES.records(call).replace(policy)
    location = f'/api{call.path}/{body["match"]}'
    return Answer({'num_records': 1}, HTTPStatus.CREATED, {'Location': location})


def get_client(call: Call) -> Answer:
    for found in _find(call, POLICIES.addressed(call))['clients']:
        if found['match'] == call['match']:
            return instance(call, found, 'match')
    raise NoSuchEntryError('match')


def delete_client(call: Call) -> Answer:
    policy = POLICIES.addressed(call)
    found = _find(call, policy)
    left = [each for each in found['clients'] if each['match'] != call['match']]
    if len(left) == len(found['clients']):
        raise NoSuchEntryError('match')
    found['clients'] = left
    POLICIES.records(call).replace(policy)
    return Answer()


RULES: Mapping[str, Mapping[str, Handler]] = {
    f'{_PATH}/{{id}}/rules': {'GET': list_rules, 'POST': create_rule},
    f'{_PATH}/{{id}}/rules/{{index}}': {
        'GET': get_rule,
        'PATCH': patch_rule,
        'DELETE': delete_rule,
    },
    f'{_PATH}/{{id}}/rules/{{index}}/clients': {
        'GET': list_clients,
        'POST': create_client,
    },
    f'{_PATH}/{{id}}/rules/{{index}}/clients/{{match}}': {
        'GET': get_client,
        'DELETE': delete_client,
    },
}


def _rule(body: Record, index: object) -> Record:
    for name in ('clients', 'ro_rule', 'rw_rule'):
        if name not in body:
            raise MissingFieldError(name)
    return {**_RULE_DEFAULTS, **body, 'index': int(str(index))}


def _ordered(rules: list[Record]) -> list[Record]:
    return sorted(rules, key=lambda rule: int(rule['index']))


def _find(call: Call, policy: Record) -> Record:
    for rule in policy['rules']:
        if str(rule['index']) == call['index']:
            found: Record = rule
            return found
    raise NoSuchEntryError('index')


def _shown(policy: Record, rule: Record) -> Record:
    path = f'{_PATH}/{policy["id"]}/rules/{rule["index"]}'
    return {
        **rule,
        'policy': {'id': policy['id'], 'name': policy['name']},
        'svm': policy['svm'],
        '_links': link(path),
    }
