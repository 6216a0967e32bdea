"""Snapshots of FlexVols: a second tree of files that share their blocks.

They count nothing as used space. They are kept over restarts.
"""

import dataclasses
import datetime
import shutil
import threading
import uuid as uuids
from collections.abc import Iterable
from pathlib import Path

from ontap_simulator.disk.directory import Directory
from ontap_simulator.disk.tree import clone_tree
from ontap_simulator.errors.common import NoSuchEntryError, OntapError
from ontap_simulator.models.block import BlockObject
from ontap_simulator.models.state import State
from ontap_simulator.models.volumes import FlexVol
from ontap_simulator.records import Record, link

_KEY = 'snapshots'
_EXISTS = '1638461'
_BUSY = '1638555'
CHANGEABLE = ('name', 'comment', 'expiry_time', 'snapmirror_label')


class SnapshotError(OntapError):
    """A snapshot cannot be made, renamed or deleted."""


class Snapshots:
    """The snapshots of all FlexVols."""

    def __init__(self, state: State, data_dir: Path) -> None:
        self._state = state
        self._root = data_dir / 'snapshots'
        self._scratch = data_dir / 'scratch'
        self._lock = threading.RLock()
        self._records: dict[str, Record] = state.load(_KEY)

    def of(self, volume: FlexVol) -> list[Record]:
        """The snapshots of a FlexVol, the oldest first."""
        with self._lock:
            return [
                self._shown(found, volume)
                for found in self._records.values()
                if found['volume'] == volume.uuid
            ]

    def get(self, volume: FlexVol, identifier: str) -> Record:
        """One of them, by its UUID.

        :raises NoSuchEntryError: there is none
        """
        for found in self.of(volume):
            if found['uuid'] == identifier:
                return found
        raise NoSuchEntryError('snapshot.uuid')

    def named(self, volume: FlexVol, name: str) -> Record:
        """One of them, by its name.

        :raises NoSuchEntryError: there is none
        """
        for found in self.of(volume):
            if found['name'] == name:
                return found
        raise NoSuchEntryError('snapshot.name')

    def create(
        self,
        volume: FlexVol,
        name: str,
        body: Record,
        block: Iterable[BlockObject],
        identifier: str | None = None,
    ) -> Record:
        """Keep the files of a FlexVol as they are now.

        :param block: its LUNs and namespaces
        :raises SnapshotError: there is one of that name
        """
        identifier = identifier or str(uuids.uuid4())
        with self._lock:
            self.check_free(volume, name)
            target = self._path(volume, identifier)
            target.mkdir(parents=True)
            clone_tree(volume.directory.root, target)
            self._records[identifier] = {
                **{key: body[key] for key in CHANGEABLE if key in body},
                'uuid': identifier,
                'name': name,
                'volume': volume.uuid,
                'create_time': _now(),
                'block': [dataclasses.asdict(found) for found in block],
            }
            self._save()
        return self.get(volume, identifier)

    def change(self, volume: FlexVol, identifier: str, changes: Record) -> None:
        """Rename it, or set what else it is called."""
        with self._lock:
            old = self.get(volume, identifier)['name']
            if changes.get('name', old) != old:
                self.check_free(volume, changes['name'])
            self._records[identifier] |= {
                key: changes[key] for key in CHANGEABLE if key in changes
            }
            self._save()

    def delete(self, volume: FlexVol, identifier: str) -> None:
        """Delete it.

        :raises SnapshotError: a FlexClone of it is there
        """
        with self._lock:
            if self.get(volume, identifier).get('owners'):
                raise SnapshotError(
                    'The snapshot has not expired or is locked: it is busy.',
                    code=_BUSY,
                )
            self._forget(identifier)

    def restore(self, volume: FlexVol, identifier: str) -> list[BlockObject]:
        """Give a FlexVol the files that it had; its LUNs and namespaces then."""
        self.get(volume, identifier)
        volume.directory.clear()
        clone_tree(self._path(volume, identifier), volume.files.root)
        return self.block(identifier)

    def block(self, identifier: str) -> list[BlockObject]:
        """The LUNs and namespaces that a snapshot has."""
        return [BlockObject(**found) for found in self._records[identifier]['block']]

    def directory(self, volume: FlexVol, identifier: str) -> Directory:
        """The files of a snapshot; nobody writes there."""
        return Directory(self._path(volume, identifier), self._scratch)

    def attach(self, volume: FlexVol) -> None:
        """Let a FlexVol's files be read as they were, below ``.snapshot``."""

        def root(name: str) -> Path | None:
            for found in self.of(volume):
                if found['name'] == name:
                    return self._path(volume, found['uuid'])
            return None

        volume.files.snapshot = root

    def hold(self, identifier: str, owner: str, held: bool) -> None:
        """Note that a FlexClone needs a snapshot, or does not any more."""
        with self._lock:
            found = self._records.get(identifier)
            if found is not None:
                owners = set(found.get('owners', ())) - {owner}
                found['owners'] = sorted(owners | ({owner} if held else set()))
                self._save()

    def forget(self, volume: FlexVol) -> None:
        """Delete all snapshots of a FlexVol, which is being deleted."""
        with self._lock:
            for found in self.of(volume):
                self._forget(found['uuid'])
        shutil.rmtree(self._root / volume.uuid, ignore_errors=True)

    def clear(self) -> None:
        """Delete all snapshots."""
        with self._lock:
            self._records = {}
            self._save()
        shutil.rmtree(self._root, ignore_errors=True)

    def _forget(self, identifier: str) -> None:
        found = self._records.pop(identifier)
        shutil.rmtree(self._root / found['volume'] / identifier, ignore_errors=True)
        self._save()

    def check_free(self, volume: FlexVol, name: str) -> None:
        """Refuse a name that is in use.

        :raises SnapshotError: it is
        """
        if any(found['name'] == name for found in self.of(volume)):
            raise SnapshotError(
                f'Snapshot "{name}" exists in the volume "{volume.name}".',
                code=_EXISTS,
                status=409,
                target='name',
            )

    def _shown(self, found: Record, volume: FlexVol) -> Record:
        path = f'/storage/volumes/{volume.uuid}/snapshots/{found["uuid"]}'
        owners = ['volume_clone'] if found.get('owners') else []
        shown = {
            key: value
            for key, value in found.items()
            if key not in {'block', 'volume', 'owners'}
        }
        return {
            'comment': '',
            'state': 'valid',
            'size': 0,
            'logical_size': 0,
            **shown,
            **({'owners': owners} if owners else {}),
            'volume': volume.reference(),
            'svm': volume.svm.reference(),
            '_links': link(path),
        }

    def _path(self, volume: FlexVol, identifier: str) -> Path:
        return self._root / volume.uuid / identifier

    def _save(self) -> None:
        self._state.save(_KEY, self._records)


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec='seconds')
