"""The files for Kolla-Ansible, as its own tasks put them into the containers."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.functional.recipes import checked, loaded, released

released.need('kolla_ansible')

HERE = Path(__file__).parent
RECIPE = HERE.parents[2] / 'recipes/kolla-ansible'
IMAGES = ('cinder-api', 'cinder-scheduler', 'cinder-volume', 'nova-api')
TIMEOUT = 60
VARIABLES = {
    'ansible_become': 'false',
    'api_interface_address': '127.0.0.1',
    'cinder_keystone_password': 'keystone-password-4711',
    'memcache_secret_key': 'memcache-secret-key-4711',
    'kolla_internal_vip_address': '192.0.2.1',
    # It is asked for with a filter of a collection that is not on PyPI.
    'kolla_same_external_internal_vip': 'true',
    'network_interface': 'lo',
    'node_custom_config': str(RECIPE / 'config'),
    'ontap_password': 'ontap-password-4711',
    'openstack_service_workers': '2',
}
EXTRA_VOLUMES = {
    f'{service}_api_extra_volumes': [
        f'/etc/kolla/eic/{service}.ini:/etc/{service}/api-paste.ini:ro'
    ]
    for service in ('cinder', 'nova')
}


class Containers:
    """What each container would find."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def generate(self) -> None:
        kolla = released.file_of(
            'kolla-ansible', 'share/kolla-ansible/ansible/site.yml'
        )
        share = kolla.parent
        released.play(
            HERE / 'kolla.yml',
            self.folder / 'ansible',
            {
                **VARIABLES,
                'kolla': str(share),
                'node_config_directory': str(self.folder),
            },
            f'--inventory={share}/inventory/all-in-one',
            f'--extra-vars=@{share.parent}/etc_examples/kolla/passwords.yml',
            f'--extra-vars=@{RECIPE}/globals.yml',
            f'--extra-vars={json.dumps(EXTRA_VOLUMES)}',
            ROLES_PATH=f'{share}/roles',
            LIBRARY=f'{share}/library',
            ACTION_PLUGINS=f'{share}/action_plugins',
            FILTER_PLUGINS=f'{share}/filter_plugins',
            MODULE_UTILS=f'{share}/module_utils',
        )

    def conf(self, container: str, name: str) -> Path:
        """A configuration file, with the files that it names beside it."""
        found = self.folder / container / name
        read = found.with_name(f'read-{name}')
        text = found.read_text()
        for service in ('cinder', 'nova'):
            text = text.replace(
                f'/etc/{service}/api-paste.ini', str(self.paste(service))
            )
        read.write_text(
            text.replace(
                '/var/lib/glance/nfs-metadata.json', f'{RECIPE}/nfs-metadata.json'
            )
        )
        if name == 'nova.conf':
            # Nova looks for it beside its nova.conf.
            shutil.copy(self.paste('nova'), read.with_name('api-paste.ini'))
        return read

    def paste(self, service: str) -> Path:
        """The api-paste.ini of the image."""
        path = self.folder / 'image/etc' / service / 'api-paste.ini'
        if not path.exists():
            path.parent.mkdir(parents=True)
            shutil.copy(released.paste_file(service), path)
            add_filter(self.folder / 'image')
        return path

    def services(self):
        return json.loads((self.folder / 'services.json').read_text())


def add_filter(root: Path, check: bool = True):
    return subprocess.run(
        [str(RECIPE / 'add-filter')],
        env={**os.environ, 'ROOT': str(root)},
        capture_output=True,
        text=True,
        check=check,
        timeout=TIMEOUT,
    )


@pytest.fixture(scope='module')
def containers(tmp_path_factory: pytest.TempPathFactory) -> Containers:
    found = Containers(tmp_path_factory.mktemp('kolla'))
    found.generate()
    return found


def test_what_the_containers_find_is_what_eic_check_wants(
    containers: Containers,
) -> None:
    files = {
        'cinder': containers.conf('cinder-volume', 'cinder.conf'),
        'nova': containers.conf('nova-api', 'nova.conf'),
        'glance': containers.conf('glance-api', 'glance-api.conf'),
    }
    assert checked.complaints(files) == {}


def test_cinder_loads_driver_weigher_and_credentials(containers: Containers) -> None:
    found = loaded.backends(containers.conf('cinder-volume', 'cinder.conf'))
    assert found['drivers'] == {'ontap-nfs': 'eic_plugins.volume.nfs.EICNfsDriver'}
    assert found['weighers'] == ['CapacityWeigher', 'EICImageLocalityWeigher']
    assert found['unknown_weighers'] == []
    assert (found['user'], found['project']) == ('cinder', 'service')
    assert found['password'] == 'keystone-password-4711'


def test_only_cinder_volume_has_the_password_of_ontap(containers: Containers) -> None:
    holders = {
        path.parent.name
        for path in containers.folder.glob('*/*.conf')
        if 'ontap-password-4711' in path.read_text()
    }
    assert holders == {'cinder-volume'}


def test_both_apis_load_the_filter(containers: Containers) -> None:
    for service, container, name in (
        ('cinder', 'cinder-api', 'CinderFilter'),
        ('nova', 'nova-api', 'NovaFilter'),
    ):
        conf = containers.conf(container, f'{service}.conf')
        found = loaded.pipelines(service, conf, containers.paste(service))
        for classes in found.values():
            assert classes[-2] == f'eic_plugins.middleware.{service}:{name}'


def test_the_paste_files_of_the_images_stay(containers: Containers) -> None:
    """Kolla-Ansible writes none over them: so the image is the place for them."""
    for container in IMAGES:
        config = json.loads((containers.folder / container / 'config.json').read_text())
        written = [each['dest'] for each in config['config_files']]
        assert written
        assert not [path for path in written if 'paste' in path]


def test_a_paste_file_of_ones_own_can_be_mounted(containers: Containers) -> None:
    services = containers.services()
    for service in ('cinder', 'nova'):
        (mount,) = EXTRA_VOLUMES[f'{service}_api_extra_volumes']
        assert mount in services[f'{service}-api']['volumes']


def test_the_containers_run_the_images_that_were_built(containers: Containers) -> None:
    services = containers.services()
    for image in IMAGES:
        built, _, tag = services[image]['image'].rpartition(':')
        assert built == f'registry.example.org/eic/{image}'
        assert tag


def test_glance_has_its_export_where_the_metadata_says(containers: Containers) -> None:
    metadata = json.loads((RECIPE / 'nfs-metadata.json').read_text())
    volumes = containers.services()['glance-api']['volumes']
    assert f'/mnt/glance:{metadata["mountpoint"]}/' in volumes
    conf = (containers.folder / 'glance-api/glance-api.conf').read_text()
    assert f'filesystem_store_metadata_file = {metadata["mountpoint"]}/' in conf
    assert f'filesystem_store_datadir = {metadata["mountpoint"]}/images/' in conf


def test_the_filter_is_added_once(tmp_path: Path) -> None:
    paste = tmp_path / 'etc/cinder/api-paste.ini'
    paste.parent.mkdir(parents=True)
    shutil.copy(released.paste_file('cinder'), paste)
    add_filter(tmp_path)
    once = paste.read_text()
    add_filter(tmp_path)
    assert paste.read_text() == once


def test_a_build_stops_at_pipelines_that_it_does_not_know(tmp_path: Path) -> None:
    paste = tmp_path / 'etc/cinder/api-paste.ini'
    paste.parent.mkdir(parents=True)
    text = released.paste_file('cinder').read_text()
    paste.write_text(text.replace('keystonecontext apiv3', 'keystonecontext apiv4'))
    done = add_filter(tmp_path, check=False)
    assert done.returncode == 1
    assert 'other pipelines' in done.stderr


def test_four_images_are_built_and_run_as_before(tmp_path: Path) -> None:
    docker = tmp_path / 'docker'
    docker.write_text(
        '#!/bin/sh\n'
        f'echo "$@" >> {tmp_path}/calls\n'
        'case "$*" in "image inspect"*cinder-volume*) echo cinder ;; esac\n'
    )
    docker.chmod(0o755)
    subprocess.run(
        [str(RECIPE / 'build'), 'quay.example/kolla', '2026.2', 'registry.example/eic'],
        env={**os.environ, 'DOCKER': str(docker)},
        check=True,
        timeout=TIMEOUT,
    )
    calls = (tmp_path / 'calls').read_text().splitlines()
    assert [call.split()[0] for call in calls] == ['pull', 'image', 'build', 'push'] * 4
    builds = [call for call in calls if call.startswith('build')]
    for image, call in zip(IMAGES, builds, strict=True):
        user = 'cinder' if image == 'cinder-volume' else 'root'
        assert call == (
            f'build --build-arg BASE=quay.example/kolla/{image}:2026.2 --build-arg '
            f'RUN_AS={user} --tag registry.example/eic/{image}:2026.2 {RECIPE}'
        )


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    hadolint = Path(sys.executable).with_name('hadolint')
    done = subprocess.run(
        [str(hadolint), str(RECIPE / 'Dockerfile')],
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_shellcheck_finds_nothing() -> None:
    checked.shellcheck(RECIPE / 'build', RECIPE / 'add-filter')
