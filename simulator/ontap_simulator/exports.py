"""The exports of simulators, and the directory behind ``HOST:/EXPORT``."""

import dataclasses
import json
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path


class MountError(Exception):
    """The text is what mount.nfs would print."""


@dataclasses.dataclass(frozen=True)
class Export:
    """A FlexVol's directory and where an NFS client sees it."""

    address: str
    junction_path: str
    directory: Path


def read_exports(files: Iterable[Path]) -> list[Export]:
    """The exports of several simulators.

    :raises MountError: a file cannot be read
    """
    found = []
    for file in files:
        try:
            entries = json.loads(file.read_text())
        except FileNotFoundError:
            # Its simulator has never run: it exports nothing yet.
            continue
        except (OSError, ValueError) as err:
            raise MountError(f'cannot read {file}: {err}') from err
        found += [
            Export(entry['address'], entry['junction_path'], Path(entry['directory']))
            for entry in entries
        ]
    return found


def resolve(share: str, exports: Iterable[Export]) -> Path:
    """The directory behind ``HOST:/EXPORT``.

    :raises MountError: there is none, or it is not inside an export
    """
    address, separator, path = share.rpartition(':')
    if not separator or not path.startswith('/'):
        raise MountError(f'{share}: expected HOST:/EXPORT')
    parts = [part for part in path.split('/') if part not in {'', '.'}]
    served = [e for e in exports if e.address == address.strip('[]')]
    if not served:
        raise MountError(
            f'Connection refused for {share}: no simulator has the address {address}'
        )
    below = [
        (len(names), export, parts[len(names) :])
        for export in served
        if parts[: len(names := export.junction_path.split('/')[1:])] == names
    ]
    if not below or '..' in parts:
        raise _denied(share)
    _, export, rest = max(below, key=lambda found: found[0])
    return _inside(export.directory, rest, share)


def _inside(directory: Path, rest: Sequence[str], share: str) -> Path:
    for name in rest:
        directory /= name
        try:
            mode = directory.lstat().st_mode
        except OSError as err:
            raise _denied(share) from err
        # A symbolic link would lead out of the export.
        if not stat.S_ISDIR(mode):
            raise _denied(share)
    return directory


def _denied(share: str) -> MountError:
    return MountError(f'access denied by server while mounting {share}')
