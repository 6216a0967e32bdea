"""Scans of a FlexVol's data for what is twice: they take time and change nothing."""

import dataclasses
import datetime

from ontap_simulator.models.clock import Clock
from ontap_simulator.models.settings import Settings
from ontap_simulator.records import Record

_PERCENT = 100
_KIB = 1024


@dataclasses.dataclass(frozen=True)
class _Scan:
    begun: float
    size: int
    old: bool
    ended: float | None = None
    stopped: bool = False


class EfficiencyScans:
    """The last scan of each FlexVol; they are forgotten at a restart."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._scans: dict[str, _Scan] = {}

    def start(self, volume: str, size: int, old: bool) -> None:
        """Begin one, unless one runs; ``old`` if it reads what was there before.

        :param size: bytes to be read
        """
        if not self._running(volume):
            self._scans[volume] = _Scan(self._clock.time(), size, old)

    def stop(self, volume: str) -> None:
        """End one before it has read all."""
        scan = self._last(volume)
        if scan and scan.ended is None:
            self._scans[volume] = dataclasses.replace(
                scan, ended=self._clock.time(), stopped=True
            )

    def clear(self) -> None:
        """Forget them."""
        self._scans.clear()

    def record(self, volume: str) -> Record:
        """Their part of ``efficiency``, as ``/storage/volumes`` shows it."""
        scan = self._last(volume)
        if scan is None:
            return {
                'op_state': 'idle',
                'progress': 'Idle for 00:00:00',
                'scanner': {'state': 'idle', 'scan_old_data': False},
            }
        if scan.ended is None:
            return self._active(scan)
        return self._idle(scan, scan.ended)

    def _active(self, scan: _Scan) -> Record:
        read = self._read(scan)
        percent = read * _PERCENT // scan.size if scan.size else 0
        return {
            'op_state': 'active',
            'progress': f'{read // _KIB} KB ({percent}%) Done',
            'scanner': {'state': 'active', 'scan_old_data': scan.old, 'dedupe': True},
            'last_op_begin': _date(scan.begun),
        }

    def _idle(self, scan: _Scan, ended: float) -> Record:
        idle = datetime.timedelta(seconds=int(self._clock.time() - ended))
        return {
            'op_state': 'idle',
            'progress': f'Idle for {idle!s:0>8}',
            'scanner': {'state': 'idle', 'scan_old_data': False},
            'last_op_begin': _date(scan.begun),
            'last_op_end': _date(ended),
            'last_op_size': scan.size,
            'last_op_state': 'Failure' if scan.stopped else 'Success',
            'last_op_err': 'Operation was stopped' if scan.stopped else '-',
        }

    def _last(self, volume: str) -> _Scan | None:
        scan = self._scans.get(volume)
        if scan and scan.ended is None:
            end = scan.begun + self._seconds(scan)
            if self._clock.time() >= end:
                scan = self._scans[volume] = dataclasses.replace(scan, ended=end)
        return scan

    def _running(self, volume: str) -> bool:
        scan = self._last(volume)
        return scan is not None and scan.ended is None

    def _seconds(self, scan: _Scan) -> float:
        throughput = self._settings.scan_throughput
        return scan.size / throughput if throughput else 0.0

    def _read(self, scan: _Scan) -> int:
        passed = self._clock.time() - scan.begun
        return min(scan.size, int(passed * self._settings.scan_throughput))


def _date(seconds: float) -> str:
    """As the CLI writes it; the reference gives the fields no format."""
    when = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return when.strftime('%a %b %d %H:%M:%S %Y')
