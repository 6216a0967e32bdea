"""What stands in Nova's configuration files."""

from pathlib import Path

from lab import cinder, files, identity, mariadb, no_network, nova, rabbitmq
from lab.context import Lab
from lab.paths import REPOSITORY, venv_etc
from lab.ports import LOOPBACK
from lab.topology import DRIVERS, REGION

# FakeDriver with a node that is the same one after a restart.
_VIRT_DRIVER = 'fake.FakeDriverWithoutFakeNodes'


def write(lab: Lab) -> None:
    """Write every configuration file."""
    etc = nova.etc(lab)
    files.write_private(etc / 'nova.conf', files.ini(_common(lab)))
    files.write_private(
        etc / 'database.conf',
        files.ini(
            {
                'api_database': {
                    'connection': mariadb.url(lab, 'nova_api', nova.DATABASE_OWNER)
                },
                'database': {
                    'connection': mariadb.url(lab, 'nova', nova.DATABASE_OWNER)
                },
            }
        ),
    )
    for name, driver in nova.SIDES.items():
        files.write_private(
            etc / f'{name}.conf', files.ini(api_sections(lab, name, driver))
        )
    for driver in DRIVERS:
        files.write_private(
            etc / f'{nova.compute_service(driver)}.conf',
            files.ini(compute_sections(lab, driver)),
        )


def api_sections(lab: Lab, name: str, driver: str) -> files.Sections:
    """What a nova-api adds to the common configuration."""
    return {
        'DEFAULT': {
            'host': name,
            'default_schedule_zone': nova.availability_zone(driver),
        },
        'cinder': cinder_section(lab, driver),
        # On two busy cores a first look-up takes longer than the default.
        'eic': {'filter_budget': 10},
    }


def compute_sections(lab: Lab, driver: str, host: str = '') -> files.Sections:
    """What a nova-compute adds to the common configuration.

    :param host: its own, if it is not the only one of its side
    """
    host = host or nova.host(driver)
    return {
        'DEFAULT': {
            'host': host,
            # The host's identity is kept there.
            'state_path': files.private_dir(lab.paths / f'nova/{host}'),
            'compute_driver': _VIRT_DRIVER,
            # A fake server does not survive a restart. Nova must not notice
            # that while somebody looks at the server.
            'sync_power_state_interval': -1,
            'heal_instance_info_cache_interval': -1,
        },
        'cinder': cinder_section(lab, driver),
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
            # The lab must see soon that a service is up or down.
            'report_interval': 3,
            'service_down_time': 30,
            # A side has one host.
            'allow_resize_to_same_host': True,
        },
        'conductor': {'workers': 1},
        'scheduler': {'workers': 1},
        'quota': {'instances': -1, 'cores': -1, 'ram': -1},
        'keystone_authtoken': identity.authtoken(lab, 'nova'),
        'service_user': {**service_user, 'send_service_user_token': True},
        'placement': service_user,
        'glance': {'endpoint_override': lab.ports.url('glance')},
        # Conductor and scheduler ask Cinder nothing; the others override it.
        'cinder': cinder_section(lab, 'eic'),
        'neutron': {
            **service_user,
            'endpoint_override': lab.ports.url(no_network.NAME),
        },
        'vnc': {'enabled': False},
        'oslo_concurrency': {'lock_path': files.private_dir(lab.paths / 'nova/locks')},
        'oslo_messaging_notifications': {'driver': 'noop'},
    }


def cinder_section(lab: Lab, driver: str) -> dict[str, object]:
    """What leads a process to the cinder-api of its side."""
    url = lab.ports.url(cinder.api_of(driver))
    return {
        **identity.credentials(lab, 'nova'),
        'os_region_name': REGION,
        'endpoint_template': f'{url}/v3/%(project_id)s',
    }


def paste(name: str) -> Path:
    """The pipeline of a nova-api."""
    ours = REPOSITORY / 'api-paste-nova.ini.sample'
    if name == nova.API and ours.exists():
        return ours
    return venv_etc('nova/api-paste.ini')
