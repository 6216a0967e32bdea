"""Placement: what Nova's scheduler asks which hosts have room."""

from importlib.metadata import version
from pathlib import Path

from lab import files, identity, mariadb, wsgi
from lab.context import Lab
from lab.paths import venv_bin

NAME = 'placement'


def prepare(lab: Lab) -> None:
    """Write the configuration and make the tables."""
    _write_config(lab)
    mariadb.keep_tables(
        lab, 'placement', version('openstack-placement'), _create_tables, _sync
    )


def start(lab: Lab) -> None:
    """Have Placement answering."""
    _write_config(lab)
    wsgi.ensure(
        lab,
        wsgi.service(
            lab,
            NAME,
            'placement.wsgi.api:application',
            env={'OS_PLACEMENT_CONFIG_DIR': str(_conf(lab).parent)},
            configs=[_conf(lab)],
        ),
    )


def _create_tables(lab: Lab) -> None:
    mariadb.create_database(lab, NAME)
    _sync(lab)


def _sync(lab: Lab) -> None:
    lab.run(
        NAME,
        [venv_bin('placement-manage'), '--config-file', str(_conf(lab)), 'db', 'sync'],
    )


def _conf(lab: Lab) -> Path:
    return lab.paths / 'placement/etc/placement.conf'


def _write_config(lab: Lab) -> None:
    files.write_private(
        _conf(lab),
        files.ini(
            {
                'DEFAULT': {'use_stderr': True},
                'placement_database': {'connection': mariadb.url(lab, NAME)},
                'keystone_authtoken': identity.authtoken(lab, NAME),
            }
        ),
    )
