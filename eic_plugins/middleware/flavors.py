"""Reads a flavor from Nova itself, in process, as the user who boots."""

import re
from http import HTTPStatus
from typing import Any

from eic_plugins.middleware.boot_rules import Flavor
from eic_plugins.middleware.fair_memory import FairMemory
from eic_plugins.middleware.subrequest import Subrequests
from eic_plugins.support.clock import SYSTEM, Clock

_ID = re.compile(r'[\w. -]+', re.ASCII)
_WITH_EXTRA_SPECS = 'compute 2.61'
"""The first microversion whose flavors show their extra specs."""


class Flavors:
    """The flavors that the requests of one API worker name.

    :param ttl: seconds for which one is remembered
    """

    def __init__(self, ttl: float, clock: Clock = SYSTEM) -> None:
        self._memory: FairMemory[tuple[str | None, str], Flavor] = FairMemory(
            ttl, clock
        )

    def find(
        self, ask: Subrequests, prefix: str, project: str | None, flavor_id: str
    ) -> Flavor | None:
        """The flavor, None if ``project`` has none of that id.

        :param prefix: what stands before ``/servers`` in the request's path
        """
        key = (project, flavor_id)
        known = self._memory.recall(key)
        if known is not None or not _ID.fullmatch(flavor_id):
            return known
        answer = ask.get(f'{prefix}/flavors/{flavor_id}', _WITH_EXTRA_SPECS)
        flavor = _read(answer.document()) if answer.code == HTTPStatus.OK else None
        if flavor is not None:
            self._memory.remember(key, project or '', flavor)
        return flavor


def _read(document: Any) -> Flavor | None:
    """The flavor, None if Nova shows something else.

    A user's name of a flavor is the end of the path. With the name ``detail`` Nova
    lists all flavors.
    """
    flavor = document.get('flavor') if isinstance(document, dict) else None
    if not isinstance(flavor, dict):
        return None
    # A policy may hide extra specs from users: then no flavor opts in.
    return Flavor(int(flavor['disk']), flavor.get('extra_specs') or {})
