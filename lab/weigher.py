"""Runs cinder-scheduler as released: without EIC's weigher."""

import contextlib
from collections.abc import Iterator

from lab import cinder, cinder_ready, cinder_services
from lab.context import Lab

NAME = 'EICImageLocalityWeigher'


@contextlib.contextmanager
def left_out(lab: Lab) -> Iterator[None]:
    """Run cinder-scheduler without EIC's weigher until the context ends."""
    path = cinder.common_config(lab)
    before = path.read_text()
    path.write_text(before.replace(f',{NAME}', ''))
    try:
        _restart(lab)
        yield
    finally:
        path.write_text(before)
        _restart(lab)


def _restart(lab: Lab) -> None:
    lab.processes.stop(cinder.SCHEDULER)
    cinder_services.start_scheduler(lab)
    cinder_ready.wait_for_pools(lab)
