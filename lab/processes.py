"""Starts the lab's processes, remembers them, and ends exactly those.

Each process carries the lab's identity in its environment: what a killed ``up``
started but did not get to record is found by that.
"""

import contextlib
import os
import signal
import subprocess
import uuid
from collections.abc import Iterable
from pathlib import Path

import psutil
from oslo_utils import units

from lab import files, proc, process_record
from lab.errors import LabError
from lab.paths import Paths, venv_bin
from lab.process_record import ProcessRecord, ProcessRecords
from lab.service import Service
from lab.waiting import came_true

LAB_ID = 'EIC_LAB_ID'
_LOG_LIMIT = 50 * units.Mi
_TERM_SECONDS = 3.0
_KILL_SECONDS = 10.0
_SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'


class Processes:
    """All processes of one lab."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._kept = ProcessRecords(paths.run)
        self.lab_id = _lab_id(paths / 'id')

    def records(self) -> dict[str, ProcessRecord]:
        """What was started and not yet stopped, running or not."""
        return self._kept.all()

    def record(self, name: str) -> ProcessRecord | None:
        """The record of one service."""
        return self._kept.get(name)

    def alive(self, name: str) -> bool:
        """Whether the service runs."""
        record = self.record(name)
        return record is not None and record.alive()

    def spawn(self, service: Service, holder: int | None = None) -> ProcessRecord:
        """Start a service, in the mount namespace of ``holder`` if asked."""
        argv = list(service.argv)
        if service.in_namespace:
            argv = [*enter(holder, own_name=bool(service.holder)), *argv]
        child = self._popen(service, argv)
        namespace = proc.mount_namespace(holder) if holder else ''
        record = process_record.of(service, child.pid, namespace)
        if record is None:
            raise LabError(f'{service.name} did not start.')
        self._kept.save(record)
        return record

    def stop(self, name: str) -> bool:
        """End a service and all of its children; True if it was running."""
        record = self.record(name)
        if record is None:
            return False
        was_alive = record.alive()
        if was_alive:
            self.ask_to_stop(name)
            came_true(lambda: not record.alive(), record.stop_seconds)
        _end_group(record)
        self._kept.forget(name)
        return was_alive

    def ask_to_stop(self, name: str) -> None:
        """Have a service begin to end, and do not wait for that."""
        record = self.record(name)
        if record and record.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(record.pid, signal.SIGTERM)

    def strays(self) -> list[int]:
        """Processes of this lab that no record accounts for."""
        leaders = self._leaders()
        return [pid for pid in self.ours() if not _belongs(pid, leaders)]

    def ours(self) -> list[int]:
        """Every running process that carries this lab's identity."""
        return [pid for pid in psutil.pids() if self._is_ours(pid)]

    def kill(self, pids: Iterable[int]) -> None:
        """End processes that the caller knows to be the lab's."""
        # psutil does not signal another process that has got one of these pids.
        known = [found for pid in pids if (found := proc.process(pid))]
        for number, seconds in (
            (signal.SIGTERM, _TERM_SECONDS),
            (signal.SIGKILL, _KILL_SECONDS),
        ):
            for process in known:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(number)
            came_true(lambda: not any(proc.running(p.pid) for p in known), seconds)

    def owns(self, pid: int) -> bool:
        """Whether a process belongs to the lab, through sudo too."""
        return _belongs(pid, self._leaders()) or self._is_ours(pid)

    def environment(self, name: str) -> dict[str, str]:
        """What a service starts with: nothing of the caller's own."""
        return {
            'PATH': (f'{self._paths.programs}:{Path(venv_bin(""))}:{_SYSTEM_PATH}'),
            'HOME': str(self._paths.state),
            'TMPDIR': str(files.private_dir(self._paths / 'tmp')),
            'LANG': 'C.UTF-8',
            'PYTHONUNBUFFERED': '1',
            LAB_ID: self.lab_id,
            'EIC_LAB_SERVICE': name,
        }

    def _leaders(self) -> set[int]:
        return {r.pid for r in self.records().values() if r.alive()}

    def _popen(self, service: Service, argv: list[str]) -> subprocess.Popen[bytes]:
        log = self._paths.log(service.name)
        files.private_dir(log.parent)
        if log.exists() and log.stat().st_size > _LOG_LIMIT:
            log.replace(log.with_suffix('.log.1'))
        with log.open('ab') as output:
            os.fchmod(output.fileno(), 0o600)
            return subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**self.environment(service.name), **service.env},
                cwd=self._paths.state,
                start_new_session=True,
            )

    def _is_ours(self, pid: int) -> bool:
        return (
            pid != os.getpid()
            and proc.environment(pid).get(LAB_ID) == self.lab_id
            and proc.running(pid)
        )


def enter(holder: int | None, own_name: bool = False) -> list[str]:
    """The command prefix that enters a process's mount namespace.

    :param own_name: also the one in which the machine has another name
    """
    names = ['--uts'] if own_name else []
    # The holder's own root and working directory: in a chroot, those of the
    # namespace are somewhere else.
    return ['nsenter', f'--target={holder}', '--mount', *names, '--root', '--wd', '--']


def _end_group(record: ProcessRecord) -> None:
    """Kill what a service left behind."""
    if not record.group_is_ours():
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(record.pid, signal.SIGKILL)
    came_true(lambda: not proc.in_group(record.pid), _KILL_SECONDS)


def _belongs(pid: int, leaders: set[int]) -> bool:
    """In the group of a service, or its descendant: Erlang's helpers have
    groups of their own, and sudo hides the environment.
    """
    return proc.group(pid) in leaders or not leaders.isdisjoint(proc.lineage(pid))


def _lab_id(path: Path) -> str:
    if not path.exists():
        files.write_private(path, f'{uuid.uuid4()}\n')
    return path.read_text().strip()
