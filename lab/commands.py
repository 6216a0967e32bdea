"""Runs programs to their end: with a deadline, a log, and a way to cancel."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import IO

from lab import files
from lab.errors import LabError
from lab.waiting import tail, wait_until

_POLL_SECONDS = 0.05


def run(
    argv: Sequence[str],
    log: Path,
    *,
    seconds: float = 120,
    env: Mapping[str, str] | None = None,
    stdin: str = '',
    cancel: threading.Event | None = None,
    accepted: Collection[int] = (0,),
) -> None:
    """Run a program whose output goes to a log; failure is an error.

    It gets a session of its own, so that Ctrl-C reaches the lab alone, which
    then ends what it has started in order.

    :param accepted: statuses that are no failure
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
            _feed(process.stdin, stdin)
            _wait(process, argv, seconds, cancel)
        finally:
            _end(process)
    if process.returncode not in accepted:
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


def _feed(stream: IO[bytes] | None, text: str) -> None:
    if stream is not None:
        with contextlib.suppress(BrokenPipeError), stream:
            stream.write(text.encode())


def _wait(
    process: subprocess.Popen[bytes],
    argv: Sequence[str],
    seconds: float,
    cancel: threading.Event | None,
) -> None:
    wait_until(
        lambda: process.poll() is not None,
        f'`{" ".join(argv[:4])} …` to end',
        seconds,
        cancel=cancel,
        every=_POLL_SECONDS,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
