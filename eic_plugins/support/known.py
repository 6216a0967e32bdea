"""What is known of things that take a while to list, and change meanwhile.

If a listing simply replaced what is known, it would lose what was added since it
began, and bring back what was removed. So each change is noted for the listings
that are under way, and applied again when they end.
"""

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator


class KnownIds:
    """Ids in the order in which they were noted; safe under threads.

    :param most: as many are known at once; the oldest are forgotten. None for
        any number
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._ids: dict[str, None] = {}
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
            kept = [each for each in self._ids if each in found]
            self._ids = {}
            for each in [*found, *kept]:
                self._put(each, True)
            for each, there in changes.items():
                self._put(each, there)

    def _put(self, each: str, there: bool) -> None:
        self._ids.pop(each, None)
        if there:
            self._ids[each] = None
        while self._most is not None and len(self._ids) > self._most:
            del self._ids[next(iter(self._ids))]
