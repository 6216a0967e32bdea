"""Who sets a deprecated option in ``[eic]`` reads in Cinder's log what to say instead.

EIC's own options have no older names. Those of keystoneauth do, and are read as
deployments have them.
"""

import subprocess
import sys

import pytest

KEYSTONE = 'http://127.0.0.1:9/v3'
OPTIONS = f"""
filter_budget = 20
postpone_deletions = False
auth_plugin = password
auth_url = {KEYSTONE}
user_name = eic
password = secret
tenant_name = service
user_domain_name = Default
project_domain_name = Default
"""
RENAMED = {
    'auth_plugin': 'auth_type',
    'tenant_name': 'project-name',
    'user_name': 'username',
}
_CINDER_API = """
import sys
import webob
import webtest
from cinder import objects
from cinder.common import config
from oslo_config import cfg
from oslo_log import log
from eic_plugins.middleware.cinder import filter_factory
objects.register_all()
cfg.CONF([], project='cinder', default_config_files=sys.argv[1:])
log.setup(cfg.CONF, 'cinder')
app = webtest.TestApp(filter_factory({})(webob.Response()))
volume = {'size': 1, 'imageRef': '0c2d4b6e-7d0a-4d6c-9a40-0d9d9c6b1f11'}
app.post_json('/v3/volumes', {'volume': volume})
"""
"""As cinder-api's WSGI program does it, with the filter alone: one look-up."""


@pytest.fixture
def log(tmp_path):
    conf, path = tmp_path / 'cinder.conf', tmp_path / 'cinder.log'
    conf.write_text(f'[DEFAULT]\nlog_file = {path}\n[eic]{OPTIONS}')
    subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', _CINDER_API, str(conf)],
        check=True,
        timeout=120,
    )
    return path.read_text().splitlines()


def test_a_deprecated_option_works_and_warns_with_the_name_that_replaces_it(log):
    for old, new in RENAMED.items():
        (line,) = [each for each in log if f'"{old}"' in each]
        assert ' WARNING ' in line
        assert f'Use option "{new}" from group "eic"' in line
    assert any(f'contacting {KEYSTONE}' in each for each in log)
    assert 'secret' not in '\n'.join(log)
