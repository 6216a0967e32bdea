"""The remotes that a filter asks, and how each was last seen in this process.

A remote that fails is left alone for a while, and only for the project that it
failed for. The failure may be that project's doing: nobody can tell.
"""

import dataclasses
import threading
import weakref
from collections.abc import Sequence

from eic_plugins.support.breaker import CircuitBreakers
from eic_plugins.support.clock import SYSTEM, Clock


@dataclasses.dataclass(frozen=True)
class LastSeen:
    """How a remote was last seen: seconds ago, None for never.

    ``left_alone`` is the number of projects for which it is not asked now;
    ``in_order`` is False if it failed a project so often that it was left alone,
    and has answered nobody since.
    """

    remote: str
    answered: float | None = None
    failed: float | None = None
    left_alone: int = 0
    in_order: bool = True

    def __str__(self) -> str:
        if self.answered is None and self.failed is None:
            return f'{self.remote} was not asked yet'
        said = [
            f'{verb} {ago:.0f} s ago'
            for verb, ago in (('answered', self.answered), ('failed', self.failed))
            if ago is not None
        ]
        if self.left_alone:
            said.append(f'not asked now for {self.left_alone} project(s)')
        return f'{self.remote} {", ".join(said)}'


class Remote:
    """One remote: whether it may be asked, and what became of that.

    The parameters are those of :class:`CircuitBreakers`.
    """

    def __init__(
        self,
        name: str,
        effect: str,
        failures: int,
        reset: float,
        clock: Clock = SYSTEM,
    ) -> None:
        self._name = name
        self._clock = clock
        self._breakers = CircuitBreakers(name, effect, failures, reset, clock)
        self._lock = threading.Lock()
        self._answered: float | None = None
        self._failed: float | None = None
        self._failed_for: set[str] = set()
        self._in_order = True

    def may_be_asked(self, owner: str) -> bool:
        """False while it is left alone for ``owner``, a project's id."""
        return self._breakers.of(owner).allows()

    def answered(self, owner: str) -> None:
        """It answered what was asked for ``owner``."""
        self._breakers.of(owner).succeeded()
        with self._lock:
            self._answered = self._clock.monotonic()
            self._in_order = True
            self._failed_for.discard(owner)

    def failed(self, owner: str) -> None:
        """It did not answer ``owner`` as it should."""
        self._breakers.of(owner).failed()
        with self._lock:
            self._failed = self._clock.monotonic()
            self._failed_for = {*self._left_alone(), owner}
            self._in_order = self._in_order and self.may_be_asked(owner)

    def last_seen(self) -> LastSeen:
        """How it was last seen; nobody is asked for that."""
        with self._lock:
            now = self._clock.monotonic()
            return LastSeen(
                self._name,
                None if self._answered is None else now - self._answered,
                None if self._failed is None else now - self._failed,
                len(self._left_alone()),
                self._in_order,
            )

    def _left_alone(self) -> set[str]:
        return {each for each in self._failed_for if not self.may_be_asked(each)}


def _together(seen: Sequence[LastSeen]) -> LastSeen:
    """How one remote was last seen by several filters."""
    answered = min(
        (each.answered for each in seen if each.answered is not None), default=None
    )
    failed = min(
        (each.failed for each in seen if each.failed is not None), default=None
    )
    answered_since = answered is not None and failed is not None and answered < failed
    return LastSeen(
        seen[0].remote,
        answered,
        failed,
        max(each.left_alone for each in seen),
        answered_since or all(each.in_order for each in seen),
    )


class Watched:
    """The remotes of the filters that a process has."""

    def __init__(self) -> None:
        self._remotes: weakref.WeakSet[Remote] = weakref.WeakSet()

    def add(self, *remotes: Remote) -> None:
        """Watch these as long as their filter is there."""
        self._remotes.update(remotes)

    def last_seen(self) -> list[LastSeen]:
        """How each was last seen by any of the filters, by name."""
        all_seen = [remote.last_seen() for remote in list(self._remotes)]
        return [
            _together([seen for seen in all_seen if seen.remote == name])
            for name in sorted({seen.remote for seen in all_seen})
        ]


WATCHED = Watched()
"""Those of this process. paste.deploy loads the filters and the healthcheck one by one,
and hands none of them to another."""
