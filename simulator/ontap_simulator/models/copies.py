"""File and LUN copies: jobs that move blocks from one FlexVol to another.

The time of a copy is its allocated bytes divided by the throughput that is set.
The destination is there from the start and grows as the blocks arrive, so half a
copy is really half a file. Where the file system can share extents, the blocks
are shared: a copy of many gigabytes takes no room here.
"""

import collections
import contextlib
import dataclasses
import errno
import os
import threading
from collections.abc import Callable

from ontap_simulator.disk import fiemap, reflink
from ontap_simulator.errors.files import CopyLimitError, FileError
from ontap_simulator.faults import Faults
from ontap_simulator.models.clock import Clock
from ontap_simulator.models.files import check_not_full, file_errors
from ontap_simulator.models.jobs import Job
from ontap_simulator.models.pace import Pace
from ontap_simulator.models.settings import Settings
from ontap_simulator.models.source_watch import FileRef, SourceWatch


@dataclasses.dataclass(frozen=True)
class Pair:
    """One file to copy.

    The file of a LUN is there already, with nothing in it. The source of a LUN may
    be written to: the copy has the data of the moment when it began.
    """

    source: FileRef
    destination: FileRef
    is_lun: bool = False


@dataclasses.dataclass
class CopyTotals:
    """What the copies of files, or of LUNs, add up to."""

    started: int = 0
    finished: int = 0
    failed: int = 0
    running: int = 0


class Copies:
    """The copies of the cluster: files and LUNs share one limit."""

    def __init__(self, settings: Settings, faults: Faults, clock: Clock) -> None:
        self._settings = settings
        self._faults = faults
        self._clock = clock
        self._lock = threading.Lock()
        self.files = CopyTotals()
        self.luns = CopyTotals()
        self.peak = 0
        self.bytes = 0
        self._begun: collections.Counter[str] = collections.Counter()

    def reserve(self, number: int, *, luns: bool = False) -> None:
        """Take places for copies.

        :raises CopyLimitError: there are not as many
        """
        with self._lock:
            running = self.files.running + self.luns.running + number
            if running > self._settings.copy_limit:
                raise CopyLimitError(self._settings.copy_limit)
            totals = self.luns if luns else self.files
            totals.running += number
            totals.started += number
            self.peak = max(self.peak, running)

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
                    self._release(1, pair.is_lun, failed=False)
            finally:
                self._release(left, pairs[0].is_lun, failed=True)

        return run

    def release(self, number: int, *, luns: bool = False) -> None:
        """Give back places whose work will never run."""
        self._release(number, luns, failed=True)

    def reset_totals(self) -> None:
        """Forget what was counted; running copies go on."""
        with self._lock:
            self.files = CopyTotals(running=self.files.running)
            self.luns = CopyTotals(running=self.luns.running)
            self.peak = self.files.running + self.luns.running
            self.bytes = 0
            self._begun.clear()

    def begun_by_volume(self) -> dict[str, int]:
        """How many copies began, by their destination's SVM/FlexVol."""
        with self._lock:
            return dict(self._begun)

    def _release(self, number: int, luns: bool, failed: bool) -> None:
        with self._lock:
            totals = self.luns if luns else self.files
            totals.running -= number
            if failed:
                totals.failed += number
            else:
                totals.finished += number

    def _copy(self, job: Job, pair: Pair, most: int) -> None:
        source, destination = pair.source, pair.destination
        with self._lock:
            volume = destination.volume
            self._begun[f'{volume.svm.name}/{volume.name}'] += 1
        with (
            file_errors(source.path),
            source.volume.directory.frozen(source.path) as frozen,
        ):
            watch = SourceWatch(source, pair.is_lun)
            self._check_space(destination, fiemap.allocated(frozen))
            # This reads the clock, so it comes before the destination is there: a
            # test that waits for the destination may then set the clock.
            pace = Pace(self._settings, self._clock, most)
            with file_errors(destination.path), _target(pair, frozen) as target:
                self._move(job, watch, frozen, target, pace)

    def _check_space(self, destination: FileRef, needed: int) -> None:
        with file_errors(destination.path):
            check_not_full(self._faults, destination.volume)
        if needed > destination.volume.available():
            raise FileError(errno.ENOSPC, destination.path)

    def _move(
        self, job: Job, watch: SourceWatch, frozen: int, target: int, pace: 'Pace'
    ) -> None:
        size = os.fstat(frozen).st_size
        total = sum(
            end - start for start, end in reflink.data_segments(frozen, 0, size)
        )
        job.total = total
        for start, end in reflink.data_segments(frozen, 0, size):
            at = start
            while at < end:
                step = pace.step(job, end - at, last=end == size)
                watch.check_present()
                if step:
                    if os.fstat(target).st_size < at + step:
                        os.ftruncate(target, at + step)
                    reflink.clone_range(frozen, target, at, at + step)
                    at += step
                    job.moved += step
                    self._count(step)
                    job.message = f'{job.moved} of {total} bytes copied'
        os.ftruncate(target, size)
        watch.check_unchanged()

    def _count(self, number: int) -> None:
        with self._lock:
            self.bytes += number


def _target(pair: Pair, like: int) -> contextlib.AbstractContextManager[int]:
    directory, path = pair.destination.volume.directory, pair.destination.path
    if pair.is_lun:
        return directory.writable(path)
    return directory.create(path, os.fstat(like))
