"""The lab's services, stopped, started and configured anew."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping

from lab import cinder, cinder_ready, cinder_services
from lab.context import Lab
from tests.e2e.deadline import DEADLINE


class Services:
    """Stops and starts the lab's services, by pid."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._paused: dict[str, int] = {}

    def pid(self, name: str) -> int:
        record = self.lab.processes.record(name)
        assert record is not None, f'{name} was never started'
        return record.pid

    def pause(self, name: str) -> None:
        self._paused[name] = self.pid(name)
        os.kill(self._paused[name], signal.SIGSTOP)

    def resume(self, *names: str) -> None:
        """Those named, or all."""
        for name in names or list(self._paused):
            os.kill(self._paused.pop(name), signal.SIGCONT)

    def kill(self, name: str) -> None:
        os.kill(self.pid(name), signal.SIGKILL)

    def command(self, *arguments: str) -> None:
        subprocess.run(
            [sys.executable, '-m', 'lab', *arguments],
            check=True,
            capture_output=True,
            timeout=DEADLINE,
        )

    @contextlib.contextmanager
    def reconfigured(
        self, options: Mapping[str, object], eic: Mapping[str, object] | None = None
    ) -> Iterator[None]:
        """EIC's cinder-volume with options in each of its backends, and
        others in [eic].
        """
        path = cinder.volume_configs(self.lab, 'eic')[-1]
        before = path.read_text()
        lines = _ini_lines(options)
        backends = re.compile(r'^\[eic-\w+\]\n', re.MULTILINE)
        path.write_text(
            backends.sub(lambda found: found[0] + lines, before)
            + '\n[eic]\n'
            + _ini_lines(eic or {})
        )
        try:
            # Not by command, which would write the configuration anew.
            self.lab.processes.stop(cinder.volume_service('eic'))
            cinder_services.start_volume(self.lab, 'eic')
            cinder_ready.wait_for_pools(self.lab, ['eic'])
            yield
        finally:
            self.command('restart', cinder.volume_service('eic'))

    @contextlib.contextmanager
    def stopped(self, name: str) -> Iterator[None]:
        self.command('stop', name)
        try:
            yield
        finally:
            self.command('start', name)


def _ini_lines(options: Mapping[str, object]) -> str:
    return ''.join(f'{key} = {value}\n' for key, value in options.items())
