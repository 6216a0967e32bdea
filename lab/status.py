"""`status`: which services run, and where their logs are."""

import time

from lab import guest_support, members
from lab.context import Lab

_SOME_DOWN = 3


def show(lab: Lab) -> int:
    """Print a line for each service; 0 if all run."""
    down = [name for name in members.of(lab) if not _show(lab, name)]
    if reason := guest_support.left_out(lab):
        print(f'No hosts with real guests: {reason}')
    if down:
        print('Not all of the lab runs: `make lab` starts what is missing.')
    return _SOME_DOWN if down else 0


def _show(lab: Lab, name: str) -> bool:
    record = lab.processes.record(name)
    if record is None or not record.alive():
        print(f'  down   {name:<24} {lab.paths.log(name)}')
        return False
    minutes = (time.time() - record.started_at) / 60
    print(f'  up     {name:<24} pid {record.pid:<8} {minutes:7.1f} min')
    return True
