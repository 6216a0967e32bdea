"""Generated requests through the Cinder filter: what differs is what is documented.

``EIC_GENERATED=1000000`` (``make tables``) for a million of them.
"""

import json
import sys
import types

import pytest
from oslo_utils import uuidutils

from eic_plugins.middleware.cinder import CinderFilter, CinderParts
from eic_plugins.middleware.hold import Hold
from eic_plugins.model import ImageCopy
from tests.security.generated import (
    Generator,
    Request,
    Service,
    content_types,
    how_many,
)
from tests.security.recorder import Recorder, ask, canonical

SEED = 9
HINTS = 'OS-SCH-HNT:scheduler_hints'
PROJECT = '0123456789abcdef0123456789abcdef'
KNOWN = '2f0b9e1c-7c5e-4c6e-9d3b-0c1f4a7f0d11'
NOWHERE = '5d2a6b1e-0000-4c6e-9d3b-0c1f4a7f0d22'
SLOW = '5d2a6b1e-1111-4c6e-9d3b-0c1f4a7f0d33'
COPIES = (ImageCopy('192.0.2.7', '/images/a'), ImageCopy('192.0.2.8', '/b'))
HINT = {
    'copies': [
        {'server': '192.0.2.7', 'path': '/images/a'},
        {'server': '192.0.2.8', 'path': '/b'},
    ]
}
FORGED = {'copies': [{'server': '6.6.6.6', 'path': '/forged'}]}

IMAGES = {
    'known': KNOWN,
    'nowhere': NOWHERE,
    'slow': SLOW,
    'capitals': KNOWN.upper(),
    'no hyphens': KNOWN.replace('-', ''),
    'urn': f'urn:uuid:{KNOWN}',
    'url': f'http://glance/v2/images/{KNOWN}',
    'braces': f'{{{KNOWN}}}',
    'name': 'cirros',
    'dots': '../' + KNOWN,
    'slash behind': KNOWN + '/',
    'list': [KNOWN],
    'none': None,
}
OUR_HINTS = [
    ...,
    ...,
    {},
    None,
    [],
    {'same_host': NOWHERE},
    {'eic': FORGED},
    {'eic': FORGED, 'same_host': NOWHERE},
    {'eic': None},
    {'EIC': 1, ' eic': 2},
    'eic',
    ['eic'],
]


def document(rng):
    """A body of ``POST /volumes``."""
    image = rng.choice([KNOWN, IMAGES[rng.choice(list(IMAGES))]])
    volume = {'size': 1, rng.choice(['imageRef', 'imageRef', 'image_id']): image}
    if rng.random() < 0.3:
        volume['name'] = rng.choice(['n', '\u00e4\U0001f600', '\ud800', '"\\/'])
        volume['metadata'] = {'a': 'b', '\u00e9': 1e-7}
    whole = {'volume': volume}
    for holder, key, often in ((whole, HINTS, 1.0), (volume, 'scheduler_hints', 0.2)):
        hints = rng.choice(OUR_HINTS)
        if hints is not ... and rng.random() < often:
            holder[key] = json.loads(json.dumps(hints))
    return whole


# Whether the version refuses volume.scheduler_hints (3.53 and later).
VERSIONS = {
    'none': (None, False),
    'volume 3.0': ('volume 3.0', False),
    'volume 3.52': ('volume 3.52', False),
    'volume 3.53': ('volume 3.53', True),
    'volume 3.71': ('volume 3.71', True),
    'latest': ('volume latest', True),
    'among others': ('compute 2.90, volume 3.60', True),
    'two': ('volume 3.0, volume 3.60', False),
    'another name': ('volumev3 3.60', True),
    'tab': ('volume\t3.60', True),
    'others alone': ('compute 2.90', False),
    'no number': ('volume x', False),
    'huge': (f'volume 3.{"9" * 5000}', False),
    'empty': ('', False),
    'three': ('volume 3.60 x', False),
    'dots': ('volume 3.6.0', False),
    'zeros': ('volume 03.060', False),
    'negative': ('volume -3.60', False),
    'capitals': ('Volume 3.60', False),
    'no blank': ('volume3.60', False),
}
SERVICE = Service(
    paths={
        '/v3/volumes': True,
        f'/v3/{PROJECT}/volumes': True,
        '/volumes': True,
        f'/{PROJECT}/volumes': True,
        '/v3/volumes.json': True,
        f'/v3/{PROJECT}/volumes.json': True,
        '/v3/volumes/': True,
        '/v3/volumes/detail': False,
        '/v3//volumes': False,
        '/v3/volumes//': False,
        '/v3/volumes?': False,
        '/v3': False,
        '': False,
        f'/v3/volumes/{NOWHERE}': False,
        '/v3/snapshots': False,
        '/v3/volumes/x/action': False,
        '/v3/xvolumes': False,
        '/v3/volumesx': False,
        '/v3/VOLUMES': False,
        '/v3/a/b/volumes': False,
        '/v3/volumes\xff': False,
        '/v3/\xff\xfe/volumes': True,
        '/v3/volumes;a=b': False,
        '/v3/vol%75mes': False,
        '/v2/volumes': True,
        '/': False,
        '/v3/volumes.xml': False,
        '/v3/volumes.JSON': False,
        '/v3/volumes.json/': True,
        '/v3/volumes\n': True,
        '/v3/ /volumes': True,
    },
    content_types=content_types('volume'),
    versions={
        name: {} if header is None else {'HTTP_OPENSTACK_API_VERSION': header}
        for name, (header, _) in VERSIONS.items()
    },
    document=document,
)

ANSWERS = [
    (how, 202, json.dumps({'volume': volume}).encode())
    for how in ('at once', 'in chunks', 'writes')
    for volume in ({'id': NOWHERE, 'status': 'creating'}, {'id': 5}, None)
] + [
    ('at once', 202, b'{'),
    ('at once', 202, b''),
    ('in chunks', 400, b'{}'),
    ('writes', 500, b'oops'),
    ('at once', 200, b'[]'),
    ('raises', 0, b''),
]


class Lookup:
    """Knows one image; of another one nothing, and of one not in time."""

    def copies(self, image_id, _budget, _project):
        plain = image_id.lower().replace('-', '')
        return (
            COPIES
            if KNOWN.replace('-', '') in plain
            else None
            if image_id == SLOW
            else ()
        )


@pytest.fixture
def logged(monkeypatch):
    """The filter's logged errors of its own."""
    errors = []
    monkeypatch.setattr(
        'eic_plugins.middleware.paste_filter.LOG.exception',
        lambda *arguments: errors.append(arguments),
    )
    return errors


def expected(request, read):
    """The document that is to reach Cinder, None for the bytes as they came."""
    kinds = request.kinds
    if not (
        kinds['method'] == 'POST'
        and SERVICE.paths[kinds['path']]
        and SERVICE.content_types[kinds['type']]
        and isinstance(read, bytes)
    ):
        return None
    try:
        whole = json.loads(read.decode('utf-8'))
    except (ValueError, RecursionError):
        return None
    volume = whole.get('volume') if isinstance(whole, dict) else None
    if not isinstance(volume, dict):
        return None
    before = canonical(whole)
    strict = VERSIONS[kinds['version']][1]
    for holder, key in ((whole, HINTS), (volume, 'scheduler_hints')):
        hints = holder.get(key)
        if isinstance(hints, dict) and not (holder is volume and strict):
            hints.pop('eic', None)
    if is_known(volume) and may_add(whole, volume):
        whole[HINTS] = {**(whole.get(HINTS) or {}), 'eic': HINT}
    return None if canonical(whole) == before else whole


def is_known(volume):
    image = volume['image_id'] if 'image_id' in volume else volume.get('imageRef')
    found = image.rpartition('/')[2] if isinstance(image, str) else ''
    return bool(uuidutils.is_uuid_like(found) and Lookup().copies(found, 0, ''))


def may_add(whole, volume):
    hints, legacy = whole.get(HINTS), volume.get('scheduler_hints')
    return isinstance(hints, dict) or (hints is None and legacy is None)


def test_what_reaches_cinder_differs_as_documented(logged, capsys):
    generator = Generator(SERVICE, SEED)
    alone, behind = Recorder(), Recorder()
    held = Hold('service', 1e-9, 4, lambda: ['service'], lambda ids: {})
    filtered = CinderFilter(behind, parts=CinderParts(Lookup(), 1.0, held))
    rng, counts = generator.random, generator.counts
    for number in range(how_many(1000)):
        request = generator.next()
        more = {
            'test.answer': rng.choice(ANSWERS),
            'cinder.context': types.SimpleNamespace(
                project_id=PROJECT,
                service_roles=rng.choice([None, ['service'], ['member']]),
            ),
        }
        alone.forget()
        behind.forget()
        plain, _ = ask(alone, request.environ(**more))
        answer, ours = ask(filtered, request.environ(**more))
        where = f'request {number}: {request}'[:3000]
        assert answer == plain, where
        assert behind.closed == alone.closed, where
        (wanted,), (got,) = alone.calls, behind.calls
        assert got.head == wanted.head, where
        document = expected(request, wanted.body)
        if document is None:
            assert got.body == wanted.body, where
        else:
            assert canonical(json.loads(got.body)) == canonical(document), where
        assert logged == [], where
        note(counts, document, wanted.body, ours)
    with capsys.disabled():
        print(f'\n{generator.report()}')
    for kind in (
        'hint added',
        'forged hint dropped',
        'as it came',
        'unreadable',
        'held',
        'not held',
    ):
        assert counts[f'outcome: {kind}'] > number / 500, kind


def note(counts, document, body, ours):
    if document is None:
        counts['outcome: as it came'] += 1
    else:
        counts['outcome: hint added'] += '192.0.2.8' in canonical(document)
        counts['outcome: forged hint dropped'] += (
            b'6.6.6.6' in body and '6.6.6.6' not in canonical(document)
        )
    counts['outcome: unreadable'] += not isinstance(body, bytes)
    counts[f'outcome: {"held" if ours else "not held"}'] += 1


def test_every_kind_is_generated():
    """Else the test above would say less than it seems to."""
    generator = Generator(SERVICE, SEED)
    for _ in range(5000):
        generator.next()
    assert set(generator.counts) >= {
        *(f'path: {path}' for path in SERVICE.paths),
        *(f'type: {name}' for name in SERVICE.content_types),
        *(f'version: {name}' for name in VERSIONS),
    }


def test_no_depth_hides_a_forged_hint(logged):
    """There are depths that a reader just manages, and a writer may not."""
    reached = []

    class Reader(Recorder):
        def answer(self, environ, body):
            try:
                reached.append('eic' in json.loads(body)[HINTS])
            except RecursionError:
                reached.append(None)
            return 'at once', 202, b'{}'

    held = Hold('none', 0, 0, list, dict)
    filtered = CinderFilter(Reader(), parts=CinderParts(Lookup(), 1.0, held))
    for depth in range(1, sys.getrecursionlimit() + 10):
        text = json.dumps(
            {'volume': {'imageRef': NOWHERE, 'name': 0}, HINTS: {'eic': FORGED, 'x': 1}}
        )
        nested = text.replace('"name": 0', f'"name": {"[" * depth}{"]" * depth}')
        request = Request(
            {
                'REQUEST_METHOD': 'POST',
                'PATH_INFO': '/v3/volumes',
                'CONTENT_TYPE': 'application/json',
                'CONTENT_LENGTH': str(len(nested)),
            },
            nested.encode(),
            'whole',
            {},
        )
        ask(filtered, request.environ())
    assert None in reached
    assert True not in reached
    assert logged == []
