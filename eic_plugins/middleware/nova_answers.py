"""What Nova's answer to a rewritten request says about sending it as it came.

Decided by what nova-api 34 does (``compute/api.py``) for a volume that the root
disk is to be made of:

* A 4xx comes before anything was written, or Nova has taken it back
  (``_cleanup_build_artifacts``).
* The one call to Cinder is for the volume types, where the request names one. It
  is made before a server's records are written; if it fails at the second of
  several servers, Nova takes back those of the first. Whatever the call raises,
  and Nova does not know, is a 500 that names the exception's class.
* Behind that comes the message to nova-conductor. If it cannot be sent, or the
  database fails, the 500 names other classes, and there may be a server: such
  an answer is the user's.
"""

import re
from http import HTTPStatus

from eic_plugins.middleware.boot_verdict import BootReason
from eic_plugins.middleware.subrequest import Answer

_AT_CINDER = re.compile(
    r"<class '(?:cinderclient\.|keystoneauth1\.|nova\.exception\."
    r"(?:Cinder\w+|UnsupportedCinderAPIVersion|InvalidInput)')"
)
"""keystoneauth1 stands behind other calls of nova-api too, and InvalidInput (a 400
of Cinder) behind other checks; all of them are before anything is written."""


def reason_in(answer: Answer, names_type: bool) -> BootReason | None:
    """Why the request goes on as it came, None if the answer is the user's.

    :param names_type: whether the rewritten request names a volume type
    """
    if HTTPStatus.BAD_REQUEST <= answer.code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return BootReason.REFUSED_BY_NOVA
    if (
        names_type
        and answer.code == HTTPStatus.INTERNAL_SERVER_ERROR
        and _AT_CINDER.search(_message(answer))
    ):
        return BootReason.CINDER_FAILED
    return None


def _message(answer: Answer) -> str:
    """Of Nova's ``{"computeFault": {"code": 500, "message": ...}}``."""
    document = answer.document()
    fault = document.get('computeFault') if isinstance(document, dict) else None
    message = fault.get('message') if isinstance(fault, dict) else None
    return message if isinstance(message, str) else ''
