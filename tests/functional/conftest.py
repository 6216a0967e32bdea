"""The real cinder-api in process, with and without the filter."""

import copy
import pathlib

import pytest
import webtest
from cinder import objects, rpc
from cinder.common import config as cinder_config  # noqa: F401 - registers CONF
from cinder.db import migration
from cinder.scheduler import rpcapi
from oslo_config import cfg
from paste import deploy

from tests.functional.glance_stub import (  # noqa: F401 - fixtures
    GlanceStub,
    as_new,
    serve,
)

ROOT = pathlib.Path(__file__).parents[2]
PROJECT = '0123456789abcdef0123456789abcdef'


@pytest.fixture(scope='session')
def stub():
    return GlanceStub()


@pytest.fixture(scope='session')
def cinder_conf(tmp_path_factory, glance_server):
    """Cinder on SQLite, with no message bus and the stub for Glance."""
    state = tmp_path_factory.mktemp('cinder')
    objects.register_all()
    config_file = state / 'cinder.conf'
    _, glance_url = glance_server
    config_file.write_text(f"""
[DEFAULT]
auth_strategy = noauth
transport_url = fake:/
state_path = {state}
glance_api_servers = {glance_url}
glance_num_retries = 0
quota_volumes = -1
quota_gigabytes = -1
[database]
connection = sqlite:///{state}/cinder.sqlite
sqlite_synchronous = False
[oslo_concurrency]
lock_path = {state}
[coordination]
backend_url = file://{state}
[eic]
auth_type = none
glance_endpoint = {glance_url}
glance_timeout = 20
filter_budget = 5
locations_ttl = 0
breaker_failures = 1000
hold_budget = 1.0
metrics_directory = {state}
""")
    cfg.CONF([], project='cinder', default_config_files=[str(config_file)])
    migration.db_sync()
    rpc.init(cfg.CONF)
    yield state
    rpc.cleanup()


def load_app(state, name, noauth_pipeline, options=()):
    """The sample paste file, with users from the token instead of Keystone.

    :param options: of the filter's section
    """
    sample = (ROOT / 'api-paste.ini.sample').read_text()
    keystone = next(
        line for line in sample.splitlines() if line.startswith('keystone = ')
    )
    pipeline = noauth_pipeline(keystone.removeprefix('keystone = '))
    kept = [line for line in sample.splitlines() if not line.startswith('noauth = ')]
    kept.insert(kept.index(keystone), f'noauth = {pipeline}')
    of_filter = kept.index('[filter:eic]') + 1
    kept[of_filter:of_filter] = [
        f'{key} = {value}' for key, value in dict(options).items()
    ]
    path = state / f'{name}-paste.ini'
    path.write_text('\n'.join(kept))
    return webtest.TestApp(deploy.loadapp(f'config:{path}', name='osapi_volume'))


@pytest.fixture(scope='session')
def plain_app(cinder_conf):
    """Cinder alone."""
    return load_app(
        cinder_conf,
        'plain',
        lambda pipeline: pipeline.replace(
            'authtoken keystonecontext', 'noauth'
        ).replace(' eic', ''),
    )


@pytest.fixture(scope='session')
def filtered_app(cinder_conf):
    """Cinder behind the filter, in the sample's own order."""
    return load_app(
        cinder_conf,
        'filtered',
        lambda pipeline: pipeline.replace('authtoken keystonecontext', 'noauth'),
    )


class Scheduled:
    """The volumes that cinder-api asked the scheduler for."""

    def __init__(self):
        self.requests = []

    def create_volume(self, _context, _volume, **kwargs):
        self.requests.append(copy.deepcopy(kwargs))

    def last_hints(self):
        properties = self.requests[-1]['filter_properties']
        return properties.get('scheduler_hints')


@pytest.fixture
def scheduled(monkeypatch):
    recorder = Scheduled()
    monkeypatch.setattr(rpcapi.SchedulerAPI, 'create_volume', recorder.create_volume)
    return recorder
