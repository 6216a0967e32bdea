"""The real nova-api in process, with and without the filter.

A suite of its own: nova-api refuses to share a process with eventlet, and so
with Cinder. Neutron and the message bus end at the functions that call them;
Glance is a stub over HTTP.
"""

import pathlib

import pytest
import webtest
from nova import config, context, exception, objects
from nova.conductor import api as conductor
from nova.db import migration
from nova.network import neutron, security_group_api
from nova.volume import cinder
from oslo_utils import uuidutils
from paste import deploy

from tests.functional.glance_stub import as_new, serve  # noqa: F401 - fixtures
from tests.functional_nova.glance_stub import Images

ROOT = pathlib.Path(__file__).parents[2]
PROJECT = 'a' * 32
OTHER_PROJECT = 'b' * 32
FLAVORS = {
    # id: (root_gb, ephemeral_gb, swap_mb, extra specs)
    'plain': (10, 0, 0, {}),
    'opted-in': (10, 0, 0, {'eic:boot_from_volume': 'true'}),
    'opted-out': (10, 0, 0, {'eic:boot_from_volume': 'false'}),
    'diskless': (0, 0, 0, {'eic:boot_from_volume': 'true'}),
    'local-disks': (10, 5, 64, {'eic:boot_from_volume': 'true'}),
    'encrypting': (
        10,
        0,
        0,
        {'eic:boot_from_volume': 'true', 'hw:ephemeral_encryption': 'true'},
    ),
}


@pytest.fixture(scope='session')
def stub():
    return Images()


@pytest.fixture(scope='session')
def nova_conf(tmp_path_factory, glance_server):
    """Nova on SQLite, one cell, the flavors above."""
    state = tmp_path_factory.mktemp('nova')
    objects.register_all()
    _, glance_url = glance_server
    path = state / 'nova.conf'
    path.write_text(f"""
[DEFAULT]
state_path = {state}
transport_url = fake:/
[database]
connection = sqlite:///{state}/cell.sqlite
sqlite_synchronous = False
[api_database]
connection = sqlite:///{state}/api.sqlite
sqlite_synchronous = False
[oslo_concurrency]
lock_path = {state}
[glance]
endpoint_override = {glance_url}
num_retries = 0
[quota]
instances = -1
cores = -1
ram = -1
metadata_items = 5
[eic]
filter_budget = 5
locations_ttl = 0
breaker_failures = 1000
boot_volume_type = fast
metrics_directory = {state}
boot_from_volume_projects = {OTHER_PROJECT}
""")
    config.parse_args(['nova', '--config-file', str(path)])
    migration.db_sync(database='api')
    migration.db_sync(database='main')
    _populate(state)
    return state


def _populate(state):
    admin = context.get_admin_context()
    for uuid, name in (
        (objects.CellMapping.CELL0_UUID, 'cell0'),
        (uuidutils.generate_uuid(), 'cell1'),
    ):
        objects.CellMapping(
            admin,
            uuid=uuid,
            name=name,
            transport_url='fake:/',
            database_connection=f'sqlite:///{state}/cell.sqlite',
        ).create()
    for flavor_id, (root, ephemeral, swap, specs) in FLAVORS.items():
        objects.Flavor(
            admin,
            name=flavor_id,
            flavorid=flavor_id,
            memory_mb=512,
            vcpus=1,
            root_gb=root,
            ephemeral_gb=ephemeral,
            swap=swap,
            rxtx_factor=1.0,
            is_public=True,
            extra_specs=specs,
        ).create()


def load_app(state, glance_url, name, change):
    """The sample paste file, with users from the token instead of Keystone."""
    sample = (ROOT / 'api-paste-nova.ini.sample').read_text()
    path = state / f'{name}-paste.ini'
    path.write_text(
        change(sample.replace('authtoken keystonecontext', 'users'))
        + f"""
[filter:users]
paste.filter_factory = tests.functional_nova.users:filter_factory
glance = {glance_url}
"""
    )
    return webtest.TestApp(deploy.loadapp(f'config:{path}', name='osapi_compute'))


@pytest.fixture(scope='session')
def plain_app(nova_conf, glance_server):
    """Nova alone."""
    return load_app(
        nova_conf,
        glance_server[1],
        'plain',
        lambda sample: sample.replace(' eic ', ' '),
    )


@pytest.fixture(scope='session')
def filtered_app(nova_conf, glance_server):
    """Nova behind the filter, in the sample's own order."""
    return load_app(nova_conf, glance_server[1], 'filtered', lambda sample: sample)


class Built:
    """The servers that nova-api asked the conductor for."""

    def __init__(self):
        self.calls = []

    def build(self, _context, **kwargs):
        self.calls.append(kwargs)

    def devices(self):
        """The block devices of the last call, as what decides the boot."""
        return [
            (
                bdm.source_type,
                bdm.destination_type,
                bdm.volume_size,
                bdm.delete_on_termination,
                bdm.volume_type,
            )
            for bdm in self.calls[-1]['block_device_mapping']
            if bdm.boot_index == 0
        ]


@pytest.fixture(autouse=True)
def built(monkeypatch):
    recorder = Built()
    monkeypatch.setattr(
        conductor.ComputeTaskAPI, 'schedule_and_build_instances', recorder.build
    )
    return recorder


def _no_volume(_api, _context, volume_id, **_kwargs):
    raise exception.VolumeNotFound(volume_id=volume_id)


def _no_snapshot(_api, _context, snapshot_id, **_kwargs):
    raise exception.SnapshotNotFound(snapshot_id=snapshot_id)


@pytest.fixture(autouse=True)
def volume_types(monkeypatch):
    """The volume types that Cinder has."""
    types = [{'id': 'f', 'name': 'fast'}]
    monkeypatch.setattr(cinder.API, 'get_all_volume_types', lambda *_: types)
    monkeypatch.setattr(cinder.API, 'get', _no_volume)
    monkeypatch.setattr(cinder.API, 'get_snapshot', _no_snapshot)
    return types


@pytest.fixture(autouse=True)
def _neutron(monkeypatch):
    monkeypatch.setattr(
        neutron.API,
        'validate_networks',
        lambda _self, _context, _networks, count: count,
    )
    monkeypatch.setattr(
        neutron.API,
        'create_resource_requests',
        lambda *_args, **_kwargs: (None, [], None),
    )
    monkeypatch.setattr(
        security_group_api, 'validate_name', lambda _context, name: name
    )
