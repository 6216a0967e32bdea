"""Nova with two sides, so that EIC and stock can be compared in one run.

Two nova-api processes (the catalog names the one with the EIC filter) and two
nova-compute processes, ``compute-eic`` and ``compute-stock``, each in an
availability zone of its driver's name and each speaking to its own cinder-api.
Conductor, scheduler and cells are shared. Servers are the fake virt driver's,
which starts them at once and sleeps nowhere; their volumes are real.
"""

from collections.abc import Sequence
from pathlib import Path

from lab import cinder, files, identity, mariadb, no_network, rabbitmq, wsgi
from lab.context import Lab
from lab.paths import REPOSITORY, venv_bin, venv_etc
from lab.service import Service
from lab.topology import DRIVERS, LOOPBACK, REGION

API = 'nova-api'
STOCK_API = 'nova-api-stock'
CONDUCTOR = 'nova-conductor'
SCHEDULER = 'nova-scheduler'
SIDES = {API: 'eic', STOCK_API: 'stock'}
"""Which driver's volumes and hosts the servers of an API have."""
CELL0 = 'nova_cell0'
DATABASE_OWNER = 'nova'
"""Whose all of Nova's databases are."""
# FakeDriver with a node that is the same one after a restart.
_VIRT_DRIVER = 'fake.FakeDriverWithoutFakeNodes'
_STOP_SECONDS = 20


def api_of(driver: str) -> str:
    """The nova-api whose servers have this driver's volumes."""
    return next(name for name, side in SIDES.items() if side == driver)


def compute_service(driver: str) -> str:
    """The name of a nova-compute process."""
    return f'nova-compute-{driver}'


def host(driver: str) -> str:
    """The ``host`` of a nova-compute process."""
    return f'compute-{driver}'


def availability_zone(driver: str) -> str:
    """The availability zone, and aggregate, of a nova-compute process."""
    return driver


def prepare(lab: Lab) -> None:
    """Write the configuration, make the tables and cells 0 and 1."""
    write_config(lab)
    lab.once('nova-db', '1', lambda: _create_tables(lab))


def start_network(lab: Lab) -> None:
    """Have it said that there are no networks."""
    wsgi.ensure(lab, wsgi.service(lab, no_network.NAME, 'lab.no_network:application'))


def start_api(lab: Lab, name: str) -> None:
    """Have one nova-api answering."""
    configs = _configs(lab, 'database', name)
    wsgi.ensure(
        lab,
        wsgi.service(
            lab,
            name,
            'nova.wsgi.osapi_compute:application',
            arguments=_flags(configs),
            env={'OS_NOVA_CONFIG_FILES': str(_paste(name))},
            configs=[*configs, _paste(name)],
        ),
    )


def start_conductor(lab: Lab) -> None:
    """Have the conductor running, of the API and of cell1 in one."""
    _start(lab, CONDUCTOR, CONDUCTOR, _configs(lab, 'database'))


def start_scheduler(lab: Lab) -> None:
    """Have the scheduler running."""
    _start(lab, SCHEDULER, SCHEDULER, _configs(lab, 'database'))


def start_compute(lab: Lab, driver: str) -> None:
    """Have one nova-compute running; cloud.py waits for its host."""
    name = compute_service(driver)
    # No database: a nova-compute must not know one.
    _start(lab, name, 'nova-compute', _configs(lab, name))


def discover_hosts(lab: Lab) -> None:
    """Map the hosts, which must be known by now, to cell1."""
    _manage(lab, 'cell_v2', 'discover_hosts', '--by-service')


def write_config(lab: Lab) -> None:
    """Write every configuration file."""
    etc = _etc(lab)
    files.write_private(etc / 'nova.conf', files.ini(_common(lab)))
    files.write_private(
        etc / 'database.conf',
        files.ini(
            {
                'api_database': {
                    'connection': mariadb.url(lab, 'nova_api', DATABASE_OWNER)
                },
                'database': {'connection': mariadb.url(lab, 'nova', DATABASE_OWNER)},
            }
        ),
    )
    for name, driver in SIDES.items():
        files.write_private(
            etc / f'{name}.conf', files.ini(api_sections(lab, name, driver))
        )
    for driver in DRIVERS:
        files.write_private(
            etc / f'{compute_service(driver)}.conf',
            files.ini(compute_sections(lab, driver)),
        )


def api_sections(lab: Lab, name: str, driver: str) -> files.Sections:
    """What a nova-api adds to the common configuration."""
    return {
        'DEFAULT': {'host': name, 'default_schedule_zone': availability_zone(driver)},
        'cinder': _cinder(lab, driver),
        # A first look-up on a busy machine of two cores takes longer than the
        # default, and what is to be seen here must not depend on that.
        'eic': {'filter_budget': 10},
    }


def compute_sections(lab: Lab, driver: str) -> files.Sections:
    """What a nova-compute adds to the common configuration."""
    return {
        'DEFAULT': {
            'host': host(driver),
            # The host's identity is kept there.
            'state_path': files.private_dir(lab.paths / f'nova/{host(driver)}'),
            'compute_driver': _VIRT_DRIVER,
            # A fake server does not live through a restart, and must not be
            # found to be gone while somebody looks at it.
            'sync_power_state_interval': -1,
            'heal_instance_info_cache_interval': -1,
        },
        'cinder': _cinder(lab, driver),
    }


def _common(lab: Lab) -> files.Sections:
    service_user = identity.credentials(lab, 'nova')
    return {
        'DEFAULT': {
            'use_stderr': True,
            'host': 'lab',
            'my_ip': LOOPBACK,
            'state_path': files.private_dir(lab.paths / 'nova/state'),
            'transport_url': rabbitmq.url(lab),
            # The lab must tell soon that a service is up or down.
            'report_interval': 3,
            'service_down_time': 30,
        },
        'conductor': {'workers': 1},
        'scheduler': {'workers': 1},
        'quota': {'instances': -1, 'cores': -1, 'ram': -1},
        'keystone_authtoken': identity.authtoken(lab, 'nova'),
        'service_user': {**service_user, 'send_service_user_token': True},
        'placement': service_user,
        'glance': {'endpoint_override': lab.ports.url('glance')},
        # Conductor and scheduler ask Cinder nothing; the others say whom.
        'cinder': _cinder(lab, 'eic'),
        'neutron': {
            **service_user,
            'endpoint_override': lab.ports.url(no_network.NAME),
        },
        'vnc': {'enabled': False},
        'oslo_concurrency': {'lock_path': files.private_dir(lab.paths / 'nova/locks')},
        'oslo_messaging_notifications': {'driver': 'noop'},
    }


def _cinder(lab: Lab, driver: str) -> dict[str, object]:
    url = lab.ports.url(cinder.api_of(driver))
    return {
        **identity.credentials(lab, 'nova'),
        'os_region_name': REGION,
        'endpoint_template': f'{url}/v3/%(project_id)s',
    }


def _create_tables(lab: Lab) -> None:
    for name in ('nova_api', CELL0, 'nova'):
        mariadb.create_database(lab, name, DATABASE_OWNER)
    _manage(lab, 'api_db', 'sync')
    # cell0 is next to [database] connection, and cell1 is that itself.
    _manage(lab, 'cell_v2', 'map_cell0')
    _manage(lab, 'db', 'sync')
    _manage(lab, 'cell_v2', 'create_cell', '--name=cell1')


def _manage(lab: Lab, *arguments: str) -> None:
    lab.run(
        'nova-manage',
        [venv_bin('nova-manage'), *_flags(_configs(lab, 'database')), *arguments],
    )


def _start(lab: Lab, name: str, program: str, configs: Sequence[Path]) -> None:
    lab.ensure(
        Service(
            name,
            (venv_bin(program), *_flags(configs)),
            configs=tuple(configs),
            stop_seconds=_STOP_SECONDS,
        ),
        lambda: True,
    )


def _paste(name: str) -> Path:
    """The one place where it is said which pipeline a nova-api has."""
    ours = REPOSITORY / 'api-paste-nova.ini.sample'
    if name == API and ours.exists():
        return ours
    return venv_etc('nova/api-paste.ini')


def _etc(lab: Lab) -> Path:
    return lab.paths / 'nova/etc'


def _configs(lab: Lab, *names: str) -> list[Path]:
    return [_etc(lab) / f'{name}.conf' for name in ('nova', *names)]


def _flags(configs: Sequence[Path]) -> list[str]:
    return [word for path in configs for word in ('--config-file', str(path))]
