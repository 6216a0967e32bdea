"""The variables for OpenStack-Ansible, merged into the files of the services.

Its roles are on no package index. So the tests merge as its ``config_template`` does:
an override is a section's option, in place of what is there. With
``EIC_OPENSTACK_ANSIBLE=DIRECTORY``, which has checkouts named ``os_cinder``,
``os_glance``, ``os_nova`` and ``config_template``, the roles' own templates and action
do it, too.
"""

import configparser
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.functional.recipes import checked, loaded, released

released.need('ansible')

HERE = Path(__file__).parent
RECIPE = HERE.parents[2] / 'recipes/openstack-ansible'
USER = RECIPE / 'user_variables_eic.yml'
GROUP = RECIPE / 'group_vars/cinder_volume.yml'
OTHERS = HERE / 'openstack_ansible_others.yml'
ROLES = os.environ.get('EIC_OPENSTACK_ANSIBLE')
needs_roles = pytest.mark.skipif(
    not ROLES, reason='EIC_OPENSTACK_ANSIBLE names no checkouts of the roles'
)
PASTE = {'cinder': 'cinder-paste.ini', 'nova': 'nova-paste.ini'}
VARIABLES = tuple(f'--extra-vars=@{each}' for each in (USER, GROUP, OTHERS))


def _overrides(folder: Path) -> dict[str, Any]:
    released.play(
        HERE / 'openstack_ansible.yml',
        folder / 'ansible',
        {'folder': str(folder)},
        '--inventory=localhost,',
        *VARIABLES,
    )
    return json.loads((folder / 'overrides.json').read_text())


def _merge(folder: Path) -> None:
    found = _overrides(folder)
    backends = {
        name: {key: value for key, value in each.items() if key != 'shares'}
        for name, each in found['backends'].items()
    }
    conf = {'DEFAULT': {'enabled_backends': ','.join(backends)}, **backends}
    _write(folder / 'cinder.conf', conf, found['cinder.conf'])
    store = {'filesystem_store_datadir': '/var/lib/glance/images/'}
    _write(folder / 'glance-api.conf', {'file': store}, found['glance-api.conf'])
    _write(folder / 'nova.conf', {}, found['nova.conf'])
    for service, name in PASTE.items():
        paste = _parser()
        paste.read(released.paste_file(service))
        _write(folder / name, _sections(paste), found[name])


def _write(path: Path, *layers: Mapping[str, Mapping[str, Any]]) -> None:
    parser = _parser()
    for layer in layers:
        parser.read_dict(layer)
    with path.open('w') as file:
        parser.write(file)


def _parser() -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(default_section='', strict=False)
    parser.optionxform = str
    return parser


def _sections(parser: configparser.RawConfigParser) -> dict[str, dict[str, str]]:
    return {name: dict(parser.items(name)) for name in parser.sections()}


def _run_roles(folder: Path) -> None:
    released.play(
        HERE / 'openstack_ansible_roles.yml',
        folder / 'ansible',
        {
            'folder': str(folder),
            'roles': str(ROLES),
            'cinder_paste': str(released.paste_file('cinder')),
            'nova_paste': str(released.paste_file('nova')),
        },
        f'--inventory={HERE}/openstack_ansible_hosts',
        *VARIABLES,
        ACTION_PLUGINS=f'{ROLES}/config_template/plugins/action',
    )


@pytest.fixture(
    scope='module',
    params=[_merge, pytest.param(_run_roles, marks=needs_roles)],
    ids=['merged', 'roles'],
)
def written(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of all files, each with what it names beside it."""
    folder = tmp_path_factory.mktemp('openstack-ansible')
    request.param(folder)
    for service, name in PASTE.items():
        conf, paste = folder / f'{service}.conf', folder / service / 'api-paste.ini'
        paste.parent.mkdir()
        shutil.copy(folder / name, paste)
        text = conf.read_text().replace(f'/etc/{service}/api-paste.ini', str(paste))
        paste.with_name(conf.name).write_text(text)
    glance = folder / 'glance-api.conf'
    place = '/var/lib/glance/images/nfs-metadata.json'
    assert place in glance.read_text()
    glance.write_text(
        glance.read_text().replace(place, str(RECIPE / 'nfs-metadata.json'))
    )
    return folder


def test_what_is_written_is_what_eic_check_wants(written: Path) -> None:
    files = {
        'cinder': written / 'cinder/cinder.conf',
        'nova': written / 'nova/nova.conf',
        'glance': written / 'glance-api.conf',
    }
    assert checked.complaints(files) == {}


def test_cinder_loads_driver_weigher_and_credentials(written: Path) -> None:
    found = loaded.backends(written / 'cinder/cinder.conf')
    assert found['drivers'] == {'ontap-nfs': 'eic_plugins.volume.nfs.EICNfsDriver'}
    assert found['weighers'] == ['CapacityWeigher', 'EICImageLocalityWeigher']
    assert found['unknown_weighers'] == []
    assert (found['user'], found['project']) == ('cinder', 'service')
    assert found['password'] == 'keystone-password-4711'


def test_both_apis_load_the_filter(written: Path) -> None:
    for service, name in (('cinder', 'CinderFilter'), ('nova', 'NovaFilter')):
        conf = written / service / f'{service}.conf'
        found = loaded.pipelines(service, conf, conf.with_name('api-paste.ini'))
        for classes in found.values():
            assert classes[-2] == f'eic_plugins.middleware.{service}:{name}'


def test_the_pipelines_are_those_of_the_release_and_the_filter() -> None:
    """An override is a whole line, so what a release changes is to be seen here."""
    variables = yaml.safe_load(USER.read_text())
    for service in PASTE:
        paste = _parser()
        paste.read(released.paste_file(service))
        overrides = variables[f'{service}_api_paste_ini_overrides']
        lines = [
            (section, option, line)
            for section, options in overrides.items()
            if section.startswith('composite:')
            for option, line in options.items()
        ]
        assert len(lines) == 2
        for section, option, line in lines:
            assert line.replace(' eic ', ' ') == paste[section][option]


def test_the_package_goes_to_cinder_and_to_nova(tmp_path: Path) -> None:
    packages = _overrides(tmp_path)['packages']
    assert len(packages) == 2
    assert all(each.endswith('#egg=eic-plugins') for each in packages)


def test_glance_has_its_export_where_the_metadata_says() -> None:
    metadata = json.loads((RECIPE / 'nfs-metadata.json').read_text())
    (mount,) = yaml.safe_load(USER.read_text())['glance_remote_client']
    assert metadata['mountpoint'] == mount['where']
    address, _, export = mount['what'].partition(':')
    assert metadata['share_location'] == f'nfs://{address}{export}'


@needs_roles
def test_each_variable_is_one_of_a_role() -> None:
    known = {
        name
        for role in ('os_cinder', 'os_glance', 'os_nova')
        for name in yaml.safe_load(
            (Path(ROLES) / role / 'defaults/main.yml').read_text()
        )
    }
    used = yaml.safe_load(USER.read_text()).keys() - {'eic_package'}
    assert used <= known
    assert (
        'cinder_backends'
        in (Path(ROLES) / 'os_cinder/templates/cinder.conf.j2').read_text()
    )
