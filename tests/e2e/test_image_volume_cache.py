"""Cinder's own image-volume cache, for the unmodified stock driver.

Two pools of LUNs, ``block_one`` and ``block_two``, and a volume type that leads
to both. Counted are the requests by which Glance sent the image's bytes.
"""

import collections
import hashlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from lab import cinder, image_volumes, simulator, weigher
from lab.files import read_json
from lab.topology import BLOCK_BACKENDS
from tests.e2e.deadline import DEADLINE, wait_for
from tests.e2e.user import IMAGE_SIZE

TYPE = 'stock-iscsi'
POOLS = [f'lab-stock@stock-block#block_{name}' for name in ('one', 'two')]
N = 10


class Cache:
    """Cinder's cache of one image, and the command that fills it."""

    def __init__(self, lab, cloud, image):
        self.lab, self.cloud, self.image = lab, cloud, image
        self._luns = Path(
            f'/proc/{lab.holder()}/root'
            f'{simulator.svm_directory(lab, BLOCK_BACKENDS[0])}'
        )

    def run(self, *arguments, **options):
        """`eic precache` of the image, to its end."""
        return subprocess.run(
            image_volumes.precache_command(
                self.lab, self.image, '-f', 'json', *arguments, **options
            ),
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )

    def precache(self, pool='stock-block', **options):
        """The exit status, and outcome and reason for each of the pools."""
        done = self.run('--pool', pool, **options)
        assert done.stdout, done.stderr
        return done.returncode, {
            row['Pool']: (row['Outcome'], row['Reason'])
            for row in json.loads(done.stdout)
        }

    def start_precache(self, pool):
        return subprocess.Popen(
            image_volumes.precache_command(self.lab, self.image, '--pool', pool),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def pools(self):
        """The pools that have an image-volume."""
        return sorted(
            volume['os-vol-host-attr:host']
            for volume in image_volumes.of(self.lab, self.image)
        )

    def seeds(self, field='status'):
        listed = self.cloud.admin.cinder(
            'GET', f'/volumes/detail?all_tenants=1&name=eic-precache-{self.image}'
        )['volumes']
        return [volume[field] for volume in listed]

    def scheduled(self):
        """True once the one seed is with the cinder-volume of its pool."""
        return self.seeds('os-vol-host-attr:host') == POOLS[:1]

    def sha256(self, volume, host):
        path = self._luns / host.partition('#')[2] / f'volume-{volume["id"]}'
        with path.open('rb') as stream:
            return hashlib.sha256(stream.read(IMAGE_SIZE)).hexdigest()

    def hosts(self, volumes):
        """The pool of each volume, as an admin sees it."""
        listed = self.cloud.admin.cinder('GET', '/volumes/detail?all_tenants=1')[
            'volumes'
        ]
        found = {each['id']: each['os-vol-host-attr:host'] for each in listed}
        return [found[volume['id']] for volume in volumes]

    def create_at_once(self, count, volume_type=TYPE):
        started = [self.cloud.start(self.image, volume_type) for _ in range(count)]
        return [self.cloud.ended(volume) for volume in started]

    def check(self, volumes, digest):
        """All of them available, with the image's bytes; their pools."""
        assert {volume['status'] for volume in volumes} == {'available'}
        hosts = self.hosts(volumes)
        assert {self.sha256(*pair) for pair in zip(volumes, hosts, strict=True)} == {
            digest
        }
        return collections.Counter(hosts)


@pytest.fixture
def cache(lab, cloud, image):
    yield Cache(lab, cloud, image)
    image_volumes.remove(lab, image)


@pytest.fixture
def no_weigher(lab, services):
    """cinder-scheduler as it is released."""
    with weigher.left_out(lab):
        assert weigher.NAME not in cinder.common_config(lab).read_text()
        yield


def test_after_one_precache_every_volume_is_a_hit(cache, cloud, digest):
    assert cache.precache() == (0, dict.fromkeys(POOLS, ('made', 'not_cached')))
    assert cache.pools() == POOLS
    assert cache.seeds() == []
    precached = cloud.downloads(cache.image)
    assert precached == len(POOLS)
    volumes = [cloud.create(cache.image, TYPE) for _ in range(N)]
    assert sum(cache.check(volumes, digest).values()) == N
    assert cloud.downloads(cache.image) == precached


def test_a_second_precache_does_nothing(cache, cloud):
    cache.precache()
    before = cloud.downloads(cache.image)
    assert cache.precache() == (0, dict.fromkeys(POOLS, ('skipped', 'cached')))
    assert cloud.downloads(cache.image) == before
    assert cache.seeds() == []


def test_with_an_entry_in_one_pool_the_weigher_sends_all_volumes_there(
    cache, cloud, digest
):
    cache.precache('block_one')
    before = cloud.downloads(cache.image)
    hosts = cache.check([cloud.create(cache.image, TYPE) for _ in range(N)], digest)
    assert hosts == {POOLS[0]: N}
    assert cloud.downloads(cache.image) == before


def test_without_precache_and_weigher_hits_are_a_matter_of_chance(
    cache, cloud, digest, no_weigher, record_property
):
    volumes = [cloud.create(cache.image, TYPE) for _ in range(N)]
    hosts = cache.check(volumes, digest)
    misses = cloud.downloads(cache.image)
    record_property('misses', misses)
    # One for each pool that a volume happens to land in first.
    assert misses == len(hosts) >= 1


def test_simultaneous_first_volumes_download_once_in_a_pool(cache, cloud, digest):
    hosts = cache.check(cache.create_at_once(6), digest)
    assert cloud.downloads(cache.image) == len(hosts) <= len(POOLS)
    assert cache.pools() == sorted(hosts)


def test_simultaneous_first_volumes_in_one_pool_download_once(cache, cloud, digest):
    hosts = cache.check(cache.create_at_once(6, 'stock-block-one'), digest)
    assert hosts == {POOLS[0]: 6}
    assert cloud.downloads(cache.image) == 1


def test_what_a_killed_precache_left_is_deleted_by_the_next(
    lab, cache, cloud, services
):
    # A cinder-volume that stands still keeps the seed in the making.
    volume = cinder.volume_service('stock')
    services.pause(volume)
    running = cache.start_precache('block_one')
    wait_for(cache.scheduled, 'a seed volume')
    running.send_signal(signal.SIGKILL)
    running.wait(DEADLINE)
    services.resume(volume)
    wait_for(lambda: cache.seeds() == ['available'], 'the seed to be made')
    code, results = cache.precache()
    assert code == 0
    assert results[POOLS[0]] == ('skipped', 'cached')
    wait_for(lambda: cache.seeds() == [], 'the seed to be deleted')
    assert cloud.downloads(cache.image) == len(POOLS)


def test_what_a_cinder_volume_that_died_left_is_deleted_and_made_again(
    cache, cloud, services
):
    volume = cinder.volume_service('stock')
    services.pause(volume)
    running = cache.start_precache('block_one')
    wait_for(cache.scheduled, 'a seed volume')
    running.send_signal(signal.SIGKILL)
    running.wait(DEADLINE)
    services.pause('glance')
    services.resume(volume)
    # It is stuck in front of Glance until it is killed.
    services.command('restart', volume)
    services.resume('glance')
    wait_for(lambda: cache.seeds() == ['error'], 'the seed to be in error')
    assert cache.precache() == (0, dict.fromkeys(POOLS, ('made', 'not_cached')))
    wait_for(lambda: cache.seeds() == [], 'the seed to be deleted')
    assert cache.pools() == POOLS


def test_an_image_that_changed_gets_another_entry(cache, cloud, digest):
    cache.precache('block_one')
    time.sleep(1)  # Glance's updated_at counts seconds.
    cloud.api.request(
        'PATCH',
        'glance',
        f'/v2/images/{cache.image}',
        [{'op': 'replace', 'path': '/name', 'value': 'renamed'}],
        {'Content-Type': 'application/openstack-images-v2.1-json-patch'},
    )
    assert cache.precache()[1][POOLS[0]] == ('made', 'image_changed')
    before = cloud.downloads(cache.image)
    cache.check([cloud.create(cache.image, 'stock-block-one')], digest)
    assert cloud.downloads(cache.image) == before


def test_without_the_backends_section_nothing_is_downloaded(lab, cache, cloud):
    tenant = read_json(lab.paths / 'cinder/internal-tenant.json')
    alone = cinder.etc(lab) / f'tenant-{os.getpid()}.conf'
    alone.write_text(
        '[DEFAULT]\n' + ''.join(f'{key} = {value}\n' for key, value in tenant.items())
    )
    try:
        configs = [cinder.common_config(lab), alone]
        assert cache.precache(configs=configs) == (
            1,
            dict.fromkeys(POOLS, ('failed', 'cache_unknown')),
        )
    finally:
        alone.unlink()
    assert cloud.downloads(cache.image) == 0


def test_without_an_internal_tenant_it_says_what_to_configure(lab, cache):
    done = cache.run(configs=[cinder.common_config(lab)])
    assert done.returncode == 1
    assert 'cinder_internal_tenant_project_id' in done.stderr


def test_a_backend_with_its_cache_off_is_said_to_be(cache, cloud):
    code, results = cache.precache('stock-silver')
    assert code == 1
    assert set(results.values()) == {('failed', 'cache_off')}
    assert cloud.downloads(cache.image) == 0
