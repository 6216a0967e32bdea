"""Two cinder-volume processes on one backend: its first volumes at once are
one copy, or one download.
"""

import concurrent.futures
import json

import pytest

from lab import cinder, files
from lab.paths import venv_bin
from lab.service import Service
from tests.e2e.deadline import wait_for

FIRST = cinder.volume_service('eic')
SECOND = f'{FIRST}-2'
VOLUMES = 10
STARTED = 'Driver post RPC initialization completed successfully'
BACKENDS = 3


class Log:
    """What a service says from now on."""

    def __init__(self, lab, name):
        self._path = lab.paths.log(name)
        self._from = self._path.stat().st_size if self._path.exists() else 0

    def text(self):
        with self._path.open('rb') as stream:
            stream.seek(self._from)
            return stream.read().decode(errors='replace')


@pytest.fixture(scope='module')
def second(lab):
    """Another process with the same configuration: it shares the requests."""
    configs = tuple(cinder.volume_configs(lab, 'eic'))
    flags = files.config_flags(configs)
    assert lab.processes.alive(FIRST)
    log = Log(lab, SECOND)
    lab.ensure(
        Service(
            SECOND,
            (venv_bin('cinder-volume'), *flags),
            configs=configs,
            in_namespace=True,
            stop_seconds=20,
        ),
        lambda: log.text().count(STARTED) == BACKENDS,
    )
    yield
    lab.processes.stop(SECOND)


def create_at_once(cloud, lab, image, volume_type):
    """Volumes of one image, made by both processes."""
    logs = [Log(lab, name) for name in (FIRST, SECOND)]
    with concurrent.futures.ThreadPoolExecutor(VOLUMES) as pool:
        volumes = list(
            pool.map(lambda _: cloud.create(image, volume_type), range(VOLUMES))
        )
    assert [volume['status'] for volume in volumes] == ['available'] * VOLUMES
    made = [
        {
            volume['id']
            for volume in volumes
            if f'Volume {volume["id"]} of image' in log.text()
        }
        for log in logs
    ]
    assert made[0] and made[1]
    assert not made[0] & made[1]
    return volumes


def downloads(lab, image):
    """How often Glance was asked for an image's bytes."""
    lines = lab.paths.access_log('glance').read_text().splitlines()
    return [
        entry
        for entry in map(json.loads, lines)
        if entry['path'] == f'/v2/images/{image}/file' and entry['method'] == 'GET'
    ]


def test_first_volumes_of_two_processes_are_one_copy(
    second, cloud, image, digest, lab, ontap
):
    mark = ontap.calls()['last']
    volumes = create_at_once(cloud, lab, image, 'eic-gold')
    assert len(ontap.file_copies(mark)) == 1
    routes = sorted(volume['metadata']['eic_route'] for volume in volumes)
    assert routes == ['cached'] * (VOLUMES - 1) + ['copy_offload']
    assert {cloud.sha256(volume, 'gold') for volume in volumes} == {digest}


def test_first_volumes_of_two_processes_are_one_download(
    second, cloud, image, digest, lab
):
    volumes = create_at_once(cloud, lab, image, 'eic-remote')
    wait_for(lambda: downloads(lab, image), 'the access log')
    assert len(downloads(lab, image)) == 1
    routes = sorted(volume['metadata']['eic_route'] for volume in volumes)
    assert routes == ['cached'] * (VOLUMES - 1) + ['download']
    assert {cloud.sha256(volume, 'remote') for volume in volumes} == {digest}
