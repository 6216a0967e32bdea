"""What was found out, for a while: a cache of cachetools that threads share."""

import threading
from collections.abc import Hashable
from typing import Generic, TypeVar

import cachetools

from eic_plugins.support.clock import SYSTEM, Clock

Key = TypeVar('Key', bound=Hashable)
Value = TypeVar('Value')

MOST = 4096
"""Values that one memory keeps, if it is not told otherwise."""


class Memory(Generic[Key, Value]):
    """Values by key, each for ``seconds``; of too many the least used go first."""

    def __init__(self, seconds: float, most: int = MOST, clock: Clock = SYSTEM) -> None:
        self._lock = threading.Lock()
        self._values: cachetools.TTLCache[Key, Value] = cachetools.TTLCache(
            most, seconds, clock.monotonic
        )

    def get(self, key: Key) -> Value | None:
        """The value, None if there is none, or no longer."""
        with self._lock:
            return self._values.get(key)

    def put(self, key: Key, value: Value) -> None:
        """Keep a value from now on."""
        with self._lock:
            self._values[key] = value

    def forget(self, key: Key) -> None:
        """Keep the value no longer, if there is one."""
        with self._lock:
            self._values.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._values.clear()
