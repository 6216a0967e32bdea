"""``mount.nfs`` for simulated exports, on a kernel that need not know NFS.

``eic-ontap-simulator-mount [--exports FILE ...] HOST:/EXPORT DIR [-o ...]``
finds the FlexVol behind the export and bind-mounts its directory. It reads the
files ``exports.json`` of simulators. ``--exports`` names them, or
``EIC_SIMULATOR_EXPORTS``, separated by colons. All mount options are accepted;
only ``ro`` has an effect.

In a private mount namespace, bind-mount a script that calls this over
``/sbin/mount.nfs``: then ``mount -t nfs HOST:/EXPORT DIR`` works there and
nothing outside of the namespace sees it. ``/proc/mounts`` names the device of
the bind mount, not ``HOST:/EXPORT``; os-brick only compares mount points.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from ontap_simulator.exports import MountError, read_exports, resolve

_FAILED = 32
_USAGE = 1
_TIMEOUT = 30


def main(argv: Sequence[str] | None = None) -> int:
    """Mount, with the exit codes of mount.nfs."""
    options = _parser().parse_args(argv)
    try:
        directory = resolve(options.share, read_exports(_files(options)))
        _bind(directory, options.directory, _mount_options(options))
    except MountError as err:
        print(f'mount.nfs: {err}', file=sys.stderr)
        return _FAILED
    return 0


def _bind(source: Path, target: str, options: str) -> None:
    command = [
        'mount',
        '--bind',
        *(['-o', options] if options else []),
        '--',
        str(source),
        target,
    ]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as err:
        raise MountError(f'cannot mount {target}: {err}') from err
    if done.returncode:
        raise MountError(done.stderr.strip() or f'cannot mount {target}')


def _mount_options(options: argparse.Namespace) -> str:
    names = {name for text in options.options for name in text.split(',')}
    return 'ro' if 'ro' in names or options.read_only else ''


def _files(options: argparse.Namespace) -> list[Path]:
    named = os.environ.get('EIC_SIMULATOR_EXPORTS', '').split(':')
    return [*options.exports, *(Path(name) for name in named if name)]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        print(f'mount.nfs: {message}', file=sys.stderr)
        self.exit(_USAGE)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog='eic-ontap-simulator-mount',
        description='Mounts an export of a simulated cluster, as mount.nfs.',
    )
    parser.add_argument(
        '--exports',
        type=Path,
        action='append',
        default=[],
        metavar='FILE',
        help="a simulator's exports.json",
    )
    parser.add_argument('share', metavar='HOST:/EXPORT')
    parser.add_argument('directory', metavar='DIR')
    parser.add_argument('-o', dest='options', action='append', default=[])
    parser.add_argument('-r', dest='read_only', action='store_true')
    # mount(8) passes these on. They have no effect here.
    for flag in ('-v', '-n', '-s', '-f', '-w'):
        parser.add_argument(flag, dest='ignored', action='store_true')
    return parser


if __name__ == '__main__':
    sys.exit(main())
