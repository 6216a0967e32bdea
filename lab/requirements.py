"""What must be true before anything of the lab can be imported.

Uses the standard library alone, and says what to do where Python would end in an
import error.
"""

import os
import sys
from pathlib import Path

from lab.errors import LabError


def check_user() -> None:
    """The lab mounts things and runs services as root."""
    if os.geteuid() != 0:
        raise LabError(
            'The lab needs root (it mounts file systems in a '
            'namespace of its own): run it with sudo.'
        )


def check_python() -> None:
    """The services must be in the environment that this runs in."""
    if not (Path(sys.prefix) / 'bin' / 'keystone-manage').exists():
        raise LabError(
            f'OpenStack is not installed in {sys.prefix}: run '
            '`make lab`, which makes a .venv that has it.'
        )
