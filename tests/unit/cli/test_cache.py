"""`eic cache`: rows for people and programs, and exit codes for scripts."""

import contextlib
import dataclasses
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from oslo_config import cfg

from eic_plugins import config
from eic_plugins.cli import cache, cache_upkeep, cached_images, main
from eic_plugins.cli.cloud import CloudError
from eic_plugins.glance.documents import ListedImage
from eic_plugins.model import KnownPool, Outcome, Reason, Refusal
from eic_plugins.volume.planning.reports import ReportedPool
from eic_plugins.volume.planning.sight import SeenImage
from eic_plugins.volume.upkeep import eviction, hosted, verification, warming
from eic_plugins.volume.upkeep.eviction import Evicted, Eviction
from eic_plugins.volume.upkeep.uses import Uses
from eic_plugins.volume.upkeep.verification import Verdict, Verification
from eic_plugins.volume.upkeep.warming import Warmed, Warming
from tests.unit.factories import GIB, IMAGE_ID, image

NAME = 'host-1@ontap-nfs#127.0.11.1:/gold'
POOL = ReportedPool(
    KnownPool(NAME, 'cluster-a', 'svm_gold', 'uuid', kind='files'),
    {'volume_backend_name': 'gold'},
)
OF = image(size=GIB)
LISTED = ListedImage(OF, 'debian', 'o', 'public')
SEEN = SeenImage(IMAGE_ID, GIB, 1000, 0.0, True, OF.identity)
_FORMS = ('table', 'yaml', 'value')
ROW = cached_images.Row(POOL, SEEN, 'a mount', LISTED, Uses(4, 4, 3, 2))


pytestmark = pytest.mark.usefixtures('root_logger')


@pytest.fixture(autouse=True)
def rows(monkeypatch: pytest.MonkeyPatch) -> list[cached_images.Row]:
    """What would be seen on a host with Cinder."""
    found = [ROW]
    config.register(cfg.CONF)
    monkeypatch.setattr(cache.controller, 'connect', lambda _files: None)
    monkeypatch.setattr(cached_images, 'choose_pools', lambda _asked: [POOL])
    monkeypatch.setattr(cached_images, 'find_images', lambda _asked: {IMAGE_ID: LISTED})
    monkeypatch.setattr(cached_images, 'look', lambda *_: (found, []))
    return found


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A host of cinder-volume; ``error`` if it is none of the backend."""
    found: dict[str, Any] = {}

    @contextlib.contextmanager
    def working(_progress: Any) -> Iterator[cache_upkeep.Hosts]:
        def opened(_host: str) -> Any:
            if 'error' in found:
                raise hosted.NotHostedError(found['error'])
            return Anything()

        yield cache_upkeep.Hosts(opened)

    monkeypatch.setattr(cache_upkeep, 'working', working)
    monkeypatch.setattr(cache_upkeep.os, 'nice', lambda _: None)
    return found


class Anything:
    """A backend of which nothing is asked."""

    def __getattr__(self, _name: str) -> Any:
        return self

    def __call__(self, *_: Any) -> Any:
        return self


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    status = main.main([*words, '-f', 'json'])
    return status, json.loads(capsys.readouterr().out)


def test_programs_get_numbers_and_null(
    rows: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    unknown = SeenImage('another-image')
    rows.append(cached_images.Row(POOL, unknown, 'a report'))
    status, (row, nothing) = run(capsys, 'cache', 'list')
    assert status == 0
    assert row == {
        'Image': IMAGE_ID,
        'Name': 'debian',
        'Pool': NAME,
        'Size': GIB,
        'On ONTAP': 1000,
        'Last use': '1970-01-01T00:00:00+00:00',
        'Volumes': 4,
        'Clones': 3,
        'Saved': 3000,
        'Hit rate': 50.0,
        'State': 'cached',
        'Seen by': 'a mount',
    }
    given = {'Image': 'another-image', 'Pool': NAME, 'Seen by': 'a report'}
    assert nothing == {**dict.fromkeys(row), **given}


@pytest.mark.parametrize(
    ('command', 'form'),
    [
        *itertools.product((['list'], ['list', '--by-pool']), [*_FORMS, 'csv']),
        # cliff has no csv of one object.
        *itertools.product([['show', 'x']], _FORMS),
    ],
)
def test_each_form_can_be_had(
    capsys: pytest.CaptureFixture[str], command: list[str], form: str
) -> None:
    assert main.main(['cache', *command, '-f', form]) == 0
    out = capsys.readouterr().out
    assert NAME in out


def test_a_pool_in_one_row(
    rows: list[Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows.append(dataclasses.replace(ROW, uses=Uses(2, 0, 0, 0)))
    _, (row,) = run(capsys, 'cache', 'list', '--by-pool')
    assert (row['Images'], row['Size'], row['On ONTAP']) == (2, 2 * GIB, 2000)
    assert (row['Volumes'], row['Hit rate']) == (6, 50.0)
    # Of one of them it is not known how many are clones.
    assert (row['Clones'], row['Saved']) == (None, None)
    assert row['Volumes counted'] is None


def test_one_image_with_all_of_its_pools(capsys: pytest.CaptureFixture[str]) -> None:
    _, shown = run(capsys, 'cache', 'show', 'debian')
    assert (shown['Image'], shown['Name'], shown['Visibility']) == (
        IMAGE_ID,
        'debian',
        'public',
    )
    (pool,) = shown['Pools']
    assert (pool['Pool'], pool['State'], pool['Saved']) == (NAME, 'cached', 3000)


@pytest.mark.parametrize(
    ('seen', 'state'),
    [
        ({}, 'cached'),
        ({'identity': 'of before'}, 'outdated'),
        ({'recorded': False, 'identity': None}, 'no_record'),
        ({'identity': None}, 'cached'),
        ({'recorded': None}, None),
    ],
)
def test_a_state_says_whether_volumes_are_made_of_it(
    seen: dict[str, Any], state: str | None
) -> None:
    row = dataclasses.replace(ROW, seen=dataclasses.replace(SEEN, **seen))
    assert row.state == state


def test_what_others_wrote_does_not_speak_to_the_terminal(
    rows: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    rows[:] = [
        dataclasses.replace(ROW, image=dataclasses.replace(LISTED, name='\x1b[2J'))
    ]
    main.main(['cache', 'list'])
    assert '\x1b' not in capsys.readouterr().out


@pytest.mark.parametrize('word', Evicted)
def test_an_eviction_tells_scripts_whether_it_is_gone(
    hosts: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    word: Evicted,
) -> None:
    monkeypatch.setattr(eviction, 'evict', lambda *_: Eviction(word, 'why'))
    status, (row,) = run(capsys, 'cache', 'evict', 'debian', '--pool', 'gold')
    assert status == (0 if word in {Evicted.EVICTED, Evicted.NOT_CACHED} else 1)
    assert row['Outcome'] == word
    assert row['Meaning'] == f'{word.message}: why'


@pytest.mark.parametrize('verdict', Verdict)
def test_a_comparison_tells_scripts_whether_something_is_wrong(
    hosts: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    verdict: Verdict,
) -> None:
    monkeypatch.setattr(
        verification, 'verify', lambda *_: Verification(verdict, '', 77)
    )
    status, (row,) = run(capsys, 'cache', 'verify')
    wrong = {Verdict.DIFFERENT, Verdict.BEING_MADE, Verdict.UNREADABLE}
    assert status == (1 if verdict in wrong else 0)
    assert (row['Verdict'], row['Read']) == (verdict, 77)


REFUSED = Outcome(
    'cinder_download', (Refusal.of_route('download', Reason.NO_ROOM, 'all'),), 0.1, 0
)


@pytest.mark.parametrize(
    ('found', 'status', 'route', 'meaning'),
    [
        (
            Warming(Warmed.MADE, Outcome('download', (), 1.5, 0, fills=('download',))),
            0,
            'download',
            'it is there now',
        ),
        (
            Warming(Warmed.CACHED, Outcome('cached', (), 0.1, 0)),
            0,
            'cached',
            'it was there already',
        ),
        (Warming(Warmed.FAILED, REFUSED), 1, '', Reason.NO_ROOM.message),
        (Warming(Warmed.FAILED, detail='why'), 1, '', 'why'),
    ],
)
def test_a_fill_tells_scripts_whether_it_is_there(
    hosts: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    found: Warming,
    status: int,
    route: str,
    meaning: str,
) -> None:
    monkeypatch.setattr(warming, 'warm', lambda *_: found)
    code, (row,) = run(capsys, 'cache', 'warm', 'debian', '--pool', 'gold')
    assert (code, row['Outcome'], row['Route']) == (status, found.word, route)
    assert meaning in row['Meaning']


@pytest.mark.parametrize('command', ['warm', 'evict', 'verify'])
def test_a_host_that_is_none_of_the_backend_says_so(
    hosts: dict[str, Any], capsys: pytest.CaptureFixture[str], command: str
) -> None:
    hosts['error'] = 'cinder.conf has no section [ontap-nfs]'
    pool = ['--pool', 'all']
    status, (row,) = run(capsys, 'cache', command, 'debian', *pool)
    assert status == 1
    assert row.get('Outcome', row.get('Verdict')) == 'not_here'
    assert row['Meaning'] == hosts['error']


def test_nothing_is_filled_or_removed_in_pools_that_nobody_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for command in ('warm', 'evict'):
        with contextlib.suppress(SystemExit):
            assert main.main(['cache', command, 'debian']) != 0
        assert '--pool' in capsys.readouterr().err


def test_what_glance_has_not_is_an_error_to_warm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cached_images, 'find_images', lambda _: {IMAGE_ID: None})
    with pytest.raises(CloudError, match='Glance has no image'):
        cache_upkeep._in_glance([IMAGE_ID])


def test_a_shell_completes_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(['complete']) == 0
    out = capsys.readouterr().out
    assert "cmds_cache='evict list show verify warm'" in out
    assert " add list remove'\n" in out
