"""Keystone: Fernet tokens, one region, and everybody who is in it."""

from importlib.metadata import version
from pathlib import Path

from lab import files, identity, mariadb, wsgi
from lab.context import Lab
from lab.paths import venv_bin
from lab.topology import REGION

NAME = 'keystone'
_VERSION = '4'  # of what create_all() creates


def prepare(lab: Lab) -> None:
    """Write the configuration, make the keys and the tables."""
    files.write_private(_conf(lab), files.ini(_sections(lab)))
    mariadb.keep_tables(lab, NAME, version('keystone'), _create, _sync)


def start(lab: Lab) -> None:
    """Have Keystone answering, with all projects and users."""
    files.write_private(_conf(lab), files.ini(_sections(lab)))
    conf = _conf(lab)
    wsgi.ensure(
        lab,
        wsgi.service(
            lab,
            NAME,
            'keystone.wsgi.api:application',
            env={'OS_KEYSTONE_CONFIG_FILES': str(conf)},
            configs=[conf],
        ),
    )
    lab.once('identities', _VERSION, lambda: identity.create_all(lab))


def _conf(lab: Lab) -> Path:
    return lab.paths / 'keystone/keystone.conf'


def _sections(lab: Lab) -> files.Sections:
    directory = lab.paths / 'keystone'
    return {
        'DEFAULT': {'use_stderr': True},
        'database': {'connection': mariadb.url(lab, NAME)},
        'token': {'provider': 'fernet', 'expiration': 86400},
        'fernet_tokens': {'key_repository': files.private_dir(directory / 'fernet')},
        'credential': {'key_repository': files.private_dir(directory / 'credential')},
    }


def _create(lab: Lab) -> None:
    mariadb.create_database(lab, NAME)
    _sync(lab)
    owner = ('--keystone-user', 'root', '--keystone-group', 'root')
    _manage(lab, 'fernet_setup', *owner)
    _manage(lab, 'credential_setup', *owner)
    url = identity.auth_url(lab)
    _manage(
        lab,
        'bootstrap',
        '--bootstrap-region-id',
        REGION,
        '--bootstrap-public-url',
        url,
        '--bootstrap-internal-url',
        url,
        '--bootstrap-admin-url',
        url,
    )


def _sync(lab: Lab) -> None:
    _manage(lab, 'db_sync')


def _manage(lab: Lab, *arguments: str) -> None:
    lab.run(
        NAME,
        [venv_bin('keystone-manage'), '--config-file', str(_conf(lab)), *arguments],
        # Not an argument: those can be read by every user.
        env={'OS_BOOTSTRAP_PASSWORD': lab.secrets['user-admin']},
    )
