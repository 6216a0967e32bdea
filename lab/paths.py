"""Where the lab keeps its things: one state directory, 0700.

``EIC_LAB_DIR`` (default /var/lib/eic-lab) is that directory. Everything
that the lab writes is below it. Who deletes it, with the lab down, deletes the lab.
"""

import dataclasses
import os
import sys
from pathlib import Path

from lab.errors import LabError

DEFAULT_STATE_DIR = '/var/lib/eic-lab'
REPOSITORY = Path(__file__).resolve().parent.parent
_LONGEST_STATE_DIR = 80  # a UNIX socket's path may have 107 bytes


@dataclasses.dataclass(frozen=True)
class Paths:
    """The layout of the state directory."""

    state: Path

    def __truediv__(self, relative: str) -> Path:
        return self.state / relative

    @property
    def run(self) -> Path:
        """Records of the processes that the lab has started."""
        return self.state / 'run'

    @property
    def logs(self) -> Path:
        """A log for each service, and an access log for each WSGI service."""
        return self.state / 'log'

    @property
    def storage(self) -> Path:
        """Where the simulators' XFS is mounted, in the lab's namespace."""
        return self.state / 'storage'

    @property
    def lab_json(self) -> Path:
        """The description of the running lab."""
        return self.state / 'lab.json'

    @property
    def image_store(self) -> Path:
        """Where Glance has its NFS share mounted, in the namespace."""
        return self.state / 'glance' / 'store'

    @property
    def programs(self) -> Path:
        """Programs of the lab's own, found before the machine's."""
        return self.state / 'bin'

    def log(self, service: str) -> Path:
        """The log of a service."""
        return self.logs / f'{service}.log'

    def access_log(self, service: str) -> Path:
        """The access log of a WSGI service: a JSON object in each line."""
        return self.logs / f'{service}.access.jsonl'

    def data_dir(self, cluster: str) -> Path:
        """A simulator's data directory, as the lab's namespace sees it."""
        return self.storage / cluster


def from_environment() -> Paths:
    """The paths below ``EIC_LAB_DIR``."""
    state = Path(os.environ.get('EIC_LAB_DIR') or DEFAULT_STATE_DIR)
    if not state.is_absolute() or len(str(state)) > _LONGEST_STATE_DIR:
        raise LabError(
            f'EIC_LAB_DIR is {str(state)!r}: set it to an absolute path of at '
            f'most {_LONGEST_STATE_DIR} characters, or unset it.'
        )
    return Paths(state.resolve())


def venv_bin(program: str) -> str:
    """A program of the Python environment that this process runs in."""
    return str(Path(sys.prefix) / 'bin' / program)


def venv_etc(relative: str) -> Path:
    """A sample configuration file that a package has installed."""
    return Path(sys.prefix) / 'etc' / relative
