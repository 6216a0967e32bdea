"""The same generated requests through the real cinder-api, with and without.

``EIC_GENERATED_API=20000`` (``make tables``) for twenty thousand of them.
"""

import copy
import json

import pytest

from tests.functional.test_cinder_filter import COPIES, FORGED, HINTS, volume
from tests.security.cinder_api.test_generated import PROJECT, SEED, SERVICE
from tests.security.generated import Generator, Request, how_many_for_apis
from tests.security.recorder import TIME, UUID, ask, comparable

SECRETS = (b'/srv/glance', b'127.0.11.2')


@pytest.fixture(autouse=True)
def _stub(glance, scheduled):
    """The test uses the stub and the recorder."""


def asked_for(scheduled):
    """What went to the scheduler, and the hints; then forgets it."""
    found = []
    for request in scheduled.requests:
        hints = copy.deepcopy(request['filter_properties'].get('scheduler_hints'))
        spec = json.dumps(
            request['request_spec'].obj_to_primitive(), sort_keys=True, default=str
        ).encode()
        found.append((hints, TIME.sub(b'*', UUID.sub(b'*', spec))))
    scheduled.requests.clear()
    return found


def take_hint(hints):
    """Out of hints, which may be anything."""
    return hints.pop('eic', None) if isinstance(hints, dict) else None


def test_users_get_what_cinder_alone_answers(
    plain_app, filtered_app, scheduled, capsys
):
    generator = Generator(SERVICE, SEED)
    counts = generator.counts
    user = {'HTTP_X_AUTH_TOKEN': f'user:{PROJECT}'}
    for number in range(how_many_for_apis(200)):
        request = generator.next()
        where = f'request {number}: {request}'[:3000]
        alone, _ = ask(plain_app.app, request.environ(**user))
        wanted = asked_for(scheduled)
        behind, ours = ask(filtered_app.app, request.environ(**user))
        got = asked_for(scheduled)
        assert comparable(behind) == comparable(alone), where
        assert ours == {}, where
        assert not any(secret in repr(behind).encode() for secret in SECRETS), where
        forged = [take_hint(hints) for hints, _ in wanted]
        added = [take_hint(hints) for hints, _ in got]
        assert [(hints or None, spec) for hints, spec in got] == [
            (hints or None, spec) for hints, spec in wanted
        ], where
        assert all(hint in (None, COPIES) for hint in added), where
        counts[f'status: {alone[0][:3]}'] += 1
        counts['outcome: hint added'] += COPIES in added
        counts['outcome: forged hint kept from the scheduler'] += any(
            hint is not None for hint in forged
        )
    with capsys.disabled():
        print(f'\n{generator.report()}')
    for kind in (
        'status: 202',
        'status: 400',
        'status: 404',
        'outcome: hint added',
        'outcome: forged hint kept from the scheduler',
    ):
        assert counts[kind] > number / 200, kind


BEFORE = [
    '',
    '/v3',
    '/v3/',
    '//v3',
    f'/v3/{PROJECT}',
    f'/v3/{PROJECT}/',
    f'/v3/{PROJECT.upper()}',
    f'/{PROJECT}',
    '/v3\n',
    '/v3/\n',
]
BEHIND = [
    '',
    '/',
    '//',
    '\n',
    '/\n',
    '\n\n',
    '\r\n',
    '.json',
    '.json/',
    '.json\n',
    '.json/\n',
    '.xml',
    '.',
    '..',
    '/.',
    ' ',
    '\t',
    '\x00',
    '\x0b',
    '\xa0',
    ';',
    '?',
    '#',
    '%0a',
    '%2e',
    '/detail',
    '.JSON',
    '.json.json',
]


def test_no_path_hides_a_forged_hint(plain_app, filtered_app, scheduled):
    """Whatever Cinder's router takes for a create."""
    body = json.dumps({**volume(imageRef=None), HINTS: {'eic': FORGED}}).encode()
    taken = set()
    for path in [f'{before}/volumes{behind}' for before in BEFORE for behind in BEHIND]:
        request = Request(
            {
                'REQUEST_METHOD': 'POST',
                'PATH_INFO': path,
                'CONTENT_TYPE': 'application/json',
                'CONTENT_LENGTH': str(len(body)),
                'HTTP_X_AUTH_TOKEN': f'user:{PROJECT}',
            },
            body,
            'whole',
            {},
        )
        ask(plain_app.app, request.environ())
        if asked_for(scheduled):
            taken.add(path)
            ask(filtered_app.app, request.environ())
            assert [take_hint(hints) for hints, _ in asked_for(scheduled)] == [None], (
                path
            )
    assert {'/v3/volumes', '/v3/volumes\n', f'/v3/{PROJECT}/volumes.json'} <= taken
