"""Starts the lab's processes, remembers them, and ends exactly those.

A record holds the pid with the start time and the boot it was seen in, so a
pid that was reused is never mistaken for ours. Each process also carries the
lab's identity in its environment: what a killed ``up`` started but did not get
to record is found by that.
"""

import contextlib
import dataclasses
import hashlib
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lab import files, proc
from lab.errors import LabError
from lab.paths import Paths, venv_bin
from lab.waiting import wait_until

LAB_ID = 'EIC_LAB_ID'
_LOG_LIMIT = 50 * 1024 * 1024
_KILL_SECONDS = 10.0
_SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'


@dataclasses.dataclass(frozen=True)
class Service:
    """A process of the lab, and what decides that it must be restarted."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = dataclasses.field(default_factory=dict)
    configs: tuple[Path, ...] = ()
    in_namespace: bool = False
    stop_seconds: float = 15.0

    def fingerprint(self) -> str:
        """Changes when the command or a configuration file changes."""
        digest = hashlib.sha256(repr((self.argv, sorted(self.env.items()))).encode())
        for path in self.configs:
            digest.update(path.read_bytes())
        return digest.hexdigest()


@dataclasses.dataclass(frozen=True)
class Record:
    """A process that was started, as run/NAME.json keeps it."""

    name: str
    pid: int
    start_time: int
    boot_id: str
    started_at: float
    fingerprint: str
    stop_seconds: float
    in_namespace: bool
    mount_namespace: str = ''

    def alive(self) -> bool:
        """The very process that was recorded is running."""
        seen = proc.stat(self.pid)
        return (
            seen is not None
            and seen.running
            and seen.start_time == self.start_time
            and self.boot_id == proc.boot_id()
        )


class Processes:
    """All processes of one lab."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self.lab_id = _lab_id(paths / 'id')

    def records(self) -> dict[str, Record]:
        """What was started and not yet stopped, running or not."""
        found = {}
        for path in sorted(self._paths.run.glob('*.json')):
            record = _parse(files.read_json(path))
            if record:
                found[record.name] = record
        return found

    def record(self, name: str) -> Record | None:
        """The record of one service."""
        return _parse(files.read_json(self._record_path(name)))

    def alive(self, name: str) -> bool:
        """Whether the service runs."""
        record = self.record(name)
        return record is not None and record.alive()

    def spawn(self, service: Service, holder: int | None = None) -> Record:
        """Start a service, in the mount namespace of ``holder`` if asked."""
        argv = list(service.argv)
        if service.in_namespace:
            argv = [*enter(holder), *argv]
        child = self._popen(service, argv)
        seen = proc.stat(child.pid)
        if seen is None:
            raise LabError(f'{service.name} did not start.')
        record = Record(
            service.name,
            child.pid,
            seen.start_time,
            proc.boot_id(),
            time.time(),
            service.fingerprint(),
            service.stop_seconds,
            service.in_namespace,
            proc.mount_namespace(holder) if holder else '',
        )
        self._save(record)
        return record

    def stop(self, name: str) -> bool:
        """End a service and all of its children; True if it was running."""
        record = self.record(name)
        if record is None:
            return False
        was_alive = record.alive()
        if was_alive:
            _signal(record.pid, signal.SIGTERM)
            _wait_quietly(lambda: not record.alive(), record.stop_seconds)
        self._end_group(record)
        self._record_path(name).unlink(missing_ok=True)
        return was_alive

    def strays(self) -> list[int]:
        """Processes of this lab that no record accounts for."""
        leaders = self._leaders()
        return [pid for pid in self.ours() if not _belongs(pid, leaders)]

    def ours(self) -> list[int]:
        """Every running process that carries this lab's identity."""
        return [pid for pid in proc.pids() if self._is_ours(pid)]

    def kill(self, pids: Iterable[int]) -> None:
        """End processes that the caller knows to be the lab's."""
        wanted = list(pids)
        for number, seconds in ((signal.SIGTERM, 3.0), (signal.SIGKILL, _KILL_SECONDS)):
            for pid in filter(_running, wanted):
                _signal(pid, number)
            _wait_quietly(lambda: not any(map(_running, wanted)), seconds)

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

    def _popen(
        self,
        service: Service,
        argv: list[str],
    ) -> subprocess.Popen[bytes]:
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

    def _save(self, record: Record) -> None:
        files.write_json(self._record_path(record.name), dataclasses.asdict(record))

    def _record_path(self, name: str) -> Path:
        return self._paths.run / f'{name}.json'

    def _is_ours(self, pid: int) -> bool:
        return (
            pid != os.getpid()
            and _running(pid)
            and proc.environment(pid).get(LAB_ID) == self.lab_id
        )

    def _end_group(self, record: Record) -> None:
        """Kill what a service left behind; its group cannot be another's.

        A group's number is not reused while it has a member, and a leader
        that is another process than the recorded one has a group of its own.
        """
        leader = proc.stat(record.pid)
        if record.boot_id != proc.boot_id() or (
            leader and leader.start_time != record.start_time
        ):
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(record.pid, signal.SIGKILL)
        _wait_quietly(lambda: not _group(record.pid), _KILL_SECONDS)


def enter(holder: int | None) -> list[str]:
    """The command prefix that enters a process's mount namespace."""
    # The holder's own root and working directory: in a chroot, those of the
    # namespace are somewhere else.
    return ['nsenter', f'--target={holder}', '--mount', '--root', '--wd', '--']


def _belongs(pid: int, leaders: set[int]) -> bool:
    """In the group of a service, or its descendant: Erlang's helpers have
    groups of their own, and sudo hides the environment.
    """
    seen = proc.stat(pid)
    return seen is not None and (
        seen.group in leaders or not leaders.isdisjoint(proc.lineage(pid))
    )


def _group(number: int) -> list[int]:
    found = []
    for pid in proc.pids():
        seen = proc.stat(pid)
        if seen and seen.group == number and seen.running:
            found.append(pid)
    return found


def _parse(raw: Any) -> Record | None:
    try:
        return Record(**raw) if isinstance(raw, dict) else None
    except TypeError:
        return None


def _running(pid: int) -> bool:
    seen = proc.stat(pid)
    return seen is not None and seen.running


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _wait_quietly(check: Any, seconds: float) -> None:
    with contextlib.suppress(LabError):
        wait_until(check, 'a process to end', seconds)


def _lab_id(path: Path) -> str:
    if not path.exists():
        files.write_private(path, f'{uuid.uuid4()}\n')
    return path.read_text().strip()
