"""A session to a cluster on which nothing but reads is possible."""

from typing import Any

from eic_plugins.ontap.session import JsonObject, OntapError, OntapSession
from eic_plugins.ontap.throttling import PATIENCE

_READ = 'GET'


class ReadOnlyError(OntapError):
    """A call that would have changed something was not sent."""


class ReadOnlySession(OntapSession):
    """Sends GET, and refuses everything else before it is sent."""

    def _send(
        self, method: str, path: str, patience: float = PATIENCE, **kwargs: Any
    ) -> JsonObject:
        if method != _READ:
            raise ReadOnlyError(f'{method} {path.partition("?")[0]} was not sent')
        return super()._send(method, path, patience, **kwargs)
