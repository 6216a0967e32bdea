"""Records that are kept and shown again, and have little or no effect.

What the cluster has of them from the start is in :mod:`kept_seeds`. They are kept
over restarts.
"""

import threading
import uuid as uuids
from collections.abc import Callable, Mapping, Sequence

from ontap_simulator.errors.common import NoSuchEntryError
from ontap_simulator.models.state import State
from ontap_simulator.records import Record

_KEY = 'kept'
Seed = Callable[[], Sequence[Record]]


class KeptCollection:
    """The records of one kind, in the order in which they were made."""

    def __init__(self, records: dict[str, Record], save: Callable[[], None]) -> None:
        self._records = records
        self._save = save
        self._lock = threading.RLock()

    def all(self) -> list[Record]:
        """Every record."""
        with self._lock:
            return list(self._records.values())

    def add(self, record: Record) -> Record:
        """Keep a new record; it gets a UUID if it has none."""
        with self._lock:
            record = {'uuid': str(uuids.uuid4()), **record}
            self._records[record['uuid']] = record
            self._save()
        return record

    def replace(self, record: Record) -> None:
        """Keep a record in place of the one of the same UUID.

        :raises NoSuchEntryError: that one is gone
        """
        with self._lock:
            if record['uuid'] not in self._records:
                raise NoSuchEntryError('uuid')
            self._records[record['uuid']] = record
            self._save()

    def remove(self, which: Callable[[Record], bool]) -> None:
        """Forget every record of which that is true."""
        with self._lock:
            gone = [key for key, found in self._records.items() if which(found)]
            for key in gone:
                del self._records[key]
            if gone:
                self._save()

    def number(self, field: str, first: int = 1) -> int:
        """The next free number in a field."""
        return max((int(found[field]) for found in self.all()), default=first - 1) + 1


class Kept:
    """All records of this sort, by kind."""

    def __init__(self, state: State, seeds: Mapping[str, Seed]) -> None:
        self._state = state
        self._seeds = seeds
        self._lock = threading.RLock()
        self._collections: dict[str, KeptCollection] = {}
        self._records: dict[str, dict[str, Record]] = state.load(_KEY)

    def collection(self, kind: str) -> KeptCollection:
        """The records of a kind."""
        with self._lock:
            if kind not in self._collections:
                self._collections[kind] = self._open(kind)
            return self._collections[kind]

    def clear(self) -> None:
        """Go back to what there was at the start."""
        with self._lock:
            self._records = {}
            self._collections = {}
            self._save()

    def _open(self, kind: str) -> KeptCollection:
        first = kind not in self._records
        records = self._records.setdefault(kind, {})
        collection = KeptCollection(records, self._save)
        if first:
            for record in self._seeds.get(kind, tuple)():
                collection.add(record)
        return collection

    def _save(self) -> None:
        self._state.save(_KEY, self._records)
