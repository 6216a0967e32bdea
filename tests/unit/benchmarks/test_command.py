"""The command `python -m benchmarks`."""

from pathlib import Path
from typing import Any, NoReturn

import pytest

from benchmarks import __main__ as command
from benchmarks import cleanliness
from benchmarks.model import Answer, Target
from lab.context import Lab


def test_a_name_that_is_none_is_refused_with_those_that_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        command.main(['calls', 'cals'])
    assert 'there is no cals; there are calls, image_size' in capsys.readouterr().err


def answer(measured: int) -> dict[str, Any]:
    return Answer('?', (Target('x', measured, 1, is_count=True),), (), None).to_json()


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv('EIC_LAB_DIR', str(tmp_path))
    monkeypatch.delenv('EIC_LAB_PORT_BASE', raising=False)
    monkeypatch.setattr(Lab, 'holder', lambda lab: 1)
    monkeypatch.setattr(cleanliness, 'check', lambda lab: None)
    return tmp_path


@pytest.mark.parametrize(('measured', 'status'), [(1, 0), (2, 1)])
def test_a_missed_count_ends_with_1(
    lab: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    measured: int,
    status: int,
) -> None:
    monkeypatch.setitem(command.BENCHMARKS, 'calls', lambda lab: answer(measured))
    assert command.main(['calls']) == status
    assert ('MISSED: calls: x is 2' in capsys.readouterr().err) is bool(status)


def test_some_benchmarks_are_not_written_into_the_manual(
    lab: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, 'DOCS', lab / 'docs')
    monkeypatch.setitem(command.BENCHMARKS, 'calls', lambda lab: answer(1))
    command.main(['calls'])
    assert (lab / 'bench.json').exists()
    assert not (lab / 'docs').exists()


def test_an_interrupted_run_writes_nothing(
    lab: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: Lab) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setitem(command.BENCHMARKS, 'calls', interrupted)
    assert command.main(['calls']) == 130
    assert not (lab / 'bench.json').exists()


def test_a_lab_that_is_not_up_is_an_error_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv('EIC_LAB_DIR', str(tmp_path))
    monkeypatch.delenv('EIC_LAB_PORT_BASE', raising=False)
    assert command.main(['calls']) == 1
    assert 'make lab' in capsys.readouterr().err
