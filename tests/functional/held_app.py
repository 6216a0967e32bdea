"""The Cinder filter over an API that says which answers are held.

For servers that run it in a process of their own; Cinder is not needed for it.
"""

import json
import os
import pathlib
import uuid

from eic_plugins.middleware.cinder import CinderFilter, CinderParts
from eic_plugins.middleware.hold import Hold


class NoCopies:
    """A look-up that finds nothing."""

    def copies(self, *_about):
        return ()


def make(state: str, budget: float, limit: int):
    """The WSGI application.

    :param state: a directory; a file there is the status of the volume that it
        is named for
    """
    directory = pathlib.Path(state)

    def statuses(volume_ids):
        return {
            one: (directory / one).read_text()
            if (directory / one).exists()
            else 'creating'
            for one in volume_ids
        }

    hold = Hold('all', budget, limit, list, statuses)

    def api(environ, start_response):
        if environ['REQUEST_METHOD'] == 'POST':
            status = '202 Accepted'
            answer = {'volume': {'id': str(uuid.uuid4()), 'filler': 'x' * 10**6}}
        else:
            status = '200 OK'
            answer = {
                'free': hold.free,
                'pid': os.getpid(),
                'held': hold.held,
            }
        start_response(status, [('Content-Type', 'application/json')])
        return [json.dumps(answer).encode()]

    return CinderFilter(api, parts=CinderParts(NoCopies(), 1.0, hold))
