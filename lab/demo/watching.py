"""Watches in a thread while something is asked for."""

import concurrent.futures
import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

Seen = TypeVar('Seen')


@contextlib.contextmanager
def while_watching(
    watch: Callable[[threading.Event], Seen],
) -> Iterator[concurrent.futures.Future[Seen]]:
    """Run ``watch`` while the body asks; what it saw comes out of the future.

    :param watch: ends as soon as the event is set: the body has failed
    """
    cancel = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        try:
            yield pool.submit(watch, cancel)
        except BaseException:
            cancel.set()
            raise
