"""What is known of things that take a while to list, and change meanwhile.

If a listing simply replaced what is known, it would lose what was added since it
began, and bring back what was removed. So each change is noted for the listings
that are under way, and applied again when they end.
"""

import contextlib
import itertools
import threading
from collections.abc import Callable, Iterable, Iterator


class KnownIds:
    """Ids in the order in which they were noted; safe under threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids: dict[str, None] = {}
        self._frozen: frozenset[str] | None = None
        self._changes: list[dict[str, bool]] = []

    def note(self, each: str, there: bool) -> None:
        """It is there from now on, or is there no longer."""
        with self._lock:
            for changes in self._changes:
                changes.pop(each, None)
                changes[each] = there
            self._put(each, there)

    def all(self) -> list[str]:
        """All of them, the newest last."""
        with self._lock:
            return list(self._ids)

    def newest(self, count: int) -> list[str]:
        """The last ones that were noted, the newest last."""
        with self._lock:
            return [*itertools.islice(reversed(self._ids), count)][::-1]

    def ids(self) -> frozenset[str]:
        """All of them; the same object as long as they are the same."""
        with self._lock:
            if self._frozen is None:
                self._frozen = frozenset(self._ids)
            return self._frozen

    @contextlib.contextmanager
    def listing(self) -> Iterator[Callable[[Iterable[str]], None]]:
        """Begin to list; what is yielded is called with what was found."""
        changes: dict[str, bool] = {}
        with self._lock:
            self._changes.append(changes)
        try:
            yield lambda found: self._replace(dict.fromkeys(found), changes)
        finally:
            with self._lock:
                self._changes = [each for each in self._changes if each is not changes]

    def _replace(self, found: dict[str, None], changes: dict[str, bool]) -> None:
        with self._lock:
            before = self._frozen
            kept = [each for each in self._ids if each in found]
            self._ids = {}
            for each in [*found, *kept]:
                self._put(each, True)
            for each, there in changes.items():
                self._put(each, there)
            self._frozen = before if before == self._ids.keys() else None

    def _put(self, each: str, there: bool) -> None:
        if (each in self._ids) != there:
            self._frozen = None
        self._ids.pop(each, None)
        if there:
            self._ids[each] = None
