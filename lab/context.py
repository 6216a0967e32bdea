"""The lab that a command works on: paths, ports, passwords, processes, console."""

import dataclasses
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from lab import commands, files, proc, secrets_store
from lab.console import Console
from lab.errors import LabError
from lab.paths import Paths
from lab.ports import Ports, ports_from_environment
from lab.process_record import ProcessRecord
from lab.processes import Processes, enter
from lab.secrets_store import Secrets
from lab.service import Service
from lab.waiting import tail, wait_until

HOLDER = 'namespace'
_PORT_BASE = 'port-base'


@dataclasses.dataclass(frozen=True)
class Lab:
    """One lab, and one command that works on it."""

    paths: Paths
    ports: Ports
    secrets: Secrets
    processes: Processes
    console: Console
    cancel: threading.Event = dataclasses.field(default_factory=threading.Event)
    started: list[str] = dataclasses.field(default_factory=list)
    """Services that this command has started, in order."""

    def holder(self, name: str = HOLDER) -> int:
        """The process that keeps the lab's mount namespace, or one inside it."""
        record = self.processes.record(name)
        if record is None or not record.alive():
            raise LabError('The lab is not running: start it with `make lab`.')
        return record.pid

    def up_to_date(self, service: Service) -> bool:
        """Whether it runs as it is configured now, in the present namespace."""
        record = self.processes.record(service.name)
        return (
            record is not None
            and record.alive()
            and record.fingerprint == service.fingerprint()
            and self._in_right_namespace(record)
        )

    def ensure(
        self, service: Service, ready: Callable[[], bool], seconds: float = 90
    ) -> None:
        """Have a service running and ready; restart it where that is due."""
        if not self.up_to_date(service):
            self.processes.stop(service.name)
            self.started.append(service.name)
            holder = self._holder_of(service)
            self.processes.spawn(service, holder)
        self._wait(service.name, ready, seconds)

    def _holder_of(self, service: Service) -> int | None:
        return self.holder(service.holder or HOLDER) if service.in_namespace else None

    def _wait(self, name: str, ready: Callable[[], bool], seconds: float) -> None:
        def check() -> bool:
            self.check_alive(name)
            return ready()

        wait_until(
            check,
            f'{name} to answer',
            seconds,
            cancel=self.cancel,
            log=self.paths.log(name),
        )

    def check_alive(self, *names: str) -> None:
        """See that services run: to wait for one that has exited is no use.

        :raises LabError: one does not; the end of its log is in the text
        """
        for name in names:
            if not self.processes.alive(name):
                raise LabError(f'{name} has exited.{tail(self.paths.log(name))}')

    def run(
        self,
        name: str,
        argv: Sequence[str],
        *,
        stdin: str = '',
        env: Mapping[str, str] | None = None,
        seconds: float = 180,
        accepted: Collection[int] = (0,),
    ) -> None:
        """Run a program of the lab to its end; it logs under ``name``."""
        commands.run(
            argv,
            self.paths.log(name),
            stdin=stdin,
            seconds=seconds,
            env={**self.processes.environment(name), **(env or {})},
            cancel=self.cancel,
            accepted=accepted,
        )

    def run_inside(self, name: str, argv: Sequence[str]) -> None:
        """Run a program in the lab's mount namespace."""
        self.run(name, [*enter(self.holder()), *argv])

    def done(self, mark: str) -> bool:
        """Whether that was done, with whatever key."""
        return (self.paths / f'done/{mark}').exists()

    def once(self, mark: str, key: str, action: Callable[[], None]) -> None:
        """Do something that need not be done again until ``key`` changes."""
        path = self.paths / f'done/{mark}'
        if path.exists() and path.read_text() == key:
            return
        action()
        files.write_private(path, key)

    def _in_right_namespace(self, record: ProcessRecord) -> bool:
        if not record.in_namespace:
            return True
        holder = self.processes.record(record.holder or HOLDER)
        return holder is not None and (
            proc.mount_namespace(holder.pid) == record.mount_namespace
        )


def load(paths: Paths) -> Lab:
    """Open the state directory, making it if it is not there."""
    files.private_dir(paths.state).chmod(0o700)
    ports = _ports(paths / _PORT_BASE)
    return Lab(
        paths, ports, secrets_store.load(paths / 'secrets'), Processes(paths), Console()
    )


def _ports(path: Path) -> Ports:
    return ports_from_environment(int(path.read_text()) if path.exists() else None)


def keep_ports(lab: Lab) -> None:
    """Remember the ports for the commands to come."""
    files.write_private(lab.paths / _PORT_BASE, f'{lab.ports.base}\n')


def log_paths(lab: Lab, name: str) -> dict[str, Path]:
    """The logs of a service that exist."""
    logs = {'log': lab.paths.log(name), 'access_log': lab.paths.access_log(name)}
    return {kind: path for kind, path in logs.items() if path.exists()}
