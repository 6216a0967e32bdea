"""What `eic check` takes for the services' options and defaults is what they have."""

import json
import subprocess
import sys

import pytest

from eic_plugins.cli.checks import options, product, versions
from tests.functional import internals

NEWEST = internals.release() == list(internals.RELEASES.values())[-1]
"""Older releases have fewer options."""
_OBJECTS = """
from cinder import objects
objects.register_all()
"""
_CINDER = """
import cinder.common.config, cinder.coordination, cinder.image.glance
import cinder.scheduler.host_manager, cinder.scheduler.weights.capacity
import cinder.scheduler.weights.volume_number, cinder.volume.manager
import cinder.image.image_utils, cinder.service
import oslo_messaging.notify.notifier as notifier, oslo_db.options as db
from keystonemiddleware.auth_token import _opts
from oslo_config import cfg
CONF = cfg.CONF
CONF([], project='cinder', default_config_files=[])
"""
_BACKEND = """
from cinder.volume import configuration, driver
from cinder.volume.drivers import nfs, remotefs
from cinder.volume.drivers.netapp import options as netapp
import cinder.volume.manager as manager
of_netapp = [v for n, v in vars(netapp).items() if n.endswith('_opts')]
lists = [driver.volume_opts, driver.image_opts, nfs.nfs_opts, remotefs.nas_opts,
         manager.volume_backend_opts, *of_netapp]
found = {o.dest: o.default for each in lists for o in each}
names = sorted(o.name for each in of_netapp for o in each)
"""
_NOVA = """
import nova.conf
CONF = nova.conf.CONF
CONF([], default_config_files=[])
"""
_OF_PROGRAMS = {'api_paste_config', 'cluster', 'host', 'state_path'}
_PRINT = """
import json
print('JSON' + json.dumps(%s, default=str))
"""


def ask(script: str, what: str):
    answer = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', script + _PRINT % what],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return json.loads(answer.stdout.rpartition('JSON')[2])


def normal(value):
    return json.loads(json.dumps(value, default=str))


def test_the_options_of_backends_are_those_of_cinder():
    found = ask(_OBJECTS + _BACKEND, 'found')
    ours = {o.dest: normal(o.default) for o in options.BACKEND}
    ours.pop('backend_host')  # of the program cinder-volume
    missing = set(ours) - set(found)
    assert {name: found.get(name) for name in set(ours) - missing} == {
        name: ours[name] for name in set(ours) - missing
    }
    assert not (missing and NEWEST)


def test_the_netapp_options_are_all_there():
    released = {n for n in ask(_OBJECTS + _BACKEND, 'names') if n.startswith('netapp_')}
    renamed = {'netapp_storage_pools', 'netapp_volume_list'}
    known = options.NETAPP_NAMES - renamed
    assert released <= known
    assert released == known or not NEWEST


@pytest.mark.parametrize('section', ['DEFAULT', 'coordination'])
def test_the_options_of_cinder_have_its_defaults(section):
    group = 'CONF' if section == 'DEFAULT' else f'CONF.{section}'
    ours = {
        o.dest: normal(o.default)
        for o in options.CINDER[section]
        if '$' not in str(o.default) and o.dest not in _OF_PROGRAMS
    }
    found = ask(
        _OBJECTS + _CINDER, f'{{n: getattr({group}, n, "?") for n in {list(ours)}}}'
    )
    assert found == ours


def test_the_options_of_nova_have_its_defaults():
    # Nova 34 has no [api] auth_strategy any more; older ones have.
    for section in ('DEFAULT', 'wsgi', 'cinder', 'service_user'):
        group = 'CONF' if section == 'DEFAULT' else f'CONF.{section}'
        ours = {
            o.dest: normal(o.default)
            for o in options.NOVA[section]
            if (section, o.dest) != ('DEFAULT', 'api_paste_config')
        }
        found = ask(
            _NOVA,
            f'{{n: getattr({group}, n, "?") for n in {list(ours)}}}',
        )
        assert found == ours, section


def test_the_options_of_glances_file_store_are_there():
    script = 'from glance_store._drivers import filesystem\n'
    what = '{o.dest: o.default for o in filesystem._FILESYSTEM_CONFIGS}'
    found = ask(script, what)
    assert {o.dest for o in options.FILE_STORE} <= set(found)
    assert found['filesystem_store_datadir'] == options.DATADIR


def test_the_installed_services_are_supported_ones():
    assert list(versions.openstack_versions(None)) == []


@pytest.mark.parametrize('name', product.DRIVERS.values())
def test_the_drivers_are_there(name):
    module, _, driver = name.rpartition('.')
    assert ask(f'{_OBJECTS}import {module} as m\n', f'hasattr(m, {driver!r})')
