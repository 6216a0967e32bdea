"""The tables of the lab's services, for what their APIs would be measured with."""

import contextlib
from collections.abc import Iterator

import sqlalchemy

from lab import mariadb
from lab.context import Lab


@contextlib.contextmanager
def connected(
    lab: Lab, database: str, owner: str = ''
) -> Iterator[sqlalchemy.Connection]:
    """A connection that sees what others write, and whose writes count at once.

    :param owner: of the database, where it is not named as its user
    """
    engine = sqlalchemy.create_engine(
        mariadb.url(lab, database, owner), isolation_level='AUTOCOMMIT'
    )
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()
