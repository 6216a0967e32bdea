"""LUNs that were moved from one FlexVol to another, while ONTAP still shows it.

A move takes no time here: the file gets another directory, and keeps its inode.
"""

import threading

from ontap_simulator.models.block import BlockObject
from ontap_simulator.models.clock import Clock
from ontap_simulator.records import Record

SHOWN_SECONDS = 120.0


class LunMoves:
    """The moves of the last two minutes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._moved: dict[str, tuple[float, str]] = {}

    def note(self, lun: BlockObject, source: str) -> None:
        """Remember that a LUN came from another name."""
        with self._lock:
            self._moved[lun.uuid] = (self._clock.time(), source)

    def record(self, lun: BlockObject) -> Record:
        """``movement`` of a LUN, empty where it was not moved."""
        with self._lock:
            moved, source = self._moved.get(lun.uuid, (0.0, ''))
        if moved + SHOWN_SECONDS < self._clock.time():
            return {}
        return {
            'paths': {'source': source, 'destination': lun.name},
            'progress': {
                'state': 'complete',
                'elapsed': 0,
                'percent_complete': 100,
                'volume_snapshot_blocked': False,
            },
        }
