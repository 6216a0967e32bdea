"""A record that EIC did not write for its place obtains nothing.

The attacker may write to a FlexVol of the cluster and knows the image (its id,
``os_hash_value`` and size are public) and this code. He must not obtain that a
volume of the image has his bytes.
"""

import os
import tracemalloc
from typing import Any

import pytest

from tests.contract.images import Image
from tests.contract.shares import GOLD, Shares, forged
from tests.contract.simulator import WAIT
from tests.contract.stock import MIB

PROTOCOL = 'nfs'
SIZE = 2 * MIB
EVIL = b'\xee' * SIZE
"""As long as the image: only its bytes are other ones."""

pytestmark = pytest.mark.usefixtures('nfs')


@pytest.fixture
def image(world: Shares) -> Image:
    return world.glance.add(os.urandom(SIZE))


def peer(world: Shares) -> None:
    """As an operator peers the two SVMs for file_copy."""
    answer = world.simulator.session.post(
        f'{world.simulator.origin}/api/svm/peers',
        params=WAIT,
        timeout=60,
        json={
            'svm': {'name': 'svm_gold'},
            'peer': {'svm': {'name': 'svm_silver'}},
            'applications': ['file_copy'],
        },
    )
    assert answer.status_code in {201, 409}


def no_seal(world: Shares, image: Image, _name: str) -> bytes:
    return forged(image, EVIL)


def of_another_pool(world: Shares, image: Image, _name: str) -> bytes:
    """A true one, copied from the pool gold."""
    return world.record(image, 'gold', EVIL)


def of_another_image(world: Shares, image: Image, name: str) -> bytes:
    other = world.glance.add(image.raw)
    return world.record(other, name, EVIL)


def of_another_deployment(world: Shares, image: Image, name: str) -> bytes:
    from eic_plugins.storage.seals import Seals  # noqa: PLC0415

    own = world.eic.clusters.seals
    world.eic.clusters.seals = Seals(['theirs'])
    try:
        return world.record(image, name, EVIL)
    finally:
        world.eic.clusters.seals = own


def of_other_bytes(world: Shares, image: Image, name: str) -> bytes:
    """A true one for a file of other length, said to be of this one."""
    seal = world.record(image, name, EVIL[:-512]).partition(b'"seal": "')[2]
    return forged(image, EVIL, seal=seal.decode().rstrip('"}'))


RECORDS = [
    no_seal,
    of_another_pool,
    of_another_image,
    of_another_deployment,
    of_other_bytes,
]


@pytest.mark.parametrize('record', RECORDS)
@pytest.mark.parametrize('where', ['gold', 'store', 'images_vol', 'silver_vol'])
def test_a_planted_record_makes_no_volume(
    world: Shares, image: Image, where: str, record: Any
) -> None:
    peer(world)
    world.deploy('store', 'silver_vol')
    planted = (
        record(world, image, where)
        if (record, where) != (of_another_pool, 'gold')
        else world.record(image, 'store', EVIL)
    )
    world.put(where, image, EVIL, planted)
    volume = world.create(image)
    assert world.is_right(volume, image)
    assert world.glance.downloads == [image.id]
    assert (world.root() / image.cached).read_bytes() == image.raw


@pytest.mark.parametrize('where', ['images_vol', 'silver_vol'])
def test_a_flexvol_that_is_no_pool_is_not_looked_at(
    world: Shares, image: Image, where: str
) -> None:
    """Not even for a true record; no call says its name."""
    peer(world)
    world.put(where, image, image.raw, world.record(image, where, image.raw))
    flexvol = world.flexvol(where)
    since = world.last_call()
    assert world.is_right(world.create(image), image)
    asked = [
        call
        for call in world.simulator.calls(since)['calls']
        if flexvol.uuid in str(call)
    ]
    assert asked == []
    assert world.glance.downloads == [image.id]


@pytest.mark.parametrize('where', ['store', 'silver_vol'])
def test_a_true_record_in_a_pool_of_ours_saves_the_download(
    world: Shares, image: Image, where: str
) -> None:
    peer(world)
    world.deploy('store', 'silver_vol')
    world.put(where, image, image.raw, world.record(image, where, image.raw))
    volume = world.create(image)
    assert world.is_right(volume, image)
    assert volume.metadata['eic_route'] == 'copy_offload'
    assert world.glance.downloads == []


@pytest.mark.parametrize('size', [4097, 700 * MIB])
def test_an_oversized_record_is_neither_copied_nor_read(
    world: Shares, image: Image, size: int
) -> None:
    """Not obtained: memory and traffic of the host."""
    world.deploy('store')
    record = world.record(image, 'store', EVIL)
    world.put('store', image, EVIL, record)
    os.truncate(world.record_file('store', image), size)
    since = world.last_call()
    assert world.is_right(world.create(image), image)
    assert world.copies(since) == []


def test_a_record_in_the_own_pool_is_read_to_its_bound(
    world: Shares, image: Image
) -> None:
    """Not obtained: memory of the host."""
    world.put('gold', image, EVIL, world.record(image, 'gold', EVIL))
    os.truncate(world.record_file('gold', image), 700 * MIB)
    storage = world.cache_of(GOLD).storage
    tracemalloc.start()
    try:
        assert storage.read(image.id) is None
        assert tracemalloc.get_traced_memory()[1] < MIB
    finally:
        tracemalloc.stop()
    assert world.is_right(world.create(image), image)


@pytest.mark.parametrize('where', ['gold', 'store'])
@pytest.mark.parametrize('what', ['record', 'bytes', 'both'])
def test_a_link_gets_nothing_of_the_host(
    world: Shares,
    image: Image,
    where: str,
    what: str,
    tmp_path: Any,
) -> None:
    """Not obtained: a file of this host as a record, or in a volume."""
    world.deploy('store')
    secret, true = tmp_path / 'secret', tmp_path / 'record'
    secret.write_bytes(EVIL)
    true.write_bytes(world.record(image, where, EVIL))
    world.put(where, image, EVIL, true.read_bytes())
    for name, target in (('record', true), ('bytes', secret)):
        if what in {name, 'both'}:
            link = (
                world.record_file(where, image)
                if name == 'record'
                else world.directory(where) / image.cached
            )
            link.unlink()
            link.symlink_to(target)
    assert world.is_right(world.create(image), image)
    assert (secret.read_bytes(), secret.stat().st_mode & 0o777) == (EVIL, 0o644)


def test_a_planted_file_is_no_cached_image_of_a_name(
    world: Shares, image: Image
) -> None:
    """As the stock driver leaves its own: adopted only with the checksum."""
    (world.root() / image.cached).write_bytes(EVIL)
    assert world.is_right(world.create(image), image)
    assert world.glance.downloads == [image.id]


def test_planted_names_hold_up_no_cleaning(world: Shares, image: Image) -> None:
    """Not obtained: that what others leave in the pool stays for ever."""
    root = world.root()
    for name in ('x' * 200, '..', ' ', 'ä' * 60, f'{image.id}\n'):
        (root / f'img-cache-{name}').write_bytes(b'x')
        (root / f'.eic-{name}.json').write_bytes(b'x')
        (root / f'eic-fill-{name}-aaaaaaaa').write_bytes(b'x')
    (root / 'img-cache-directory').mkdir()
    (root / '.eic-link.json').symlink_to('/dev/zero')
    left = f'eic-fill-{image.id}-12345678'
    (root / left).write_bytes(b'x')
    world.driver.configuration.expiry_thres_minutes = 0
    world.sweep()
    for usage in list(world.cache_of(GOLD).storage.usages()):
        assert world.cache_of(GOLD).evict(usage)
    assert not (root / left).exists()
    assert not (root / '.eic-link.json').is_symlink()
    assert (root / 'img-cache-directory').is_dir()
    assert world.is_right(world.create(image), image)


TRICKS = [
    '../../../etc/passwd',
    '/etc/passwd',
    'img-cache-x',
    'eic-fill-x-00',
    '.eic-x.json',
    "'; rm -rf /",
    'a\nb',
    '%2e%2e%2f',
    'volume-1|*',
]


@pytest.mark.parametrize('text', TRICKS)
def test_a_tenants_words_never_become_names(world: Shares, text: str) -> None:
    """Not obtained: a file that is named as the tenant likes."""
    image = world.glance.add(
        os.urandom(SIZE),
        name=text,
        os_distro=text,
        eic_precache=text,
        share_location=text,
    )
    volume = world.new_volume()
    volume.display_name = volume.display_description = text
    volume.metadata = {'eic': text}
    volume.save()
    assert world.clone_image(volume, image)
    assert world.is_right(volume, image)
    assert world.files(GOLD) == sorted(
        [f'.eic-{image.id}.json', image.cached, volume.name]
    )
