"""A Cinder volume as an image's location, which its owner can still write to.

A member registers ``cinder://`` and the id of a volume of his own as the
location of his image, Glance hashes it, and then he writes to the volume. He
must not obtain that a volume of the image, of another project even, has other
bytes than those of the hash that Glance shows.
"""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.contract.images import Image
from tests.contract.shares import Shares
from tests.contract.stock import MIB

PROTOCOL = 'nfs'
INTERNAL = 'internal-tenant'
SIZE = 2 * MIB

pytestmark = pytest.mark.usefixtures('nfs')


@pytest.fixture(autouse=True)
def options(cinder_conf: Any) -> Any:
    cinder_conf.set_override('allowed_direct_url_schemes', ['cinder'])
    cinder_conf.set_override('cinder_internal_tenant_project_id', INTERNAL)
    yield cinder_conf
    cinder_conf.clear_override('allowed_direct_url_schemes')
    cinder_conf.clear_override('cinder_internal_tenant_project_id')


@pytest.fixture
def image(world: Shares) -> Image:
    """Public, of the member's project."""
    found = world.glance.add(os.urandom(SIZE))
    found.meta = {**found.meta, 'owner': 'member'}
    return found


@pytest.fixture
def source(world: Shares, image: Image) -> Path:
    """The member's volume, as Glance has hashed it, and read-only."""
    return put(world, image, 'member')


def put(world: Shares, image: Image, project: str) -> Path:
    volume = world.new_volume()
    volume.project_id = project
    volume.metadata = {'image_owner': 'member', 'glance_image_id': image.id}
    world.create_empty(volume)
    volume.status = 'available'
    volume.admin_metadata = {'readonly': 'True'}
    volume.save()
    image.location = f'cinder://{volume.id}'
    path = world.file(volume)
    write(path, image.raw)
    return path


def write(path: Path, content: bytes) -> None:
    with path.open('r+b') as stream:
        stream.write(content)


def test_a_volume_with_the_hashed_bytes_is_cloned(
    world: Shares, image: Image, source: Path
) -> None:
    volume = world.create(image)
    assert world.is_right(volume, image)
    assert volume.metadata['eic_route'] == 'flexclone'
    assert world.glance.downloads == []


@pytest.mark.parametrize('at', [0, SIZE // 2, SIZE - 1])
def test_bytes_that_were_changed_after_the_hash_reach_nobody(
    world: Shares, image: Image, source: Path, at: int
) -> None:
    evil = bytearray(image.raw)
    evil[at] ^= 1
    write(source, bytes(evil))
    volume = world.create(image)
    assert world.is_right(volume, image)
    assert world.glance.downloads == [image.id]
    assert (world.root() / image.cached).read_bytes() == image.raw


def test_the_clone_is_proved_and_not_its_source(
    world: Shares,
    image: Image,
    source: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """He writes evil bytes before the clone and the true ones after it."""
    files, made = world.eic.cluster.toolbox.copier, []
    clone = files.clone

    def switching(from_file: Any, to_file: Any, timeout: float) -> None:
        if not made:
            write(source, b'\xee' * SIZE)
        clone(from_file, to_file, timeout)
        made.append(to_file.name)
        write(source, image.raw)

    monkeypatch.setattr(files, 'clone', switching)
    volume = world.create(image)
    assert len(made) == 2
    assert world.is_right(volume, image)


def test_what_he_writes_after_the_proof_changes_nothing(
    world: Shares, image: Image, source: Path
) -> None:
    first = world.create(image)
    write(source, b'\xee' * SIZE)
    second = world.create(image)
    assert world.is_right(first, image)
    assert world.is_right(second, image)
    assert second.metadata['eic_route'] == 'cached'


@pytest.mark.parametrize(
    'meta',
    [
        {'os_hash_value': None},
        {'os_hash_algo': None},
        {'os_hash_algo': 'md5'},
        {'os_hash_algo': 'none'},
    ],
    ids=str,
)
def test_without_a_checksum_that_proves_it_the_volume_is_not_used(
    world: Shares,
    image: Image,
    source: Path,
    meta: dict[str, Any],
) -> None:
    image.meta = {**image.meta, **meta}
    write(source, b'\xee' * SIZE)
    volume = world.create(image)
    assert world.is_right(volume, image)
    assert 'no_checksum' in volume.metadata['eic_refused']


@pytest.mark.parametrize('schemes', [[], ['file']])
def test_cinders_own_option_is_respected(
    world: Shares,
    image: Image,
    source: Path,
    options: Any,
    schemes: list[str],
) -> None:
    options.set_override('allowed_direct_url_schemes', schemes)
    volume = world.create(image)
    assert world.is_right(volume, image)
    assert 'location_not_allowed' in volume.metadata['eic_refused']
    assert world.glance.downloads == [image.id]


def test_a_volume_that_cinder_alone_writes_to_is_not_read(
    world: Shares,
    image: Image,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from eic_plugins.storage import inspection  # noqa: PLC0415

    put(world, image, INTERNAL)
    monkeypatch.setattr(inspection, 'check_checksum', pytest.fail)
    volume = world.create(image)
    assert world.is_right(volume, image)
    assert volume.metadata['eic_route'] == 'flexclone'


def test_the_volume_of_another_project_obtains_nothing(
    world: Shares, image: Image
) -> None:
    """Not obtained: another project's bytes, by naming its volume."""
    victim = put(world, image, 'victim')
    from cinder import objects  # noqa: PLC0415

    volume_id = str(image.location).rpartition('/')[2]
    found = objects.Volume.get_by_id(world.admin, volume_id)
    found.metadata = {}
    found.save()
    write(victim, b'\x5e' * SIZE)
    volume = world.create(image)
    assert world.is_right(volume, image)
    assert 'image_volume_forbidden' in volume.metadata['eic_refused']
