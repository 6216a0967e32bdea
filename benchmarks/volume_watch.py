"""Sees when volumes are made without taking part in what is measured.

A list of a thousand volumes costs cinder-api a second of CPU that the volumes would
then wait for. So Cinder's table is read, which is where its API has the status from.
"""

import contextlib
import time
from collections.abc import Callable, Iterator

import sqlalchemy

from benchmarks import tables
from lab.context import Lab
from lab.waiting import wait_until

_LOOK_SECONDS = 0.2
_MADE = sqlalchemy.text(
    'SELECT id, status FROM volumes WHERE deleted = 0 AND display_name = :name '
    "AND status NOT IN ('creating', 'downloading')"
)

Ended = dict[str, tuple[str, float]]
"""By the volume's id its status, and when it was first seen (monotonic seconds)."""


class VolumeWatch:
    """Volumes of one name, in Cinder's database.

    :param on_look: called with each look
    """

    def __init__(
        self,
        connection: sqlalchemy.Connection,
        name: str,
        on_look: Callable[[], object],
    ) -> None:
        self._connection = connection
        self._name = name
        self._on_look = on_look
        self.ended: Ended = {}

    def until(self, count: int, seconds: float) -> Ended:
        """Wait for so many volumes to be made, or to be in error.

        :raises LabError: some are not in time
        """
        wait_until(
            lambda: self._look() >= count,
            lambda: f'{count - len(self.ended)} of {count} volumes',
            seconds,
            every=_LOOK_SECONDS,
        )
        return self.ended

    def _look(self) -> int:
        rows = self._connection.execute(_MADE, {'name': self._name}).all()
        now = time.monotonic()
        for volume_id, status in rows:
            self.ended.setdefault(volume_id, (status, now))
        self._on_look()
        return len(self.ended)


@contextlib.contextmanager
def watching(
    lab: Lab, name: str, on_look: Callable[[], object] = lambda: None
) -> Iterator[VolumeWatch]:
    """A watch of the volumes of that name, with a connection of its own."""
    with tables.connected(lab, 'cinder') as connection:
        yield VolumeWatch(connection, name, on_look)
