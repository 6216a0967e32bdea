"""Threads of the operating system, under eventlet too.

cinder-volume, and cinder-api as a console script, put eventlet's greenthreads in
the place of threads: a call into C that takes seconds (the resolver, a hash)
stops all of them. Such a call runs here in a thread of the operating system,
and who waits for it lets the others go on.
"""

import importlib
import sys
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any, Generic, TypeVar

Made = TypeVar('Made')

_PAUSES = (0.0005, 0.02)
"""Seconds between two looks, the first and the longest."""


class Call(Generic[Made]):
    """A function that runs in a native thread of its own from now on.

    It must use no lock or socket that greenthreads use, and no log.
    """

    def __init__(self, function: Callable[..., Made], *arguments: Any) -> None:
        self._function = function
        self._arguments = arguments
        self._made: list[Made] = []
        self._error: BaseException | None = None
        self._over = False
        original('threading').Thread(
            target=self._run, daemon=True, name='eic-native'
        ).start()

    @property
    def over(self) -> bool:
        """True if it has returned or raised."""
        return self._over

    def wait(self, timeout: float = float('inf')) -> Made:
        """What the function returned.

        :param timeout: seconds; the call itself goes on
        :raises TimeoutError: it is not over by then
        :raises BaseException: what the function raised
        """
        deadline = time.monotonic() + timeout
        pause, longest = _PAUSES
        # Looking is all that works from a greenthread: what could wake it up
        # from another native thread is eventlet's own, and not ours to import.
        while not self._over:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            time.sleep(min(pause, left))
            pause = min(pause * 2, longest)
        if self._error is not None:
            raise self._error
        return self._made[0]

    def _run(self) -> None:
        try:
            self._made.append(self._function(*self._arguments))
        except BaseException as err:
            self._error = err
        self._over = True


def run(function: Callable[..., Made], *arguments: Any) -> Made:
    """What the function returns, while other greenthreads go on.

    If threads are native anyway, the function is called directly. See :class:`Call`
    for what it must not use.

    :raises BaseException: what the function raised
    """
    if is_patched():
        return Call(function, *arguments).wait()
    return function(*arguments)


def original(module: str) -> ModuleType:
    """A module of the standard library without eventlet's changes."""
    if not is_patched():
        return importlib.import_module(module)
    return sys.modules['eventlet.patcher'].original(module)


def is_patched() -> bool:
    """True if threads are eventlet's greenthreads in this process."""
    patcher = sys.modules.get('eventlet.patcher')
    return patcher is not None and bool(patcher.is_monkey_patched('thread'))
