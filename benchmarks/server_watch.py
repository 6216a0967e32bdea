"""Sees when servers are ACTIVE without taking part in what is measured.

A look through nova-api costs about what a tenth of a server costs, and five
looks a second are work that the servers then wait for. So Nova's table is read,
which is where its API has the status from.
"""

import time
from collections.abc import Iterator

import sqlalchemy

from benchmarks import tables
from lab import nova
from lab.boots import BuiltServer, wait_for_servers
from lab.context import Lab

_STATUSES = {'active': 'ACTIVE', 'error': 'ERROR'}
_ENDED = sqlalchemy.text(
    'SELECT uuid, vm_state FROM instances WHERE deleted = 0 '
    "AND display_name LIKE :names AND vm_state IN ('active', 'error')"
)
_LOOK_SECONDS = 0.1


def until_ended(lab: Lab, prefix: str, count: int) -> list[BuiltServer]:
    """Wait for that many servers of these names to be ACTIVE or ERROR.

    :raises LabError: some are not, after five minutes
    """
    with tables.connected(lab, 'nova', nova.DATABASE_OWNER) as connection:
        return wait_for_servers(
            lambda: _ended(connection, prefix), prefix, count, every=_LOOK_SECONDS
        )


def _ended(connection: sqlalchemy.Connection, prefix: str) -> Iterator[BuiltServer]:
    for server_id, state in connection.execute(_ENDED, {'names': f'{prefix}-%'}):
        yield BuiltServer(server_id, _STATUSES[state], time.time())
