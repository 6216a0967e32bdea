"""Glance's file stores, and what they tell of where their images are."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eic_plugins.cli.checks import options
from eic_plugins.cli.checks.configuration import Configuration
from eic_plugins.cli.checks.finding import Change, NotSeenError

_LEGACY = 'glance_store'


@dataclasses.dataclass(frozen=True)
class FileStore:
    """A store of images in files."""

    configuration: Configuration
    section: str
    default: bool

    @property
    def datadirs(self) -> list[str]:
        """The directories with its images."""
        several = self.configuration.get('filesystem_store_datadirs', self.section)
        one = self.configuration.get('filesystem_store_datadir', self.section)
        if several:
            return [text.rpartition(':')[0] or text for text in several]
        return [one or options.DATADIR]

    @property
    def metadata_file(self) -> Path | None:
        """The file that says where its images are, if there is one."""
        text = self.configuration.get('filesystem_store_metadata_file', self.section)
        return self.configuration.resolve(text) if text else None

    def entries(self) -> list[Mapping[str, Any]]:
        """What that file says, an entry for each mount.

        :raises NotSeenError: there is no such file, or no such thing in it
        """
        path = self.metadata_file
        if path is None:
            raise NotSeenError(
                f'[{self.section}] has no filesystem_store_metadata_file',
                'see what glance-metadata-file says',
            )
        found = parse(read(path))
        if found is None:
            raise NotSeenError(
                f'{path} is no JSON object or list of objects',
                'see what glance-metadata-file says',
            )
        return found

    def change(self, option: str, value: str | None, safe: bool = False) -> Change:
        """A line to change in its section."""
        return self.configuration.change(option, value, self.section, safe)

    def change_entry(self, number: int, key: str, value: str) -> Change:
        """A key to change in its metadata file."""
        return Change(str(self.metadata_file), str(number), key, value)


def read(path: Path) -> str:
    """The text of a metadata file.

    :raises NotSeenError: it cannot be read
    """
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as err:
        raise NotSeenError(
            f'{path} cannot be read: {type(err).__name__}',
            'see what glance-metadata-file says',
        ) from err


def parse(text: str) -> list[Mapping[str, Any]] | None:
    """The entries, None if it is not what Glance takes."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    entries = found if isinstance(found, list) else [found]
    if not entries or not all(isinstance(entry, dict) for entry in entries):
        return None
    return entries


def read_stores(configuration: Configuration) -> list[FileStore]:
    """The file stores, of ``enabled_backends`` or of the one store of before."""
    backends = configuration.get('enabled_backends')
    default = configuration.get('default_backend', _LEGACY)
    if backends:
        names = [name for name, kind in backends.items() if kind == 'file']
    else:
        listed = configuration.get('stores', _LEGACY)
        names = [_LEGACY] if 'file' in listed else []
        default = _LEGACY
    found = []
    for name in names:
        configuration.register(name, options.FILE_STORE)
        found.append(FileStore(configuration, name, name == default))
    return found
