"""The id of the request that a thread works on, as this deployment's services made it.

Cinder keeps two in its context. ``request_id`` is made by cinder-api for each request.
``global_request_id`` is what the caller sent: a service its own id, and a user whatever
looks like one. Only the first is used where somebody must be able to rely on it.
"""

import re

from oslo_context import context

_FORM = re.compile(r'req-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}')


def current() -> str | None:
    """``req-…``; None outside of a request, and of an id of any other form."""
    found = context.get_current()
    request_id = getattr(found, 'request_id', None)
    if isinstance(request_id, str) and _FORM.fullmatch(request_id):
        return request_id
    return None
