"""Starts Nova's processes."""

import dataclasses
from collections.abc import Collection, Sequence
from importlib.metadata import version
from pathlib import Path

from lab import files, mariadb, no_network, nova, nova_config, wsgi
from lab.context import Lab
from lab.paths import venv_bin
from lab.service import Service

_STOP_SECONDS = 20


def prepare(lab: Lab) -> None:
    """Write the configuration, make the tables and cells 0 and 1."""
    nova_config.write(lab)
    mariadb.keep_tables(lab, 'nova', version('nova'), _create_tables, _sync)


def start_network(lab: Lab) -> None:
    """Have the service running that knows no networks."""
    wsgi.ensure(lab, wsgi.service(lab, no_network.NAME, 'lab.no_network:application'))


def start_api(lab: Lab, name: str) -> None:
    """Have one nova-api answering."""
    configs = nova.configs(lab, 'database', name)
    wsgi.ensure(
        lab,
        wsgi.service(
            lab,
            name,
            'nova.wsgi.osapi_compute:application',
            arguments=files.config_flags(configs),
            env={'OS_NOVA_CONFIG_FILES': str(nova_config.paste(name))},
            configs=[*configs, nova_config.paste(name)],
        ),
    )


def start_conductor(lab: Lab) -> None:
    """Have the conductor running: one for the API and for cell1."""
    _start(lab, nova.CONDUCTOR, nova.CONDUCTOR, nova.configs(lab, 'database'))


def start_scheduler(lab: Lab) -> None:
    """Have the scheduler running."""
    _start(lab, nova.SCHEDULER, nova.SCHEDULER, nova.configs(lab, 'database'))


def start_compute(lab: Lab, driver: str, name: str = '') -> None:
    """Have one nova-compute running; nova_ready.py waits for its host.

    :param name: its own, if it is not the only one of its side
    """
    name = name or nova.compute_service(driver)
    # Without database.conf: a nova-compute must not know a database.
    _start(lab, name, 'nova-compute', nova.configs(lab, name))


def start_guest_compute(
    lab: Lab, name: str, *, machine: str, python_path: Path
) -> None:
    """Have the nova-compute of a host with guests running, in its machine.

    :param python_path: where libvirt's Python bindings are
    """
    service = _service(name, 'nova-compute', nova.configs(lab, name))
    inside = dataclasses.replace(
        service,
        env={'PYTHONPATH': str(python_path)},
        in_namespace=True,
        holder=machine,
    )
    lab.ensure(inside, lambda: True)


def discover_hosts(lab: Lab) -> None:
    """Map the hosts, which must be known by now, to cell1."""
    _manage(lab, 'cell_v2', 'discover_hosts', '--by-service')


def _create_tables(lab: Lab) -> None:
    for name in ('nova_api', nova.CELL0, 'nova'):
        mariadb.create_database(lab, name, nova.DATABASE_OWNER)
    _manage(lab, 'api_db', 'sync')
    # cell0 is next to [database] connection, and cell1 is that itself.
    _manage(lab, 'cell_v2', 'map_cell0')
    _manage(lab, 'db', 'sync')
    _manage(lab, 'cell_v2', 'create_cell', '--name=cell1')


def _sync(lab: Lab) -> None:
    _manage(lab, 'api_db', 'sync')
    _manage(lab, 'db', 'sync')


def archive_deleted(lab: Lab) -> None:
    """Move what Nova has deleted out of its tables."""
    # 1 says that there was something.
    _manage(lab, 'db', 'archive_deleted_rows', '--until-complete', accepted=(0, 1))


def _manage(lab: Lab, *arguments: str, accepted: Collection[int] = (0,)) -> None:
    lab.run(
        'nova-manage',
        [
            venv_bin('nova-manage'),
            *files.config_flags(nova.configs(lab, 'database')),
            *arguments,
        ],
        accepted=accepted,
    )


def _start(lab: Lab, name: str, program: str, configs: Sequence[Path]) -> None:
    lab.ensure(_service(name, program, configs), lambda: True)


def _service(name: str, program: str, configs: Sequence[Path]) -> Service:
    return Service(
        name,
        (venv_bin(program), *files.config_flags(configs)),
        configs=tuple(configs),
        stop_seconds=_STOP_SECONDS,
    )
