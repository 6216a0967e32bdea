"""Starts Cinder's processes."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from lab import cinder, cinder_config, files, mariadb, simulator, wsgi
from lab.context import Lab
from lab.paths import REPOSITORY, venv_bin
from lab.service import Service
from lab.topology import BACKENDS


def prepare(lab: Lab) -> None:
    """Write the configuration and make the tables."""
    cinder_config.write(lab)
    mariadb.keep_tables(lab, 'cinder', version('cinder'), _create_tables, _sync)


def _create_tables(lab: Lab) -> None:
    mariadb.create_database(lab, 'cinder')
    _sync(lab)


def _sync(lab: Lab) -> None:
    lab.run(
        'cinder-manage',
        [
            venv_bin('cinder-manage'),
            *files.config_flags([cinder.common_config(lab)]),
            'db',
            'sync',
        ],
    )


def start_api(lab: Lab, name: str, configured_as: str = '') -> None:
    """Have one cinder-api answering.

    :param configured_as: the one whose configuration it shares, if not its own
    """
    configured_as = configured_as or name
    configs = cinder.api_configs(lab, configured_as)
    wsgi.ensure(
        lab,
        wsgi.service(
            lab,
            name,
            'cinder.wsgi.api:application',
            arguments=files.config_flags(configs),
            configs=[*configs, cinder_config.paste(configured_as)],
        ),
    )


def start_scheduler(lab: Lab) -> None:
    """Have the scheduler running."""
    configs = (cinder.common_config(lab),)
    lab.ensure(
        Service(
            cinder.SCHEDULER,
            (venv_bin(cinder.SCHEDULER), *files.config_flags(configs)),
            configs=configs,
        ),
        lambda: True,
    )


def start_volume(lab: Lab, driver: str) -> None:
    """Have one cinder-volume running; cinder_ready.py waits for its backends."""
    configs = cinder.volume_configs(lab, driver)
    name = cinder.volume_service(driver)
    lab.ensure(volume(lab, driver, name, configs), lambda: True)


def volume(lab: Lab, driver: str, name: str, configs: Sequence[Path]) -> Service:
    """One cinder-volume."""
    # lab.fabric is not installed.
    shares = [
        cinder.shares_file(lab, driver, backend)
        for backend in BACKENDS
        if backend.protocol == 'nfs'
    ]
    return Service(
        name,
        (venv_bin('cinder-volume'), *files.config_flags(configs)),
        env={
            'PYTHONPATH': str(REPOSITORY),
            # The first call of Cinder 26's stock drivers knows no other CA.
            'SSL_CERT_FILE': str(simulator.ca_file(lab)),
        },
        configs=(*configs, *shares),
        in_namespace=True,
        stop_seconds=20,
    )
