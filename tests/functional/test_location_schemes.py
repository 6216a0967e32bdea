"""Who may register which location, by the released Glance's own code.

Of each scheme that EIC reads: a member of the image's project may register
``cinder://`` alone. Glance runs in a process of its own, for its options are
others than Cinder's.
"""

import json
import subprocess
import sys

import pytest

from eic_plugins.glance.locations import LocationReader

CODE = """
import json, sys
import glance_store
from glance_store import backend
from oslo_config import cfg
from glance.common import config, store_utils
from glance.policies import image
backend.register_opts(cfg.CONF)
config.parse_args(["--config-file", "/dev/null"])
cfg.CONF.set_override("stores", ["file", "http", "cinder"],
                      "glance_store")
backend.create_stores(cfg.CONF)
known = sorted(backend.get_known_schemes())
uris = json.loads(sys.argv[1])
rules = {rule.name: str(rule.check_str) for rule in image.list_rules()}
print(json.dumps({"known": known, "rules": rules, "may": {
    uri: store_utils.validate_external_location(uri) for uri in uris}}))
"""
LOCATIONS = {
    'file': [
        'file:///var/lib/glance/images/x',
        'FILE:///etc/passwd',
        'file://localhost/x',
        'filesystem:///x',
    ],
    'nfs': ['nfs://192.0.2.11/images/x'],
    'cinder': ['cinder://2f0b9e1c-7c5e-4c6e-9d3b-0c1f4a7f0d11'],
}
BY_MEMBERS = {'file': False, 'nfs': False, 'cinder': True}


@pytest.fixture(scope='module')
def glance():
    uris = [uri for each in LOCATIONS.values() for uri in each]
    done = subprocess.run(
        [sys.executable, '-c', CODE, json.dumps(uris)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_each_scheme_that_is_read_stands_here():
    assert set(LocationReader.from_entry_points().schemes) == set(LOCATIONS)


@pytest.mark.parametrize('scheme', LOCATIONS)
def test_who_may_register_a_location(glance, scheme):
    assert {glance['may'][uri] for uri in LOCATIONS[scheme]} == {BY_MEMBERS[scheme]}


def test_nothing_but_the_stores_own_schemes_is_registered(glance):
    assert {'file', 'cinder'} <= set(glance['known'])
    assert 'nfs' not in glance['known']


def test_a_member_may_register_and_a_service_alone_may_read(glance):
    rules = glance['rules']
    assert 'role:member' in rules['add_image_location']
    assert rules['fetch_image_location'] == 'rule:service_api' or (
        'role:service' in rules['fetch_image_location']
    )
