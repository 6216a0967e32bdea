"""The id of the request that a volume is made for, as a service of ours made it.

Cinder keeps two in its context. ``request_id`` is made by cinder-api for each request.
``global_request_id`` is what the caller sent: a service its own id, and a user whatever
looks like one. Only the first is used where somebody must be able to rely on it.

The context is named, and not looked up in what the thread remembers: that may be of
another request.
"""

import contextlib
import contextvars
import re
from collections.abc import Iterator
from typing import Any

_FORM = re.compile(r'req-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}')
_CURRENT: contextvars.ContextVar[str | None] = contextvars.ContextVar(
    'eic_request_id', default=None
)


@contextlib.contextmanager
def of(context: Any) -> Iterator[None]:
    """What is done here is done for the request with this context of Cinder's."""
    token = _CURRENT.set(_made_by_a_service(context))
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current() -> str | None:
    """``req-…``; None if nothing is done for a request, or its id has another form."""
    return _CURRENT.get()


def _made_by_a_service(context: Any) -> str | None:
    found = getattr(context, 'request_id', None)
    return found if isinstance(found, str) and _FORM.fullmatch(found) else None
