"""Steps run as soon as they can, and stop at the first failure."""

import threading
import time

import pytest

from lab import steps
from lab.console import Console
from lab.errors import CancelledError, LabError
from lab.steps import Step


def _run(todo: list[Step]) -> None:
    steps.run(todo, Console(), threading.Event())


def test_a_step_runs_after_those_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    order = []
    _run(
        [
            Step('c', lambda: order.append('c'), ('a', 'b')),
            Step('b', lambda: order.append('b'), ('a',)),
            Step('a', lambda: order.append('a')),
        ]
    )
    assert order == ['a', 'b', 'c']
    assert capsys.readouterr().out.count('  ok ') == 3


def test_independent_steps_run_at_the_same_time() -> None:
    meet = threading.Barrier(2, timeout=5)

    def come() -> None:
        meet.wait()

    _run([Step('a', come), Step('b', come)])


def test_the_cause_is_raised_and_the_rest_is_not_started(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cancel = threading.Event()
    ran = []

    def patient() -> None:
        if cancel.wait(5):
            raise CancelledError('stopped')

    def fail() -> None:
        time.sleep(0.05)
        raise LabError('the cause')

    with pytest.raises(LabError, match='the cause'):
        steps.run(
            [
                Step('patient', patient),
                Step('bad', fail),
                Step('later', lambda: ran.append(1), ('patient', 'bad')),
            ],
            Console(),
            cancel,
        )
    assert ran == []
    assert 'FAILED bad' in capsys.readouterr().out


def test_steps_that_need_what_is_not_there_are_an_error() -> None:
    with pytest.raises(LabError, match='needs nothing-like-this'):
        _run([Step('a', lambda: None, ('nothing-like-this',))])
