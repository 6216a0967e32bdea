"""A private MariaDB: its own data directory, socket and loopback port."""

import getpass
import shutil
from collections.abc import Callable
from pathlib import Path

from lab import files
from lab.context import Lab
from lab.net import answers
from lab.ports import LOOPBACK
from lab.service import Service

NAME = 'mariadb'


def start(lab: Lab) -> None:
    """Have the server running, with a database for each service."""
    lab.once('mariadb-install', '1', lambda: _install(lab))
    lab.ensure(_service(lab), lambda: _ready(lab), seconds=60)


def url(lab: Lab, database: str, owner: str = '') -> str:
    """The SQLAlchemy URL of a service's database.

    Its user has the database's name, or is the ``owner`` of several.
    """
    user = owner or database
    password = lab.secrets[f'db-{user}']
    return (
        f'mysql+pymysql://{user}:{password}@{LOOPBACK}:'
        f'{lab.ports[NAME]}/{database}?charset=utf8'
    )


def create_database(lab: Lab, name: str, owner: str = '') -> None:
    """Create a service's database, empty, with a user for it.

    DDL is not transactional: a migration that was cut short cannot go on. What it
    has left is dropped.
    """
    user = owner or name
    lab.run(
        NAME,
        ['mariadb', '--no-defaults', f'--socket={_socket(lab)}'],
        stdin=database_sql(name, lab.secrets[f'db-{user}'], user),
    )


def keep_tables(
    lab: Lab,
    service: str,
    release: str,
    create: Callable[[Lab], None],
    sync: Callable[[Lab], None],
) -> None:
    """Make a service's database, or bring that of another release to this one.

    :param create: also makes the tables; a database that is half made is made anew
    """
    made = lab.done(f'{service}-db')
    lab.once(f'{service}-db', '1', lambda: create(lab))
    lab.once(f'{service}-tables', release, lambda: sync(lab) if made else None)


def database_sql(name: str, password: str, owner: str) -> str:
    """The SQL for :func:`create_database`."""
    user = f"'{owner}'@'{LOOPBACK}'"
    return (
        f'DROP DATABASE IF EXISTS {name};\n'
        f'CREATE DATABASE {name} CHARACTER SET utf8;\n'
        # REPLACE USER would take the user's other databases away.
        f'CREATE USER IF NOT EXISTS {user};\n'
        f"ALTER USER {user} IDENTIFIED BY '{password}';\n"
        f'GRANT ALL ON {name}.* TO {user};\n'
    )


def _directory(lab: Lab) -> Path:
    return files.private_dir(lab.paths / NAME)


def _socket(lab: Lab) -> Path:
    return _directory(lab) / 'sock'


def _install(lab: Lab) -> None:
    user = getpass.getuser()
    # An install that was cut short may have left something, and would fail.
    shutil.rmtree(_directory(lab) / 'data', ignore_errors=True)
    lab.run(
        NAME,
        [
            'mariadb-install-db',
            '--no-defaults',
            f'--user={user}',
            f'--datadir={_directory(lab) / "data"}',
            '--skip-test-db',
            '--auth-root-authentication-method=socket',
            f'--auth-root-socket-user={user}',
        ],
    )


def _service(lab: Lab) -> Service:
    directory = _directory(lab)
    return Service(
        NAME,
        (
            'mariadbd',
            '--no-defaults',
            f'--user={getpass.getuser()}',
            f'--datadir={directory / "data"}',
            f'--socket={_socket(lab)}',
            f'--pid-file={directory / "pid"}',
            f'--bind-address={LOOPBACK}',
            f'--port={lab.ports[NAME]}',
            '--skip-name-resolve',
            '--max-connections=1000',
            '--innodb-buffer-pool-size=256M',
            # A power cut may cost a lab its last second.
            '--innodb-flush-log-at-trx-commit=2',
        ),
        stop_seconds=30,
    )


def _ready(lab: Lab) -> bool:
    return _socket(lab).exists() and answers(LOOPBACK, lab.ports[NAME])
