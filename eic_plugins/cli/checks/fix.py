"""Carries changes out: shown first, then written at once, with a backup."""

import contextlib
import difflib
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from eic_plugins.cli.checks import ini_edit
from eic_plugins.cli.checks.finding import Change

_CONTEXT = 0
"""Lines around a change that are shown: they may hold a password."""


class FixError(Exception):
    """A file could not be changed, and is as it was."""


def by_file(changes: Iterable[Change]) -> dict[Path, list[Change]]:
    """The changes of each file, each change once."""
    found: dict[Path, list[Change]] = {}
    for change in dict.fromkeys(changes):
        found.setdefault(Path(os.path.realpath(change.file)), []).append(change)
    return found


def preview(path: Path, changes: Sequence[Change]) -> str:
    """What would change in a file, as a diff.

    :raises FixError: it cannot be read, or not be changed so
    """
    before, after = _texts(path, changes)
    return ''.join(
        difflib.unified_diff(
            before.splitlines(keepends=True),
            after.splitlines(keepends=True),
            str(path),
            str(path),
            n=_CONTEXT,
        )
    )


def carry_out(path: Path, changes: Sequence[Change]) -> Path:
    """Change a file in one step; owner, group, mode and attributes stay.

    :returns: the backup
    :raises FixError: nothing was changed
    """
    _, after = _texts(path, changes)
    backup = path.with_name(f'{path.name}.{time.strftime("%Y%m%d%H%M%S")}.eic-backup')
    new = path.with_name(f'.{path.name}.{secrets.token_hex(4)}')
    try:
        _copy(path, backup)
        _copy(path, new, after)
        new.replace(path)
    except OSError as err:
        with contextlib.suppress(OSError):
            new.unlink()
        raise FixError(f'{path} cannot be changed: {err.strerror}') from err
    return backup


def _texts(path: Path, changes: Sequence[Change]) -> tuple[str, str]:
    try:
        before = after = path.read_text()
        for change in changes:
            after = ini_edit.apply(after, change)
    except OSError as err:
        raise FixError(f'{path} cannot be read: {err.strerror}') from err
    except ValueError as err:
        raise FixError(f'{path} is not what it should be: {err}') from err
    return before, after


def _copy(source: Path, target: Path, text: str | None = None) -> None:
    """A copy with another text, as private as its source from the beginning."""
    status = source.stat()
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, 'wb') as stream:
        content = source.read_bytes() if text is None else text.encode()
        stream.write(content)
        if os.geteuid() == 0 or (status.st_uid, status.st_gid) != _own():
            os.fchown(stream.fileno(), status.st_uid, status.st_gid)
        stream.flush()
        os.fsync(stream.fileno())
    shutil.copystat(source, target)
    if text is not None:
        os.utime(target)


def _own() -> tuple[int, int]:
    return os.geteuid(), os.getegid()
