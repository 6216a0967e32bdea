"""Progress is one line on a terminal, and a line now and then elsewhere."""

import io
import sys

import pytest

from eic_plugins.cli import terminal
from tests.unit.fake_clock import FakeClock


class Terminal(io.StringIO):
    """What is written to it is seen by somebody."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_has_one_line_that_is_taken_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, 'stderr', screen := Terminal())
    progress = terminal.Progress(shown=True, clock=FakeClock())
    progress.say('1 of 2')
    progress.say('2 of\n2')
    progress.end()
    assert screen.getvalue() == '\r\x1b[K1 of 2\r\x1b[K2 of?2\r\x1b[K'


def test_a_log_has_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    clock = FakeClock()
    progress = terminal.Progress(shown=True, clock=clock)
    for number in range(7):
        progress.say(f'{number}')
        clock.sleep(10)
    progress.end()
    assert capsys.readouterr().err == '0\n3\n6\n'


def test_quiet_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    progress = terminal.Progress(shown=False, clock=FakeClock())
    progress.say('1 of 2')
    progress.end()
    assert capsys.readouterr().err == ''


@pytest.mark.parametrize(
    ('answer', 'agreed'), [('y\n', True), (' Yes\n', True), ('n\n', False), ('', False)]
)
def test_only_yes_is_yes(
    answer: str, agreed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, 'stdin', io.StringIO(answer))
    assert terminal.agreed('Do it?') is agreed
