"""How much the whole machine has worked."""

import os
from pathlib import Path

_STAT = Path('/proc/stat')
_USER, _NICE, _SYSTEM, _IRQ, _SOFTIRQ = 0, 1, 2, 5, 6


def cpu_seconds() -> float:
    """Of all cores and all processes since boot, without waiting and idling."""
    first = _STAT.read_text().partition('\n')[0].split()[1:]
    ticks = sum(int(first[index]) for index in (_USER, _NICE, _SYSTEM, _IRQ, _SOFTIRQ))
    return ticks / os.sysconf('SC_CLK_TCK')
