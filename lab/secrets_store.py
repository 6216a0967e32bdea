"""The passwords of one lab, made up when it is first started (0600)."""

import dataclasses
import secrets
from collections.abc import Mapping
from pathlib import Path

from lab import files
from lab.topology import ONTAP_USERS

_BYTES = 16
NAMES = (
    'rabbitmq',
    'db-keystone',
    'db-glance',
    'db-placement',
    'db-nova',
    'db-cinder',
    'user-admin',
    'user-demo',
    'user-glance',
    'user-placement',
    'user-nova',
    'user-cinder',
    'user-eic',
    *(f'ontap-{user}' for user in ONTAP_USERS),
)


@dataclasses.dataclass(frozen=True)
class Secrets:
    """Passwords by name; hexadecimal, so they fit into any URL or file."""

    directory: Path
    values: Mapping[str, str] = dataclasses.field(repr=False)

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    def file(self, name: str) -> Path:
        """The file that holds nothing but this password."""
        return self.directory / name


def load(directory: Path) -> Secrets:
    """The passwords of the lab; those that it lacks are made up."""
    files.private_dir(directory)
    values = {name: _read_or_make(directory / name) for name in NAMES}
    return Secrets(directory, values)


def _read_or_make(path: Path) -> str:
    if path.exists():
        return path.read_text(encoding='ascii').strip()
    password = secrets.token_hex(_BYTES)
    files.write_private(path, password + '\n')
    return password
