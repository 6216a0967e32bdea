"""Block volumes on the real services: LUNs, reached as files."""

import hashlib
from pathlib import Path

import pytest
from oslo_utils import units

from lab import image_volumes, simulator
from lab.topology import BLOCK_BACKENDS
from tests.e2e.user import IMAGE_SIZE


class Luns:
    """The LUNs of the lab's block backend, as files and over REST."""

    def __init__(self, lab, ontap, cloud):
        self._root = Path(
            f'/proc/{lab.holder()}/root'
            f'{simulator.svm_directory(lab, BLOCK_BACKENDS[0])}'
        )
        self._lab = lab
        self._ontap = ontap
        self._cloud = cloud

    def file(self, pool, volume):
        return self._root / pool / f'volume-{volume["id"]}'

    def sha256(self, pool, volume):
        with self.file(pool, volume).open('rb') as stream:
            return hashlib.sha256(stream.read(IMAGE_SIZE)).hexdigest()

    def clean_up(self):
        """Cached images are nobody's volumes: they stay until they are evicted."""
        for image in self._cloud.images:
            self._ontap.rest('DELETE', '/storage/luns', name=f'*/img-cache-{image}')
            image_volumes.remove(self._lab, image)


@pytest.fixture
def luns(lab, ontap, cloud):
    found = Luns(lab, ontap, cloud)
    yield found
    found.clean_up()


@pytest.mark.parametrize('pool', ['one', 'two'])
def test_the_stock_driver_writes_an_image_into_a_lun(cloud, image, digest, luns, pool):
    volume = cloud.create(image, f'stock-block-{pool}')
    assert volume['status'] == 'available'
    assert luns.file(f'block_{pool}', volume).stat().st_size == units.Gi
    assert luns.sha256(f'block_{pool}', volume) == digest


def test_an_image_is_downloaded_once_and_copied_to_the_other_pool(
    cloud, image, digest, luns, ontap
):
    before = ontap.control('GET', '/counters')
    made = {pool: cloud.create(image, f'eic-block-{pool}') for pool in ('one', 'two')}
    after = ontap.control('GET', '/counters')
    assert [volume['metadata']['eic_route'] for volume in made.values()] == [
        'download',
        'copy_offload',
    ]
    assert {luns.sha256(f'block_{pool}', volume) for pool, volume in made.items()} == {
        digest
    }
    assert cloud.downloads(image) == 1
    assert (after['lun_copies']['finished'] - before['lun_copies']['finished']) == 1
    assert after['lun_clones'] - before['lun_clones'] == 2


def test_a_hit_is_a_lun_clone_of_at_most_three_calls(cloud, image, digest, luns, ontap):
    cloud.create(image, 'eic-block-one')
    before = ontap.calls()['last']
    volume = cloud.create(image, 'eic-block-one')
    assert volume['metadata']['eic_route'] == 'cached'
    assert luns.sha256('block_one', volume) == digest
    ours = [
        call
        for call in ontap.calls(before)['calls']
        if call['client'].startswith('netapp-ontap')
    ]
    assert 1 <= len(ours) <= 3
    assert cloud.downloads(image) == 1
