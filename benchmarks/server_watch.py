"""Sees when servers are ACTIVE without taking part in what is measured.

A look through nova-api costs about what a tenth of a server costs, and five
looks a second are work that the servers then wait for. So Nova's table is read,
which is where its API has the status from.
"""

import time

import sqlalchemy

from lab import mariadb, nova
from lab.boots import Seen
from lab.context import Lab
from lab.errors import LabError

_STATUSES = {'active': 'ACTIVE', 'error': 'ERROR'}
_ENDED = sqlalchemy.text(
    'SELECT uuid, vm_state FROM instances WHERE deleted = 0 '
    "AND display_name LIKE :names AND vm_state IN ('active', 'error')"
)
_LOOK_SECONDS = 0.1
_BOOT_SECONDS = 300


def until_ended(lab: Lab, prefix: str, count: int) -> list[Seen]:
    """Wait for that many servers of these names to be ACTIVE or ERROR.

    :raises LabError: some are not, after five minutes
    """
    engine = sqlalchemy.create_engine(
        mariadb.url(lab, 'nova', nova.DATABASE_OWNER), isolation_level='AUTOCOMMIT'
    )
    seen: dict[str, Seen] = {}
    deadline = time.monotonic() + _BOOT_SECONDS
    try:
        with engine.connect() as connection:
            while len(seen) < count and time.monotonic() < deadline:
                time.sleep(_LOOK_SECONDS)
                for server_id, state in connection.execute(
                    _ENDED, {'names': f'{prefix}-%'}
                ):
                    seen.setdefault(
                        server_id, Seen(server_id, _STATUSES[state], time.time())
                    )
    finally:
        engine.dispose()
    if len(seen) < count:
        raise LabError(
            f'Waited {_BOOT_SECONDS} s for {count} servers {prefix}-* to be '
            f'ACTIVE or ERROR; {len(seen)} were.'
        )
    return list(seen.values())
