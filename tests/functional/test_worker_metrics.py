"""Processes of a service count side by side, and no counter ever goes back."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from eic_plugins.support.metrics import slots
from tests.functional import prometheus
from tests.unit.support.metrics import counted
from tests.worker_counts import counted as counted_by

SERVICE = counted.SERVICE
PROGRAM = 'tests.unit.support.metrics.counted'
ROOT = Path(__file__).parents[2]
ENTRY = """
import sys
sys.path[:0] = {path!r}
import json, os, pathlib
from eic_plugins.support.metrics import worker
from tests.unit.support.metrics import counted
worker.PAUSE = 0.1
counts = worker.WorkerMetrics({service!r}, pathlib.Path({place!r}), counted.METRICS)

def application(environ, start_response):
    counts.inc(counted.DONE, result='well')
    start_response('200 OK', [])
    return [json.dumps(os.getpid()).encode()]
"""


class Process:
    """One of the service; it does as it is told."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def do(self, what: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f'{what}\n')
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


@contextlib.contextmanager
def started(directory: Path, *arguments: str) -> Iterator[Process]:
    process = subprocess.Popen(
        [sys.executable, '-m', PROGRAM, directory, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    one = Process(process)
    try:
        yield one
    finally:
        one.kill()


def shown(directory: Path, number: int = 0) -> dict[tuple[str, ...], float]:
    return counted.shown(directory / f'eic-{SERVICE}@{number}.prom', number)


def test_processes_at_once_have_a_file_each(tmp_path: Path) -> None:
    with started(tmp_path) as one, started(tmp_path) as other:
        one.do('count 1')
        other.do('count 5')
        one.do('count 1')
        assert shown(tmp_path, 0)['eic_done_total', 'well'] == 2
        assert shown(tmp_path, 1)['eic_done_total', 'well'] == 5


def test_who_comes_after_a_killed_process_counts_on(tmp_path: Path) -> None:
    with started(tmp_path) as first:
        first.do('count 5')
        before = shown(tmp_path)
        first.kill()
        with started(tmp_path) as second:
            second.do('count 2')
            found = shown(tmp_path)
    assert found['eic_done_total', 'well'] == 7
    assert found['eic_seconds_bucket', '1.0'] == 0
    assert found['eic_seconds_bucket', '+Inf'] == 7
    assert found['eic_seconds_sum',] == 14.0
    assert found['eic_done_created', 'well'] == before['eic_done_created', 'well']


def test_what_it_has_not_counted_itself_stays(tmp_path: Path) -> None:
    with started(tmp_path) as first:
        first.do('count 5')
    with started(tmp_path) as second:
        for _ in range(2):
            second.do('fail')
            found = shown(tmp_path)
            assert found['eic_done_total', 'well'] == 5
    assert found['eic_done_total', 'badly'] == 2


def test_a_gauge_of_an_ended_process_is_gone(tmp_path: Path) -> None:
    with started(tmp_path) as first:
        first.do('hold 3')
        assert shown(tmp_path)['eic_now',] == 3
    with started(tmp_path) as second:
        second.do('count 1')
        assert shown(tmp_path)['eic_now',] == 0


def test_other_bounds_of_another_release_are_not_added(tmp_path: Path) -> None:
    with started(tmp_path) as first:
        first.do('count 5')
    with started(tmp_path, 'newer') as second:
        second.do('count 1')
    found = shown(tmp_path)
    assert found['eic_seconds_count',] == 1
    assert ('eic_seconds_bucket', '5.0') not in found
    assert found['eic_done_total', 'well'] == 6
    assert ('eic_errors_total',) not in found


def test_a_child_of_a_process_that_counts_has_a_slot_of_its_own(tmp_path: Path) -> None:
    with started(tmp_path) as parent:
        parent.do('count 1')
        child = int(parent.do('fork'))
        try:
            parent.do('count 1')
            assert shown(tmp_path, 0)['eic_done_total', 'well'] == 2
            assert shown(tmp_path, 1)['eic_done_total', 'well'] == 1
        finally:
            os.kill(child, signal.SIGKILL)


def test_the_last_moments_before_an_end_are_written(tmp_path: Path) -> None:
    with started(tmp_path) as one:
        one.do('unwritten 3')
        one.do('end')
    assert shown(tmp_path)['eic_done_total', 'well'] == 3


def test_only_the_files_of_the_dead_are_removed_and_not_at_once(tmp_path: Path) -> None:
    backend, dead, alive = (
        tmp_path / f'eic-{name}.prom'
        for name in ('gold', f'{SERVICE}@0', f'{SERVICE}@1')
    )
    with started(tmp_path) as first, started(tmp_path) as second:
        first.do('count 1')
        second.do('count 1')
        first.kill()
        backend.touch()
        for path in backend, dead, alive:
            os.utime(path, (0, 0))
        os.utime(dead)
        slots.remove_dead(tmp_path, SERVICE, 600.0)
        assert dead.exists()
        os.utime(dead, (0, 0))
        slots.remove_dead(tmp_path, SERVICE, 600.0)
        assert not dead.exists()
        assert alive.exists()
        assert backend.exists()


def test_workers_of_uwsgi_are_killed_and_the_count_goes_on(tmp_path: Path) -> None:
    entry = tmp_path / 'entry.py'
    path = [str(ROOT), *[path for path in sys.path if 'site-packages' in path]]
    place = tmp_path / 'metrics'
    place.mkdir()
    entry.write_text(ENTRY.format(path=path, service=SERVICE, place=str(place)))
    port = prometheus.free_port()
    server = subprocess.Popen(
        [
            *('uwsgi', '--plugin', 'python3', '--wsgi-file', str(entry), '--master'),
            *('--http-socket', f'127.0.0.1:{port}', '--processes', '2'),
            *('--threads', '2', '--enable-threads', '--die-on-term', '--no-orphans'),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=tmp_path,
    )

    def ask() -> int:
        url = f'http://127.0.0.1:{port}/'
        with urllib.request.urlopen(url, timeout=60) as answer:
            pids.append(json.load(answer))
        return pids[-1]

    def all_are_counted() -> bool:
        found = counted_by(place, SERVICE)
        return found.get(('eic_done_total', 'well')) == len(pids)

    pids: list[int] = []
    try:
        prometheus.wait_until(lambda: ask() > 0)
        prometheus.wait_until(lambda: ask() != pids[0])
        for killed in set(pids):
            prometheus.wait_until(all_are_counted)
            os.kill(killed, signal.SIGKILL)
            prometheus.wait_until(lambda: ask() not in pids[:-1])
        prometheus.wait_until(all_are_counted)
        # Of two workers at once, though there were four.
        assert len(list(place.glob('*.prom'))) == 2
    finally:
        server.terminate()
        server.wait(60)
