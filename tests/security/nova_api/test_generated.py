"""Generated requests through the Nova filter: what differs is what is documented.

``EIC_GENERATED=1000000`` (``make tables``) for a million of them.
"""

import json
import types

import pytest
from nova.api.openstack import common
from oslo_utils import uuidutils

from eic_plugins.glance.documents import image_from_api
from eic_plugins.middleware import paste_filter
from eic_plugins.middleware.boot_facts import BootFacts
from eic_plugins.middleware.boot_rules import OptIns
from eic_plugins.middleware.glance_as_user import VisibleImage
from eic_plugins.middleware.lookup import LookupLimits
from eic_plugins.middleware.nova import NovaFilter, NovaParts
from eic_plugins.middleware.remotes import Remote
from tests.security.generated import Generator, Service, content_types, how_many
from tests.security.recorder import Recorder, ask, canonical

SEED = 9
PROJECT = 'a' * 32
KNOWN = '2f0b9e1c-7c5e-4c6e-9d3b-0c1f4a7f0d11'
NOWHERE = '5d2a6b1e-0000-4c6e-9d3b-0c1f4a7f0d22'
IMAGE = {
    'id': KNOWN,
    'status': 'active',
    'disk_format': 'raw',
    'size': 1024,
    'container_format': 'bare',
    'min_disk': 0,
    'virtual_size': None,
}
IMAGES = [
    KNOWN,
    NOWHERE,
    KNOWN.upper(),
    KNOWN.replace('-', ''),
    f'urn:uuid:{KNOWN}',
    f'http://glance/{KNOWN}',
    '',
    None,
    [KNOWN],
    5,
]
FLAVORS = {'opted-in': {'eic:boot_from_volume': 'true'}, '1': {}}
FLAVOR_REFS = [
    'opted-in',
    '1',
    1,
    'http://nova/flavors/opted-in',
    'detail',
    'http://[',
    'opted-in/',
    'opted-in?a',
    '..',
    '',
    None,
    {},
    True,
    10**40,
    'opted-in\n',
    '\ud800',
]
LOCAL_ROOT = {
    'uuid': KNOWN,
    'boot_index': 0,
    'source_type': 'image',
    'destination_type': 'local',
    'delete_on_termination': True,
}
DEVICES = [
    [],
    [LOCAL_ROOT],
    [{**LOCAL_ROOT, 'boot_index': '0'}],
    [{**LOCAL_ROOT, 'delete_on_termination': False}],
    [LOCAL_ROOT] * 2,
    [{**LOCAL_ROOT, 'volume_size': 1}],
    [{**LOCAL_ROOT, 'uuid': NOWHERE}],
    [{**LOCAL_ROOT, 'destination_type': 'volume'}],
    None,
    {},
    '',
    0,
    [5],
    [{**LOCAL_ROOT, 'disk_bus': 'virtio', 'tag': 'a'}],
    [{**LOCAL_ROOT, 'boot_index': [0]}],
]
MORE = {
    'block_device_mapping_v2': DEVICES,
    'block_device_mapping': [[], None, [{}]],
    'metadata': [
        {},
        {'eic_boot_from_volume': 'false'},
        {'eic_boot_from_volume': 'true'},
        {'eic_boot_from_volume': ['false']},
        None,
        [],
    ],
    'trusted_image_certificates': [None, [], ['x']],
    'personality': [[], [{'path': '/a', 'contents': 'YQ=='}]],
    'min_count': [1, 2, '3'],
    'config_drive': [True],
    'user_data': ['YQ=='],
    'description': ['\u00e4\U0001f600', '\ud800'],
}


def document(rng):
    """A body of ``POST /servers``."""
    server = {
        'name': 'n',
        'max_count': 1,
        'imageRef': rng.choice([KNOWN, KNOWN, rng.choice(IMAGES)]),
        'flavorRef': rng.choice(['opted-in', rng.choice(FLAVOR_REFS)]),
    }
    if rng.random() < 0.85:
        server['networks'] = 'none'
    for name, values in MORE.items():
        if rng.random() < 0.15:
            server[name] = json.loads(json.dumps(rng.choice(values)))
    whole = {'server': server}
    if rng.random() < 0.2:
        whole['os:scheduler_hints'] = {'group': NOWHERE, 'x': [1e-7]}
    return whole


# Whether the version can name a volume type (2.67 and later).
VERSIONS = {
    'compute 2.96': ('compute 2.96', True),
    'none': (None, False),
    'compute 2.1': ('compute 2.1', False),
    'compute 2.66': ('compute 2.66', False),
    'compute 2.67': ('compute 2.67', True),
    'latest': ('compute latest', True),
    'among others': ('volume 3.0, compute 2.90', True),
    'two': ('compute 2.1, compute 2.90', True),
    'others alone': ('volume 3.60', False),
    'no number': ('compute x', False),
    'a letter': ('compute 2.x', False),
    'dots': ('compute 2.67.1', False),
    'one number': ('compute 3', False),
    'empty': ('', False),
    'service alone': ('compute', False),
    'three': ('compute 2.90 x', False),
    'huge': (f'compute 2.{"9" * 5000}', False),
    'negative': ('compute -2.90', False),
    'capitals': ('Compute 2.90', True),
    'superscript': ('compute 2.\xb2', False),
    'nova 2.90': ('nova 2.90', False),
    'zeros': ('compute 2.090', False),
}
SERVICE = Service(
    paths={
        '/servers': True,
        f'/{PROJECT}/servers': True,
        '/servers/': True,
        '/os-volumes_boot': True,
        f'/{PROJECT}/os-volumes_boot': True,
        '/servers/detail': False,
        '/servers//': False,
        '//servers': False,
        f'/servers/{KNOWN}': False,
        f'/servers/{KNOWN}/action': False,
        '': False,
        '/': False,
        '/flavors': False,
        '/servers.json': False,
        '/Servers': False,
        '/servers\n': False,
        '/x/servers': False,
        '/servers\xff': False,
        '/\xff/servers': False,
        '/servers;a': False,
        '/%73ervers': False,
        '/servers/?': False,
        '/-/servers': True,
    },
    content_types=content_types('compute'),
    versions={
        **{
            name: {} if header is None else {'HTTP_OPENSTACK_API_VERSION': header}
            for name, (header, _) in VERSIONS.items()
        },
        'older header': {'HTTP_X_OPENSTACK_NOVA_API_VERSION': '2.90'},
        'older header, odd': {'HTTP_X_OPENSTACK_NOVA_API_VERSION': 'x'},
    },
    document=document,
)
CAN_NAME_TYPE = {'older header', *(name for name, (_, can) in VERSIONS.items() if can)}

FAULT = {'computeFault': {'code': 500, 'message': "Unexpected\n<class '{}'>"}}
AT_CINDER = (
    json.dumps(FAULT).replace('{}', 'nova.exception.CinderConnectionFailed').encode()
)
OWN_FAULT = json.dumps(FAULT).replace('{}', 'TypeError').encode()
# What Nova answers: to the request as it came, and to the rewritten one; and
# whether the latter goes to the user.
ANSWERS = [
    (('at once', 202, b'{"server": {}}'), ('at once', 202, b'{"server": {}}'), True),
    (('in chunks', 202, b'{}'), ('writes', 202, b'{}'), True),
    (('at once', 202, b'x'), ('in chunks', 400, b'{}'), False),
    (('in chunks', 403, b'x'), ('at once', 403, b'{}'), False),
    (('writes', 202, b'y'), ('at once', 500, AT_CINDER), False),
    (('at once', 202, b'z'), ('in chunks', 500, OWN_FAULT), True),
    (('at once', 202, b'z'), ('at once', 503, AT_CINDER), True),
    (('at once', 202, b'z'), ('at once', 500, b'<html>'), True),
    (('at once', 202, b'z'), ('raises', 0, b''), True),
]


class Nova(Recorder):
    """Shows flavors; what it is asked for in process does not count."""

    def __call__(self, environ, start_response):
        if 'test.answers' not in environ:
            return self._flavor(environ['PATH_INFO'].rpartition('/')[2], start_response)
        return super().__call__(environ, start_response)

    def answer(self, environ, body):
        as_it_came, rewritten, _ = environ['test.answers']
        return rewritten if body != environ['test.body'] else as_it_came

    def _flavor(self, name, start_response):
        found = (
            {'flavors': []}
            if name == 'detail'
            else {'flavor': {'disk': 10, 'extra_specs': FLAVORS.get(name)}}
        )
        ok = name == 'detail' or name in FLAVORS
        start_response('200 OK' if ok else '404 Not Found', [])
        return [json.dumps(found if ok else {}).encode()]


class Glance:
    """Has one image."""

    def find(self, image_id, _auth):
        known = image_id.lower().replace('-', '').endswith(KNOWN.replace('-', ''))
        return VisibleImage(image_from_api(IMAGE) if known else None)


@pytest.fixture
def filtered(monkeypatch):
    """The filter over Nova, with that Glance; and the errors that it logs."""
    facts = BootFacts(OptIns, 20, LookupLimits(4, 60.0), _remote('Glance', 3), Glance)
    application = Nova()
    parts = NovaParts(facts, 'fast', _remote('Cinder', 10**9))
    made = NovaFilter(application, parts=parts)
    errors = []
    monkeypatch.setattr(
        paste_filter.LOG, 'exception', lambda *arguments: errors.append(arguments)
    )
    return made, application, errors


def _remote(name, failures):
    return Remote(name, 'x', failures, 1.0)


def read_as_json(request, read):
    """The document, None where the filter is to leave the bytes alone."""
    kinds = request.kinds
    if not (
        kinds['method'] == 'POST'
        and SERVICE.paths[kinds['path']]
        and SERVICE.content_types[kinds['type']]
        and isinstance(read, bytes)
    ):
        return None
    try:
        return json.loads(read.decode('utf-8'))
    except (ValueError, RecursionError):
        return None


def rewritten(request, read):
    """The document that is to reach Nova, None for the bytes as they came."""
    whole = read_as_json(request, read)
    server = whole.get('server') if isinstance(whole, dict) else None
    if not isinstance(server, dict) or not is_image_boot(server):
        return None
    devices = server.get('block_device_mapping_v2') or [{}]
    image = server.pop('imageRef')
    server['block_device_mapping_v2'] = [
        {
            **devices[0],
            'boot_index': 0,
            'uuid': image,
            'source_type': 'image',
            'destination_type': 'volume',
            'volume_size': 10,
            'delete_on_termination': True,
            **(
                {'volume_type': 'fast'}
                if request.kinds['version'] in CAN_NAME_TYPE
                else {}
            ),
        }
    ]
    return whole


def is_image_boot(server):
    """As docs/nova.md says it: one that is opted in and hindered by nothing."""
    image, flavor = server.get('imageRef'), server.get('flavorRef')
    metadata = server.get('metadata')
    return (
        isinstance(image, str)
        and uuidutils.is_uuid_like(image)
        and Glance().find(image, None).image is not None
        and flavor_id(flavor) == 'opted-in'
        and server.get('block_device_mapping', []) == []
        and is_local_root(server.get('block_device_mapping_v2', []), image)
        and not (
            isinstance(metadata, dict)
            and str(metadata.get('eic_boot_from_volume')).lower() in ('false', '0')
        )
        and not server.get('trusted_image_certificates')
        and not server.get('personality')
    )


def flavor_id(reference):
    """As Nova itself reads it."""
    if not isinstance(reference, str | int):
        return None
    try:
        return common.get_id_from_href(reference)
    except ValueError:
        return None


def is_local_root(devices, image):
    if devices == []:
        return True
    if not isinstance(devices, list) or len(devices) != 1:
        return False
    (device,) = devices
    return (
        isinstance(device, dict)
        and {**device, 'boot_index': str(device.get('boot_index'))}
        == {
            **LOCAL_ROOT,
            'uuid': image,
            'boot_index': '0',
            **{name: device[name] for name in ('disk_bus', 'tag') if name in device},
        }
        and device['delete_on_termination'] is True
    )


def test_what_reaches_nova_differs_as_documented(filtered, capsys):
    under_test, behind, errors = filtered
    generator = Generator(SERVICE, SEED)
    alone = Nova()
    counts = generator.counts
    context = types.SimpleNamespace(
        user_id='u', project_id=PROJECT, roles=['member'], get_auth_plugin=lambda: None
    )
    for number in range(how_many(1000)):
        request = generator.next()
        answers = generator.random.choice(ANSWERS)
        more = {'test.answers': answers, 'nova.context': context}
        alone.forget()
        behind.forget()
        plain, _ = ask(alone, request.environ(**more, **{'test.body': None}))
        more['test.body'] = alone.calls[0].body
        plain, _ = ask(alone, request.environ(**more))
        answer, ours = ask(under_test, request.environ(**more))
        where = f'request {number}: {request}'[:3000]
        wanted = alone.calls[-1]
        assert all(call.head == wanted.head for call in behind.calls), where
        document = rewritten(request, wanted.body)
        bodies = [call.body for call in behind.calls]
        if document is not None:
            assert canonical(json.loads(bodies.pop(0))) == canonical(document), where
        stays = answers[2] or (
            answers[1][1] == 500 and request.kinds['version'] not in CAN_NAME_TYPE
        )
        if document is None or not stays:
            assert answer == plain, where
            assert bodies == [wanted.body], where
        else:
            assert (
                answer == ask(alone, request.environ(**{**more, 'test.body': None}))[0]
            ), where
            assert bodies == [], where
        assert errors == [], where
        note(counts, document, read_as_json(request, wanted.body), ours)
    with capsys.disabled():
        print(f'\n{generator.report()}')
    for kind in (
        'rewritten',
        'left; reason=refused_by_nova',
        'left; reason=cinder_failed',
        'left; reason=not_opted_in',
        'left; reason=flavor_unknown',
        'left; reason=image_unknown',
        'left; reason=no_image',
        'left; reason=opted_out',
        'left; reason=block_device_mapping',
        'not looked at',
        'passed; reason=creates_volume',
    ):
        assert counts[f'outcome: {kind}'] > number / 1000, kind


def note(counts, document, read, ours):
    verdict = ours.get('X-EIC-Boot')
    if document is not None and verdict and verdict.startswith('rewritten'):
        verdict = 'rewritten'
    counts[f'outcome: {verdict or "not looked at"}'] += 1
    counts['outcome: no JSON'] += read is None
