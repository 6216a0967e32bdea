"""File copies: jobs that move blocks from one FlexVol to another.

A copy takes as long as its allocated bytes at the throughput that is set. The
destination is there from the start and grows as the blocks arrive; the blocks
are shared extents where the file system can do that, so that a copy of many
gigabytes costs nothing here and half a copy is really half a file.
"""

import dataclasses
import errno
import os
import threading
from collections.abc import Callable

from eic_plugins.simulator import reflink
from eic_plugins.simulator.exceptions import CopyLimitError, FileError, OntapError
from eic_plugins.simulator.faults import Faults
from eic_plugins.simulator.models.clock import Clock
from eic_plugins.simulator.models.files import check_not_full, file_errors
from eic_plugins.simulator.models.jobs import Job
from eic_plugins.simulator.models.settings import Settings
from eic_plugins.simulator.models.volumes import FlexVol

_TICK = 0.02


@dataclasses.dataclass(frozen=True)
class FileRef:
    """A file on a FlexVol."""

    volume: FlexVol
    path: str


@dataclasses.dataclass(frozen=True)
class Pair:
    """One file to copy."""

    source: FileRef
    destination: FileRef


@dataclasses.dataclass
class CopyTotals:
    """What the copies add up to."""

    started: int = 0
    finished: int = 0
    failed: int = 0
    running: int = 0
    peak: int = 0
    bytes: int = 0


class SourceChangedError(OntapError):
    """The source was written to, replaced or deleted during the copy."""

    code = '131142'  # 131072 + ESTALE

    def __init__(self, path: str) -> None:
        super().__init__(f'The source file {path} changed during the copy.')


class Copies:
    """The file copies of the cluster."""

    def __init__(self, settings: Settings, faults: Faults, clock: Clock) -> None:
        self._settings = settings
        self._faults = faults
        self._clock = clock
        self._lock = threading.Lock()
        self.totals = CopyTotals()

    def reserve(self, number: int) -> None:
        """Take places for copies.

        :raises CopyLimitError: there are not as many
        """
        with self._lock:
            totals = self.totals
            if totals.running + number > self._settings.copy_limit:
                raise CopyLimitError(self._settings.copy_limit)
            totals.running += number
            totals.started += number
            totals.peak = max(totals.peak, totals.running)

    def work(self, pairs: list[Pair], most: int) -> Callable[[Job], None]:
        """The work of a job whose places are reserved.

        :param most: bytes per second that the request allows; 0: any
        """
        def run(job: Job) -> None:
            left = len(pairs)
            try:
                for pair in pairs:
                    self._copy(job, pair, most)
                    left -= 1
                    self._release(1, failed=False)
            finally:
                self._release(left, failed=True)
        return run

    def release(self, number: int) -> None:
        """Give back places whose work will never run."""
        self._release(number, failed=True)

    def reset_totals(self) -> None:
        """Forget what was counted; running copies go on."""
        with self._lock:
            running = self.totals.running
            self.totals = CopyTotals(running=running, peak=running)

    def _release(self, number: int, failed: bool) -> None:
        with self._lock:
            self.totals.running -= number
            if failed:
                self.totals.failed += number
            else:
                self.totals.finished += number

    def _copy(self, job: Job, pair: Pair, most: int) -> None:
        source, destination = pair.source, pair.destination
        with (file_errors(source.path),
              source.volume.directory.snapshot(source.path) as frozen):
            watch = _SourceWatch(source)
            self._check_space(destination, reflink.allocated(frozen))
            with (file_errors(destination.path),
                  destination.volume.directory.create(
                      destination.path, os.fstat(frozen)) as target):
                self._move(job, watch, frozen, target, most)

    def _check_space(self, destination: FileRef, needed: int) -> None:
        with file_errors(destination.path):
            check_not_full(self._faults, destination.volume)
        if needed > destination.volume.available():
            raise FileError(errno.ENOSPC, destination.path)

    def _move(self, job: Job, watch: '_SourceWatch', frozen: int, target: int,
              most: int) -> None:
        size = os.fstat(frozen).st_size
        total = sum(end - start
                    for start, end in reflink.data_segments(frozen, 0, size))
        pace = _Pace(self._settings, self._clock, most)
        moved = 0
        for start, end in reflink.data_segments(frozen, 0, size):
            at = start
            while at < end:
                step = pace.step(job, end - at, last=end == size)
                watch.check_present()
                if step:
                    os.ftruncate(target, at + step)
                    reflink.clone_range(frozen, target, at, at + step)
                    at, moved = at + step, moved + step
                    self._count(step)
                    job.message = f'{moved} of {total} bytes copied'
        os.ftruncate(target, size)
        watch.check_unchanged()

    def _count(self, number: int) -> None:
        with self._lock:
            self.totals.bytes += number


class _Pace:
    """How many bytes may move by now."""

    def __init__(self, settings: Settings, clock: Clock, most: int) -> None:
        self._settings = settings
        self._clock = clock
        self._most = most
        self._last = clock.monotonic()
        self._allowed = 0.0

    def step(self, job: Job, left: int, last: bool) -> int:
        """Wait a moment, then say how many bytes to move.

        :param last: the bytes end where the file ends, not on a block
        """
        rate = self._rate()
        if not rate:
            job.check_cancelled()
            return left
        job.cancelled.wait(_TICK)
        job.check_cancelled()
        now = self._clock.monotonic()
        self._allowed += rate * (now - self._last)
        self._last = now
        if self._allowed >= left and last:
            step = left
        else:
            allowed = min(int(self._allowed), left)
            step = allowed - allowed % reflink.BLOCK
        self._allowed -= step
        return step

    def _rate(self) -> int:
        rates = [r for r in (self._settings.copy_throughput, self._most) if r]
        return min(rates, default=0)


class _SourceWatch:
    """Notices when the source of a copy is not what it was.

    While the copy runs, all of the source's extents are shared with a frozen
    clone, so that whatever is written to it gets a new place on the disk: that
    tells writing from touching. Where extents are not known, the modification
    time decides.
    """

    def __init__(self, source: FileRef) -> None:
        self._source = source
        self._inode = self._stat().st_ino
        self._content = self._fingerprint()

    def check_present(self) -> None:
        """
        :raises SourceChangedError: another file, or none, has the name now
        """
        try:
            same = self._stat().st_ino == self._inode
        except OSError:
            same = False
        if not same:
            raise SourceChangedError(self._source.path)

    def check_unchanged(self) -> None:
        """
        :raises SourceChangedError: the content is not the same any more
        """
        self.check_present()
        if self._fingerprint() != self._content:
            raise SourceChangedError(self._source.path)

    def _stat(self) -> os.stat_result:
        return self._source.volume.directory.stat(self._source.path)

    def _fingerprint(self) -> object:
        with self._source.volume.directory.open(self._source.path) as file:
            found = os.fstat(file)
            extents = reflink.extents(file, flush=True)
            if not extents or any(not e.shared for e in extents):
                return found.st_size, found.st_mtime_ns
            return found.st_size, extents
