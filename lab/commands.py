"""Runs programs to their end: with a deadline, a log, and a way to cancel."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab import files
from lab.errors import CancelledError, LabError
from lab.waiting import tail

_POLL_SECONDS = 0.05


def run(
    argv: Sequence[str],
    log: Path,
    *,
    seconds: float = 120,
    env: Mapping[str, str] | None = None,
    stdin: str = '',
    cancel: threading.Event | None = None,
) -> None:
    """Run a program whose output goes to a log; failure is an error.

    It gets a session of its own, so that Ctrl-C reaches the lab alone, which
    then ends what it has started in order.
    """
    files.private_dir(log.parent)
    with (
        log.open('ab') as output,
        subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            env=env,
            start_new_session=True,
        ) as process,
    ):
        os.fchmod(output.fileno(), 0o600)
        try:
            _feed(process, stdin)
            _wait(process, argv, seconds, cancel or threading.Event())
        finally:
            _end(process)
    if process.returncode:
        raise LabError(
            f'`{" ".join(argv[:4])} …` exited with status '
            f'{process.returncode}.{tail(log)}'
        )


def output_of(argv: Sequence[str], seconds: float = 30) -> str:
    """What a quick program prints; empty if it fails."""
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, timeout=seconds
    )
    return done.stdout if done.returncode == 0 else ''


def _feed(process: subprocess.Popen[bytes], text: str) -> None:
    with contextlib.suppress(BrokenPipeError), process.stdin:  # type: ignore[union-attr]
        process.stdin.write(text.encode())  # type: ignore[union-attr]


def _wait(
    process: subprocess.Popen[bytes],
    argv: Sequence[str],
    seconds: float,
    cancel: threading.Event,
) -> None:
    for _ in range(int(seconds / _POLL_SECONDS)):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_POLL_SECONDS)
            return
        if cancel.is_set():
            raise CancelledError(f'Stopped `{argv[0]}`.')
    raise LabError(f'`{" ".join(argv[:4])} …` took more than {seconds:.0f} s.')


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
