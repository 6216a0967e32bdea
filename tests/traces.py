"""What osprofiler is told, as the backend would have it that an operator configures."""

import contextlib
from collections.abc import Iterator
from typing import Any

from osprofiler import notifier, profiler

Told = list[dict[str, Any]]


@contextlib.contextmanager
def collected() -> Iterator[Told]:
    """Whatever is told; a trace of this thread ends with the context."""
    before = notifier.get()
    sent: Told = []
    notifier.set(sent.append)
    try:
        yield sent
    finally:
        profiler.clean()
        notifier.set(before)
