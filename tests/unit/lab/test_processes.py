"""Processes are started, recognised and ended: ours, and no other."""

import dataclasses
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import proc
from lab.paths import Paths
from lab.process_record import ProcessRecords
from lab.processes import LAB_ID, Processes
from lab.service import Service
from lab.waiting import wait_until

SLEEP = ('sleep', '300')


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    table = Processes(Paths(tmp_path))
    yield table
    for name in table.records():
        table.stop(name)
    table.kill(table.ours())


def test_a_service_is_remembered_by_another_command(
    processes: Processes, tmp_path: Path
) -> None:
    record = processes.spawn(Service('napper', SLEEP))
    other = Processes(Paths(tmp_path))
    assert other.alive('napper')
    assert other.record('napper') == record
    assert other.stop('napper')
    assert not proc.running(record.pid)
    assert not other.stop('napper')


def test_a_reused_pid_is_not_mistaken_for_the_service(
    processes: Processes, tmp_path: Path
) -> None:
    record = processes.spawn(Service('napper', SLEEP))
    reused = dataclasses.replace(record, start_time=record.start_time - 1)
    ProcessRecords(tmp_path / 'run').save(reused)
    assert not processes.alive('napper')
    processes.stop('napper')
    assert record.alive()
    os.kill(record.pid, signal.SIGKILL)


def test_a_record_of_an_earlier_boot_names_nobody(processes: Processes) -> None:
    record = processes.spawn(Service('napper', SLEEP))
    assert not dataclasses.replace(record, boot_id='other').alive()


def test_children_end_with_their_service(processes: Processes) -> None:
    script = 'sleep 300 & exec sleep 300'
    record = processes.spawn(Service('parent', ('sh', '-c', script)))
    wait_until(lambda: len(proc.in_group(record.pid)) == 2, 'the child', 5)
    processes.stop('parent')
    assert proc.in_group(record.pid) == []


def test_a_service_that_ignores_sigterm_is_killed(
    processes: Processes, tmp_path: Path
) -> None:
    code = (
        'import signal, time; signal.signal(15, signal.SIG_IGN); '
        'print("ready", flush=True); time.sleep(300)'
    )
    record = processes.spawn(
        Service('stubborn', (sys.executable, '-c', code), stop_seconds=0.3)
    )
    log = Paths(tmp_path).log('stubborn')
    wait_until(lambda: 'ready' in log.read_text(), 'the service', 10)
    processes.stop('stubborn')
    assert not record.alive()


def test_what_a_killed_command_did_not_record_is_found(processes: Processes) -> None:
    known = processes.spawn(Service('known', SLEEP))
    with subprocess.Popen(SLEEP, env={LAB_ID: processes.lab_id}) as stray:
        # The child carries its own environment once it has become sleep.
        wait_until(lambda: stray.pid in processes.ours(), 'the stray', 5)
        assert processes.strays() == [stray.pid]
        processes.kill(processes.strays())
    assert known.alive()


def test_a_helper_in_a_group_of_its_own_is_no_stray(processes: Processes) -> None:
    processes.spawn(Service('parent', ('sh', '-c', 'setsid -w sleep 300')))
    wait_until(lambda: len(processes.ours()) >= 2, 'the helper', 5)
    assert processes.strays() == []


def test_a_changed_configuration_changes_the_fingerprint(tmp_path: Path) -> None:
    conf = tmp_path / 'x.conf'
    conf.write_text('one')
    service = Service('x', SLEEP, configs=(conf,))
    before = service.fingerprint()
    assert service.fingerprint() == before
    conf.write_text('two')
    assert service.fingerprint() != before


def test_a_service_gets_none_of_the_callers_environment(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('OS_PASSWORD', 'mine')
    record = processes.spawn(Service('napper', SLEEP))
    wait_until(lambda: proc.name(record.pid) == 'sleep', 'sleep', 5)
    assert 'OS_PASSWORD' not in proc.environment(record.pid)
