"""The one wait of these tests."""

from collections.abc import Callable
from typing import TypeVar

from lab.waiting import wait_until

DEADLINE = 180
"""Seconds, on a busy machine of two cores."""

Found = TypeVar('Found')


def wait_for(
    check: Callable[[], Found | None], what: str, seconds: float = DEADLINE
) -> Found:
    """The first true answer of ``check``.

    :raises LabError: there was none in time; ``what`` is in the text
    """
    return wait_until(check, what, seconds, every=0.1)
