"""What the lab remembers of a process that it has started: run/NAME.json.

A record has the pid with the start time and the boot that it was seen in, so a
pid that was reused is never mistaken for ours.
"""

import dataclasses
import time
from pathlib import Path
from typing import Any

from lab import files, proc
from lab.service import Service


@dataclasses.dataclass(frozen=True)
class ProcessRecord:
    """A process that was started, as run/NAME.json keeps it."""

    name: str
    pid: int
    start_time: int
    """In clock ticks since the boot."""
    boot_id: str
    started_at: float
    """In seconds since the epoch."""
    fingerprint: str
    stop_seconds: float
    in_namespace: bool
    mount_namespace: str = ''
    holder: str = ''
    """The service whose namespaces it runs in, '' for the lab's own."""

    def alive(self) -> bool:
        """The very process that was recorded is running."""
        return (
            self.boot_id == proc.boot_id()
            and proc.start_time(self.pid) == self.start_time
            and proc.running(self.pid)
        )

    def group_is_ours(self) -> bool:
        """Whether the processes of the recorded group can be this service's alone.

        A group's number is not reused while it has a member, and a leader that
        is another process than the recorded one has a group of its own.
        """
        return self.boot_id == proc.boot_id() and proc.start_time(self.pid) in (
            None,
            self.start_time,
        )


def of(service: Service, pid: int, namespace: str) -> ProcessRecord | None:
    """The record of a process that was started just now; None if it is gone.

    :param namespace: the mount namespace that it was started in, '' for the
        machine's own
    """
    start_time = proc.start_time(pid)
    if start_time is None:
        return None
    return ProcessRecord(
        service.name,
        pid,
        start_time,
        proc.boot_id(),
        time.time(),
        service.fingerprint(),
        service.stop_seconds,
        service.in_namespace,
        namespace,
        service.holder,
    )


class ProcessRecords:
    """The records of one lab, a file each."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def all(self) -> dict[str, ProcessRecord]:
        """By the service's name; files that are no records are left out."""
        records = (
            _parse(files.read_json(path))
            for path in sorted(self._directory.glob('*.json'))
        )
        return {record.name: record for record in records if record}

    def get(self, name: str) -> ProcessRecord | None:
        """The record of one service."""
        return _parse(files.read_json(self._path(name)))

    def save(self, record: ProcessRecord) -> None:
        """Keep a record, in the place of an older one of the service."""
        files.write_json(self._path(record.name), dataclasses.asdict(record))

    def forget(self, name: str) -> None:
        """Have no record of a service."""
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._directory / f'{name}.json'


def _parse(raw: Any) -> ProcessRecord | None:
    try:
        return ProcessRecord(**raw) if isinstance(raw, dict) else None
    except TypeError:
        return None
