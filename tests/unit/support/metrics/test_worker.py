"""A process of a service counts into a file of its own, and waits for no disk."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from eic_plugins.support.metrics import slots, worker
from eic_plugins.support.metrics.worker import WorkerMetrics
from tests.unit.fake_clock import FakeClock
from tests.unit.support.metrics import counted
from tests.unit.support.metrics.counted import (
    ERRORS,
    METRICS,
    NOW,
    SERVICE,
    counting,
    nothing,
)


def count(counts: WorkerMetrics, number: int = 1) -> None:
    counted.count(counts, number)
    counts.write()


def shown(directory: Path) -> dict[tuple[str, ...], float]:
    return counted.shown(directory / f'eic-{SERVICE}@0.prom')


def test_what_is_counted_has_the_service_and_a_number(tmp_path: Path) -> None:
    counts = counting(tmp_path)
    count(counts, 2)
    counts.add(NOW, 3)
    counts.add(NOW, -1)
    counts.write()
    found = shown(tmp_path)
    assert found['eic_done_total', 'well'] == 2
    assert found['eic_now',] == 2
    assert found['eic_seconds_bucket', '5.0'] == 2
    assert found['eic_errors_total',] == 0


@pytest.mark.parametrize('content', [b'', b'\xff', b'eic_done_total{result="well"'])
def test_a_file_that_cannot_be_read_is_begun_anew(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / f'eic-{SERVICE}@0.prom').write_bytes(content)
    count(counting(tmp_path))
    assert shown(tmp_path)['eic_done_total', 'well'] == 1


def test_an_idle_process_says_once_a_minute_that_it_is_there(tmp_path: Path) -> None:
    clock = FakeClock()
    counts = WorkerMetrics(SERVICE, tmp_path, METRICS, clock, nothing)
    counts.inc(ERRORS)
    counts.look()
    file = tmp_path / f'eic-{SERVICE}@0.prom'
    os.utime(file, (0, 0))
    clock.now += 59
    counts.look()
    assert file.stat().st_mtime == 0
    clock.now += 1
    counts.look()
    assert file.stat().st_mtime > 0


def test_the_thread_writes_what_was_counted_since(tmp_path: Path) -> None:
    class Clock(FakeClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if len(self.pauses) == 2:
                raise StopIteration
            counts.inc(ERRORS)

    work: list[Callable[[], None]] = []
    counts = WorkerMetrics(SERVICE, tmp_path, METRICS, Clock(), work.append)
    counts.inc(ERRORS)
    with pytest.raises(StopIteration):
        work[0]()
    assert shown(tmp_path)['eic_errors_total',] == 2


def test_without_a_directory_nothing_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    counts = counting(None)
    count(counts)
    counts.look()
    assert not list(tmp_path.iterdir())


def test_a_directory_that_is_not_there_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    counts = counting(tmp_path / 'later')
    caplog.set_level(logging.WARNING)
    for _ in range(2):
        count(counts)
    assert len(caplog.records) == 1
    assert 'metrics_directory' in caplog.text
    (tmp_path / 'later').mkdir()
    count(counts)
    assert shown(tmp_path / 'later')['eic_done_total', 'well'] == 3


def test_filters_of_one_process_count_together(tmp_path: Path) -> None:
    one = worker.shared(SERVICE, str(tmp_path), METRICS)
    assert worker.shared(SERVICE, str(tmp_path), METRICS) is one
    assert worker.shared('other-api', str(tmp_path), METRICS) is not one


def test_more_processes_than_there_are_slots_go_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(slots, 'SLOTS', 1)
    count(counting(tmp_path))
    count(counting(tmp_path))
    assert 'processes of some-api count already' in caplog.text
    assert [path.name for path in tmp_path.glob('*.prom')] == [f'eic-{SERVICE}@0.prom']


def test_the_lock_of_a_process_of_another_user_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open

    def refuse(path: Path, *arguments: int) -> int:
        if path.name == f'eic-{SERVICE}@0.lock':
            raise PermissionError
        return opened(path, *arguments)

    monkeypatch.setattr(os, 'open', refuse)
    slot = slots.claim(tmp_path, SERVICE)
    assert slot is not None
    assert slot.number == 1
