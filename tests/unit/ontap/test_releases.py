"""Each field that is asked for is there from a release on, and is not asked before.

``since.json`` is a part of NetApp's API description. Where the whole of what was
gathered of it lies beside the clone, it is compared with that.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from eic_plugins.model import FlexVol, StoredObject
from eic_plugins.ontap import jobs, releases
from eic_plugins.ontap.block import Luns, Namespaces
from eic_plugins.ontap.clone_limits import CloneLimits
from eic_plugins.ontap.efficiency import Efficiency
from eic_plugins.ontap.files import Files
from eic_plugins.ontap.namespace import Namespace
from eic_plugins.ontap.peers import Peers
from eic_plugins.ontap.survey import Survey
from tests.unit.factories import flexvol
from tests.unit.fake_clock import FakeClock

_DATA = json.loads(Path(__file__).with_name('since.json').read_text())
SINCE: dict[str, dict[str, str]] = _DATA['collections']
WHOLE = Path(__file__).parents[4] / 'shared/ontap-reference/fields.json'
OLDEST = '9.11'
NO_FIELDS = {'fields', 'return_timeout', 'return_records', 'max_records', 'action'}


class Recorder:
    """A session that writes down which fields and filters are asked for."""

    host = 'cluster-a.example.org'

    def __init__(self, version: tuple[int, int, int] | None) -> None:
        self.asked: set[tuple[str, str]] = set()
        self._version = version

    def get(self, path: str, patience: float = 0, **params: Any) -> Any:
        self._note(path, params)
        if path == '/api/cluster':
            release = dict(
                zip(('generation', 'major', 'minor'), self._version or (), strict=False)
            )
            return {'uuid': 'uuid', 'version': release}
        return {'uuid': 'uuid', 'name': '/vol/a/b', 'state': 'success', 'records': []}

    def records(self, path: str, **params: Any) -> list[Any]:
        self._note(path, params)
        return []

    def _note(self, path: str, params: dict[str, Any]) -> None:
        general = path.removeprefix('/api').replace('/fv-a/', '/{v}/')
        general = re.sub('/(uuid|fv-a)$', '', general)
        named = str(params.get('fields', '')).split(',')
        for field in (*named, *params.keys() - NO_FIELDS):
            if field:
                self.asked.add((general, field))


def asked_of(version: tuple[int, int, int] | None) -> set[tuple[str, str]]:
    """All that this bundle asks a cluster of that release."""
    session: Any = Recorder(version)
    fv = FlexVol('cluster', 'svm', 'a', 'fv-a', '/a')
    file = StoredObject(fv, 'b')
    namespace = Namespace(session, 'svm')
    namespace.flexvols(['svm'])
    namespace._fetch_flexvol('svm', '/a')
    namespace._fetch_lifs()
    namespace._cluster_uuid()
    peers = Peers(session)
    peers.may_copy('svm', 'other')
    peers.partners('svm')
    CloneLimits(session, 90, FakeClock(1e4)).refresh([flexvol('a')])
    for devices in (Luns(session, 'svm'), Namespaces(session, 'svm')):
        devices.find(file)
    Luns(session, 'svm')._copy_state(file)
    Files(session).list(fv, '*')
    jobs.wait(session, 'uuid', 1)
    Efficiency(session).of_svm('svm')
    Efficiency(session).of('fv-a')
    survey = Survey(session)
    for look in (survey.svms, survey.interfaces, survey.peers, survey.version):
        look()
    survey.flexvols(['svm'])
    return session.asked


def release(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split('.')))


def since_of(path: str, field: str) -> str:
    """Of a field, or the newest of those that are below it."""
    known = SINCE[path]
    found = [
        text
        for name, text in known.items()
        if name == field or name.startswith(f'{field}.')
    ]
    assert found, f'{path}: no {field} in since.json'
    return max(found, key=release) if field not in known else known[field]


@pytest.mark.parametrize(
    'version', [(9, 11, 1), (9, 14, 1), (9, 15, 1), (9, 16, 1), (9, 19, 1)]
)
def test_nothing_is_asked_that_the_release_does_not_have(
    version: tuple[int, int, int],
) -> None:
    asked = asked_of(version)
    assert len(asked) > 40
    assert [
        (path, field)
        for path, field in sorted(asked)
        if release(since_of(path, field)) > version
    ] == []


def test_whoever_may_not_read_the_release_asks_for_all() -> None:
    assert asked_of(None) >= asked_of((9, 19, 1))


def test_what_is_newer_than_the_oldest_release_is_known_in_one_place() -> None:
    newer = {
        (f'/api{path}', field): release(text)
        for path, fields in SINCE.items()
        for field, text in fields.items()
        if release(text) > release(OLDEST)
    }
    assert {key: since[:2] for key, since in releases._SINCE.items()} == newer
    assert releases.OLDEST[:2] == release(OLDEST)


@pytest.mark.skipif(not WHOLE.exists(), reason='it is not beside the clone')
def test_since_json_is_what_was_gathered() -> None:
    whole = json.loads(WHOLE.read_text())['collections']
    for path, fields in SINCE.items():
        if not whole.get(path, {}).get('introduced'):
            continue
        known = whole[path]
        for field, text in fields.items():
            assert field in known['fields'], (path, field)
            above = [field.rsplit('.', n)[0] for n in range(field.count('.') + 1)]
            found = next(
                (known['since'][name] for name in above if name in known['since']),
                known['introduced'],
            )
            assert text == found, (path, field)


@pytest.mark.parametrize('release', [releases.OLDEST, (9, 15, 1)])
def test_a_release_is_written_as_people_write_it(release: tuple[int, int, int]) -> None:
    assert releases.written(release) in {'9.11.1', '9.15.1'}
