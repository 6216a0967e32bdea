"""``python -m release.debian_walk FOLDER``: the walk, with our packages in a folder.

``--kept FOLDER`` is where Debian's packages are kept for the next one; ``--write`` puts
what was seen into docs/debian.md. It ends with 1 if something is not as the page
promises.
"""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from release.commands import ReleaseError
from release.debian_walk import report, walk
from release.project import ROOT


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog='python -m release.debian_walk')
    parser.add_argument('folder', type=Path)
    parser.add_argument('--kept', type=Path, default=ROOT / 'build/debian-walk')
    parser.add_argument('--write', action='store_true')
    options = parser.parse_args(arguments)
    if os.geteuid() != 0:
        print('debian-walk: only root makes such a Debian', file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _interrupted)
    found = report.Report()
    try:
        versions = walk.walk(options.folder.resolve(), options.kept.resolve(), found)
    except ReleaseError as err:
        print(f'debian-walk: {err}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('debian-walk: interrupted', file=sys.stderr)
        return 130
    for each in found.wrong:
        print(f'debian-walk: not as expected: {each}', file=sys.stderr)
    if options.write and not found.wrong:
        report.write(walk.PAGE, found, versions)
    return 1 if found.wrong else 0


def _interrupted(*_: object) -> NoReturn:
    """SIGTERM is as Ctrl-C: what was made is deleted."""
    raise KeyboardInterrupt


if __name__ == '__main__':
    sys.exit(main())
