"""The services' ``qemu-img``: it notes its arguments and becomes the real one.

It is the first one on the services' PATH and in rootwrap's ``exec_dirs``. So it is
known what a driver converts: log/qemu-img.log has a line for each run, with tabs
between the arguments.
"""

import shlex
import shutil
from pathlib import Path

from lab import files
from lab.context import Lab
from lab.errors import LabError

NAME = 'qemu-img'
CONVERT = 'convert'


def directory(lab: Lab) -> Path:
    """Where it is: to stand first wherever programs are looked for."""
    return lab.paths.programs


def log(lab: Lab) -> Path:
    """The record of its runs."""
    return lab.paths.log(NAME)


def install(lab: Lab) -> None:
    """Have it and its log there."""
    real = shutil.which(NAME, path='/usr/bin:/usr/local/bin:/bin')
    if real is None:
        raise LabError('There is no qemu-img: install qemu-utils.')
    if not log(lab).exists():
        files.write_private(log(lab), '')
    files.write_private(directory(lab) / NAME, script(real, log(lab)), 0o700)


def script(real: str, noted_in: Path) -> str:
    """The program: a shell that starts no other process, so it costs little."""
    return (
        '#!/bin/sh\n'
        "IFS='\t'\n"
        f'printf \'%s\\n\' "$*" >>{shlex.quote(str(noted_in))}\n'
        f'exec {shlex.quote(real)} "$@"\n'
    )
