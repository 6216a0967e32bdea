"""Every wait ends, says what it waited for, and hands out what it saw."""

import itertools
import threading
import time
from pathlib import Path

import pytest

from lab.demo.watching import while_watching
from lab.errors import CancelledError, LabError
from lab.waiting import came_true, wait_until


def test_a_wait_says_what_it_waited_for_and_shows_the_log(tmp_path: Path) -> None:
    log = tmp_path / 'x.log'
    log.write_text('the reason\n')
    with pytest.raises(LabError, match=r'(?s)for the moon.*the reason'):
        wait_until(lambda: False, 'the moon', 0.1, log=log)


def test_a_wait_says_how_far_it_came() -> None:
    looks = itertools.count()
    with pytest.raises(LabError, match=r'for 9 moons; [1-9]\d* seen'):
        wait_until(
            lambda: next(looks) < 0,
            lambda: f'9 moons; {next(looks)} seen',
            0.1,
            every=0.01,
        )


def test_a_wait_can_be_cancelled() -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError):
        wait_until(lambda: False, 'the moon', 60, cancel=cancel)


def test_the_first_true_answer_is_handed_out() -> None:
    answers = iter([None, '', 'the moon', 'the sun'])
    assert wait_until(lambda: next(answers), 'it', 5, every=0.01) == 'the moon'


def test_who_gives_up_is_not_asked_again() -> None:
    asked = []

    def look() -> bool:
        asked.append(1)
        raise LabError('it has exited')

    with pytest.raises(LabError, match='it has exited'):
        wait_until(look, 'the moon', 60)
    assert len(asked) == 1


def test_a_wait_asks_as_often_as_it_is_told() -> None:
    asked = []
    assert not came_true(lambda: asked.append(time.monotonic()), 0.2)
    assert len(asked) < 8  # the pauses grow from 0.05 s
    asked.clear()
    with pytest.raises(LabError):
        wait_until(lambda: asked.append(time.monotonic()), 'it', 0.2, every=0.1)
    assert len(asked) <= 3


def test_a_watch_ends_with_what_it_saw() -> None:
    acted = threading.Event()
    with while_watching(lambda _: acted.wait(5) and 'seen') as watching:
        acted.set()
        assert watching.result() == 'seen'


def test_a_watch_ends_where_nothing_was_asked_for() -> None:
    began = time.monotonic()
    with (
        pytest.raises(ZeroDivisionError),
        while_watching(
            lambda cancel: wait_until(lambda: False, 'it', 60, cancel=cancel)
        ),
    ):
        raise ZeroDivisionError
    assert time.monotonic() - began < 30
