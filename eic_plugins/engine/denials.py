"""Remembers what a backend's role on ONTAP does not allow.

A route whose call ONTAP has forbidden is not tried for five minutes: at most one
volume finds it out, and not each one by a download in vain.
"""

import time
from collections.abc import Callable, Iterable

from eic_plugins.model import Refusal

SECONDS = 300.0


class Denials:
    """The routes of one backend that were forbidden lately."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, tuple[float, Refusal]] = {}

    def add(self, routes: Iterable[str], refusal: Refusal) -> None:
        """Leave these routes out from now on."""
        until = self._clock() + SECONDS
        self._known.update(dict.fromkeys(routes, (until, refusal)))

    def find(self, route: str) -> Refusal | None:
        """Why a route is to be left out, None if it may be tried."""
        until, refusal = self._known.get(route, (0.0, None))
        return refusal if self._clock() < until else None
