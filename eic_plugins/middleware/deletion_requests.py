"""Passes on a service's request to delete a volume that is being made.

The answer is Cinder's. Where it is a refusal because of the volume's state, the
deletion is postponed (:mod:`eic_plugins.middleware.postponed`).
"""

import re
from collections.abc import Iterable
from http import HTTPStatus

from oslo_utils import timeutils, uuidutils

from eic_plugins.middleware import body
from eic_plugins.middleware.postponed import Asker, PostponedDeletions
from eic_plugins.middleware.subrequest import Answer, StartResponse, WSGIApp, call

_PATH = re.compile(r'(?:/v3)?(?:/[^/]+)?/volumes/([0-9a-f-]{36})(?:\.json)?/?')
_INVALID_VOLUME = 'Invalid volume: '
"""So begins Cinder's message if a volume's state forbids what was asked."""


class DeletionRequests:
    """Those that one API worker gets."""

    def __init__(self, application: WSGIApp, postponed: PostponedDeletions) -> None:
        self._application = application
        self._postponed = postponed

    def recall(self) -> None:
        """Called with each request to the API."""
        self._postponed.recall()

    def handler(self, environ: body.Environ) -> WSGIApp | None:
        """What passes a request to delete a volume on, None if it is another one."""
        volume_id = _volume_in(environ)
        if volume_id is None:
            return None
        return lambda environ, start_response: self._pass_on(
            volume_id, environ, start_response
        )

    def _pass_on(
        self, volume_id: str, environ: body.Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        # Before the request: what is made meanwhile, Cinder deletes.
        mark = self._postponed.in_the_making(volume_id)
        answer = call(self._application, environ)
        if mark is not None and _is_refused_by_state(answer):
            self._postponed.postpone(volume_id, mark, _asker(environ))
        return answer.send(start_response)


def _volume_in(environ: body.Environ) -> str | None:
    """The volume's id, if there is no query beside it, such as ``force``."""
    if environ['REQUEST_METHOD'] != 'DELETE' or environ.get('QUERY_STRING'):
        return None
    path = _PATH.fullmatch(environ.get('PATH_INFO', ''))
    return path[1] if path and uuidutils.is_uuid_like(path[1]) else None


def _asker(environ: body.Environ) -> Asker | None:
    """Who asks, with what keystonemiddleware says of the user's token."""
    try:
        token = environ.get('keystone.token_info', {}).get('token', {})
        until = timeutils.parse_isotime(token['expires_at']).timestamp()
        return Asker(environ['cinder.context'].deepcopy(), until)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _is_refused_by_state(answer: Answer) -> bool:
    if answer.code != HTTPStatus.BAD_REQUEST:
        return False
    document = answer.document()
    fault = document.get('badRequest') if isinstance(document, dict) else None
    message = fault.get('message') if isinstance(fault, dict) else None
    return isinstance(message, str) and message.startswith(_INVALID_VOLUME)
