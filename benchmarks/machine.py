"""How much the whole machine has worked."""

import psutil


def cpu_seconds() -> float:
    """Of all cores and all processes since boot, without waiting and idling."""
    spent = psutil.cpu_times()
    return spent.user + spent.nice + spent.system + spent.irq + spent.softirq
