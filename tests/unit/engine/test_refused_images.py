"""What is remembered of refused images, for how long and by whom."""

import dataclasses
import json
import pathlib
from pathlib import Path

import pytest

from eic_plugins.engine.refused_images import SECONDS, Refusals
from eic_plugins.model import SIGNATURE_PROPERTIES, Reason, Refusal
from tests.unit.factories import GIB, image
from tests.unit.fake_clock import FakeClock

IMAGE = image()
FOUND = Refusal.of_everything(Reason.IMAGE_REFUSED, 'why')


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(1_000_000.0)


@pytest.fixture(params=['memory', 'file'])
def remembered(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock
) -> Refusals:
    """By the process that found it, or by another one of the host."""
    directory = tmp_path / 'state' / 'refused'
    first = Refusals(directory, clock)
    first.add(IMAGE, Reason.IMAGE_REFUSED, 'why')
    return first if request.param == 'memory' else Refusals(directory, clock)


def test_exactly_these_bytes_are_refused_for_a_while(
    remembered: Refusals, clock: FakeClock
) -> None:
    assert remembered.find(IMAGE) == FOUND
    assert remembered.find(IMAGE, GIB) == FOUND
    assert remembered.find(dataclasses.replace(IMAGE, os_hash_value='b')) is None
    assert remembered.find(dataclasses.replace(IMAGE, id='other')) is None
    signed = dataclasses.replace(
        IMAGE, properties=dict.fromkeys(SIGNATURE_PROPERTIES, 'x')
    )
    assert remembered.find(signed) is None
    clock.now += SECONDS
    assert remembered.find(IMAGE) is None


def test_a_file_for_another_process_is_what_is_written(
    tmp_path: pathlib.Path, clock: FakeClock
) -> None:
    """So that the files below that make no sense would be read otherwise."""
    (tmp_path / f'{IMAGE.id}.json').write_text(
        json.dumps(
            {
                'identity': f'{IMAGE.identity} ',
                'reason': 'image_refused',
                'detail': 'why',
                'until': clock.now + 1,
                'too_large_for': 0,
            }
        )
    )
    assert Refusals(tmp_path, clock).find(IMAGE) == FOUND


def test_other_hosts_and_no_directory_know_nothing(
    tmp_path: pathlib.Path, clock: FakeClock
) -> None:
    assert Refusals(tmp_path, clock).find(IMAGE) is None
    alone = Refusals(clock=clock)
    alone.add(IMAGE, Reason.IMAGE_REFUSED, 'why')
    assert alone.find(IMAGE) == FOUND


@pytest.mark.parametrize('image_id', ['../up', 'a/b', '', '.'])
def test_an_id_that_is_none_becomes_no_path(
    tmp_path: pathlib.Path, clock: FakeClock, image_id: str
) -> None:
    Refusals(tmp_path / 'here', clock).add(
        dataclasses.replace(IMAGE, id=image_id), Reason.IMAGE_REFUSED, 'why'
    )
    assert list(tmp_path.rglob('*')) == []


def test_files_are_nobody_elses(tmp_path: pathlib.Path, clock: FakeClock) -> None:
    Refusals(tmp_path / 'state', clock).add(IMAGE, Reason.IMAGE_REFUSED, 'why')
    (file,) = (tmp_path / 'state').iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    'content',
    [
        b'',
        b'{',
        b'[]',
        b'{}',
        b'null',
        b'\xff',
        json.dumps(
            {
                'identity': f'{IMAGE.identity} ',
                'reason': 'no such',
                'detail': '',
                'until': 1e6 + 1,
                'too_large_for': 0,
            }
        ).encode(),
        json.dumps(
            {
                'identity': f'{IMAGE.identity} ',
                'reason': 'image_refused',
                'detail': '',
                'until': 1e300,
                'too_large_for': 0,
            }
        ).encode(),
    ],
)
def test_a_file_that_makes_no_sense_refuses_nothing(
    tmp_path: pathlib.Path, clock: FakeClock, content: bytes
) -> None:
    (tmp_path / f'{IMAGE.id}.json').write_bytes(content)
    assert Refusals(tmp_path, clock).find(IMAGE) is None


def test_a_directory_that_cannot_be_made_costs_the_other_processes_only(
    tmp_path: pathlib.Path, clock: FakeClock
) -> None:
    (tmp_path / 'file').write_text('')
    known = Refusals(tmp_path / 'file' / 'state', clock)
    known.add(IMAGE, Reason.IMAGE_REFUSED, 'why')
    assert known.find(IMAGE) == FOUND


def test_what_is_remembered_has_bounds(
    tmp_path: pathlib.Path, clock: FakeClock
) -> None:
    images = [dataclasses.replace(IMAGE, id=f'image-{n}') for n in range(9)]
    alone, known = Refusals(None, clock, most=3), Refusals(tmp_path, clock, most=3)
    for each in images:
        for refusals in (alone, known):
            refusals.add(each, Reason.IMAGE_REFUSED, 'x' * 100_000)
    assert [alone.find(each) is not None for each in images] == [
        *[False] * 6,
        *[True] * 3,
    ]
    assert len(list(tmp_path.iterdir())) == 4
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 8000
    assert known.find(dataclasses.replace(IMAGE, id='image-8'))
