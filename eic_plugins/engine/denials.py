"""Remembers what a backend's role on ONTAP does not allow.

When ONTAP has forbidden a call of a route, the route is not tried for five minutes. So
one volume finds out, and the others do not download an image in vain.
"""

from collections.abc import Iterable

from eic_plugins.model import Refusal
from eic_plugins.support.clock import SYSTEM, Clock
from eic_plugins.support.memory import Memory

SECONDS = 300.0
IMAGE_FILES = 'image files'
"""In place of a route: LUNs are not made of image files, by whatever route."""


class Denials:
    """The routes of one backend that were forbidden lately."""

    def __init__(self, clock: Clock = SYSTEM) -> None:
        self._refusals: Memory[str, Refusal] = Memory(SECONDS, clock=clock)

    def add(self, routes: Iterable[str], refusal: Refusal) -> None:
        """Leave these routes, or image files, out from now on."""
        for route in routes:
            self._refusals.put(route, refusal)

    def find(self, route: str) -> Refusal | None:
        """Why that is to be left out, None if it may be tried."""
        return self._refusals.get(route)
