"""The FlexVols of the cluster: made, changed and deleted while it runs.

What differs from the topology is kept over restarts.
"""

import dataclasses
import datetime
import shutil
import threading
import uuid as uuids
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ontap_simulator.disk.directory import Directory
from ontap_simulator.errors.common import DuplicateError
from ontap_simulator.models.nodes import Aggregate
from ontap_simulator.models.state import State
from ontap_simulator.models.svms import Svm
from ontap_simulator.models.volumes import FlexVol
from ontap_simulator.records import Record

_KEY = 'flexvols'
_KEPT = (
    'name',
    'size',
    'junction_path',
    'state',
    'kind',
    'created',
    'properties',
)


@dataclasses.dataclass(frozen=True)
class Disks:
    """Where the directories of FlexVols are."""

    data_dir: Path

    def directory(self, svm: str, volume: str) -> Directory:
        """The directory of a FlexVol, made if it is not there."""
        return Directory(self._root(svm, volume), self.data_dir / 'scratch')

    def move(self, svm: str, volume: str, to: str) -> Directory:
        """The same directory under a new name."""
        self._root(svm, volume).rename(self._root(svm, to))
        return self.directory(svm, to)

    def delete(self, svm: str, volume: str) -> None:
        """Delete the directory with all its files."""
        shutil.rmtree(self._root(svm, volume), ignore_errors=True)

    def _root(self, svm: str, volume: str) -> Path:
        return self.data_dir / 'volumes' / svm / volume


class FlexVols:
    """Every FlexVol. One can be added or deleted while others iterate."""

    def __init__(
        self,
        state: State,
        disks: Disks,
        configured: list[FlexVol],
        svms: list[Svm],
        aggregates: list[Aggregate],
    ) -> None:
        self._state = state
        self._disks = disks
        self._lock = threading.RLock()
        self._aggregates = {aggregate.name: aggregate for aggregate in aggregates}
        self._first = list(configured)
        self._configured = {v.uuid: self._fields(v) for v in configured}
        self._volumes = list(configured)
        self._changed: Callable[[], None] = lambda: None
        self._each: Callable[[FlexVol], None] = lambda volume: None
        self._restore(state.load(_KEY), svms)

    def __iter__(self) -> Iterator[FlexVol]:
        return iter(list(self._volumes))

    def watch(
        self, changed: Callable[[], None], each: Callable[[FlexVol], None]
    ) -> None:
        """Tell others.

        :param changed: called after each change of what is exported
        :param each: called for each FlexVol that there is, and that is made
        """
        self._changed, self._each = changed, each
        for volume in self:
            each(volume)

    def create(
        self,
        svm: Svm,
        aggregate: Aggregate,
        name: str,
        size: int,
        *,
        identifier: str | None = None,
        **fields: Any,
    ) -> FlexVol:
        """Make an empty one.

        :raises DuplicateError: the SVM has one of that name, or at that path
        """
        with self._lock:
            self.check(svm, name, fields.get('junction_path'))
            volume = FlexVol(
                name=name,
                uuid=identifier or str(uuids.uuid4()),
                svm=svm,
                size=size,
                aggregate=aggregate,
                files=self._disks.directory(svm.name, name),
                created=_now(),
                **{'junction_path': None, **fields},
            )
            self._volumes = [*self._volumes, volume]
            self._save()
        self._each(volume)
        self._changed()
        return volume

    def change(self, volume: FlexVol, **fields: Any) -> None:
        """Set its name, size, junction path, state or properties.

        :raises DuplicateError: the name or the path is in use
        """
        with self._lock:
            name = fields.get('name', volume.name)
            if name != volume.name:
                self._check_name(volume.svm, name)
            path = fields.get('junction_path', volume.junction_path)
            if path != volume.junction_path:
                self._check_junction(volume.svm, path)
            if name != volume.name:
                files = self._disks.move(volume.svm.name, volume.name, name)
                files.snapshot = volume.files.snapshot
                volume.files = files
            self._set(volume, fields)
            self._save()
        self._changed()

    def delete(self, volume: FlexVol) -> None:
        """Delete it with everything in it."""
        with self._lock:
            self._volumes = [v for v in self._volumes if v is not volume]
            self._save()
        self._disks.delete(volume.svm.name, volume.name)
        self._changed()

    def reset(self) -> None:
        """Have no other FlexVols than those of the topology, as it has them."""
        for volume in self:
            if volume.uuid not in self._configured:
                self.delete(volume)
            elif self._difference(volume):
                self.change(volume, **self._configured[volume.uuid])
        for volume in self._first:
            if volume not in self._volumes:
                self._set(volume, self._configured[volume.uuid])
                self._disks.directory(volume.svm.name, volume.name)
        with self._lock:
            self._volumes = list(self._first)
            self._save()
        self._changed()

    def _restore(self, stored: Record, svms: list[Svm]) -> None:
        deleted = set(stored.get('deleted', ()))
        self._volumes = [v for v in self._volumes if v.uuid not in deleted]
        for volume in self._volumes:
            self._set(volume, stored.get('changed', {}).get(volume.uuid, {}))
            volume.files = self._disks.directory(volume.svm.name, volume.name)
        by_svm = {svm.name: svm for svm in svms}
        for identifier, fields in stored.get('made', {}).items():
            made = dict(fields)
            svm, aggregate = made.pop('svm'), made.pop('aggregate')
            # The topology may have lost what it was on.
            if svm in by_svm and aggregate in self._aggregates:
                files = self._disks.directory(svm, made['name'])
                self._volumes.append(
                    FlexVol(
                        uuid=identifier,
                        svm=by_svm[svm],
                        aggregate=self._aggregates[aggregate],
                        files=files,
                        **made,
                    )
                )

    def _save(self) -> None:
        there = {volume.uuid: volume for volume in self._volumes}
        self._state.save(
            _KEY,
            {
                'deleted': [u for u in self._configured if u not in there],
                'changed': {
                    identifier: self._difference(volume)
                    for identifier, volume in there.items()
                    if identifier in self._configured and self._difference(volume)
                },
                'made': {
                    identifier: {
                        **self._fields(volume),
                        'svm': volume.svm.name,
                    }
                    for identifier, volume in there.items()
                    if identifier not in self._configured
                },
            },
        )

    def _difference(self, volume: FlexVol) -> Mapping[str, Any]:
        configured = self._configured[volume.uuid]
        return {k: v for k, v in self._fields(volume).items() if v != configured[k]}

    @staticmethod
    def _fields(volume: FlexVol) -> dict[str, Any]:
        kept = {name: getattr(volume, name) for name in _KEPT}
        return {**kept, 'aggregate': volume.aggregate.name}

    def _set(self, volume: FlexVol, fields: Mapping[str, Any]) -> None:
        for key, value in fields.items():
            known = key == 'aggregate' and self._aggregates.get(value)
            setattr(volume, key, known or value)

    def check(self, svm: Svm, name: str, junction_path: str | None) -> None:
        """Refuse a name or a junction path that is in use.

        :raises DuplicateError: it is
        """
        self._check_name(svm, name)
        self._check_junction(svm, junction_path)

    def _check_name(self, svm: Svm, name: str) -> None:
        if any(v.svm == svm and v.name == name for v in self._volumes):
            raise DuplicateError(f'Volume "{name}" exists in the SVM "{svm.name}".')

    def _check_junction(self, svm: Svm, path: str | None) -> None:
        if path and any(v.svm == svm and v.junction_path == path for v in self):
            raise DuplicateError(f'A volume is mounted at "{path}" already.')


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec='seconds')
