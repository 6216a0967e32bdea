"""What the files of a FlexVol take on the disk."""

import threading

from ontap_simulator.disk import fiemap
from ontap_simulator.disk.directory import Directory

_counting = threading.Lock()


def footprint(directory: Directory) -> tuple[int, int]:
    """The bytes that files take on the disk together, and one by one."""
    # One at a time: it reads every file's extents.
    with _counting:
        placed: list[tuple[int, int]] = []
        total = 0
        for file in directory.files():
            extents = fiemap.extents(file)
            if extents is None:
                total += fiemap.allocated(file)
                continue
            for extent in extents:
                if extent.physical < 0:
                    total += extent.length
                else:
                    placed.append((extent.physical, extent.physical + extent.length))
        return (
            total + _union(placed),
            total + sum(end - start for start, end in placed),
        )


def _union(ranges: list[tuple[int, int]]) -> int:
    total = 0
    reached = 0
    for start, end in sorted(ranges):
        if end > reached:
            total += end - max(start, reached)
            reached = end
    return total
