"""The command `python -m lab`: up, down, status, start, stop, restart, env."""

import argparse
import contextlib
import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from lab import paths, requirements
from lab.errors import LabError
from lab.paths import Paths

_LOCK_SECONDS = 5.0


def main(argv: list[str] | None = None) -> int:
    """Run the command; the result is the exit status."""
    options = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        status: int = options.run(options)
    except LabError as err:
        print(f'lab: {err}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('lab: interrupted.', file=sys.stderr)
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='python -m lab', description=__doc__)
    commands = parser.add_subparsers(required=True, metavar='COMMAND')

    def add(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        return command

    add('up', _up, 'start the lab, or repair one that is half up')
    down = add('down', _down, 'stop the lab; what it stores stays')
    down.add_argument('--purge', action='store_true', help='delete what it stores, too')
    add('status', _status, 'say what runs; exit status 3 if not all does')
    for name in ('start', 'stop', 'restart'):
        add(
            name,
            _service_command(name),
            f'{name} one service',
        ).add_argument('service', metavar='SERVICE')
    env = add('env', _env, 'print shell lines: eval "$(python -m lab env)"')
    env.add_argument('user', nargs='?', choices=['demo', 'admin'], default='demo')
    return parser


def _up(options: argparse.Namespace) -> int:
    _require_root()
    from lab import shutdown, startup  # noqa: PLC0415

    with _locked_lab() as lab:
        try:
            startup.up(lab)
        except KeyboardInterrupt:
            lab.cancel.clear()
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            lab.console.line('Interrupted: stopping what this command has started ...')
            shutdown.undo(lab)
            raise
    return 0


def _down(options: argparse.Namespace) -> int:
    if not paths.from_environment().state.exists():
        print('There is no lab.')
        return 0
    _require_root()
    from lab import shutdown  # noqa: PLC0415

    with _locked_lab() as lab:
        shutdown.down(lab, options.purge)
    return 0


def _status(options: argparse.Namespace) -> int:
    if not paths.from_environment().state.exists():
        print('There is no lab: start it with `make lab`.')
        return 3
    _require_root()
    from lab import status  # noqa: PLC0415

    return status.show(_open_lab())


def _service_command(verb: str) -> Any:
    def run(options: argparse.Namespace) -> int:
        _require_root()
        from lab import startup  # noqa: PLC0415
        from lab.members import MEMBERS  # noqa: PLC0415

        if options.service not in MEMBERS:
            raise LabError(
                f'There is no service {options.service!r}; '
                f'there are: {", ".join(MEMBERS)}.'
            )
        with _locked_lab() as lab:
            if verb in ('stop', 'restart'):
                with lab.console.step(f'stop {options.service}'):
                    lab.processes.stop(options.service)
            if verb in ('start', 'restart'):
                with lab.console.step(f'start {options.service}'):
                    startup.start_one(lab, options.service)
        return 0

    return run


def _env(options: argparse.Namespace) -> int:
    _require_root()
    openrc = paths.from_environment() / f'openrc-{options.user}'
    if not openrc.exists():
        raise LabError('The lab has not been started: run `make lab`.')
    print(openrc.read_text(), end='')
    print(f"export EIC_LAB_DIR='{paths.from_environment().state}'")
    print(f'export PATH=\'{paths.venv_bin("")}\':"$PATH"')
    return 0


def _require_root() -> None:
    requirements.check_user()
    requirements.check_python()


def _open_lab() -> Any:
    from lab import context  # noqa: PLC0415

    return context.load(paths.from_environment())


@contextlib.contextmanager
def _locked_lab() -> Iterator[Any]:
    """Open the lab for a command that changes it; one at a time."""
    where = paths.from_environment()
    where.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _lock(where):
        yield _open_lab()


@contextlib.contextmanager
def _lock(where: Paths) -> Iterator[None]:
    path = where / 'lock'
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, 'r+') as stream:
        _acquire(stream)
        stream.truncate(0)
        stream.write(str(os.getpid()))
        stream.flush()
        yield


def _acquire(stream: TextIO) -> None:
    from lab.waiting import came_true  # noqa: PLC0415

    if not came_true(lambda: _try_lock(stream), _LOCK_SECONDS):
        pid = stream.read().strip() or 'unknown'
        raise LabError(
            f'Another lab command is at work (pid {pid}): wait '
            'until it is done, or end it.'
        )


def _try_lock(stream: TextIO) -> bool:
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _interrupt(number: int, frame: Any) -> None:
    raise KeyboardInterrupt
