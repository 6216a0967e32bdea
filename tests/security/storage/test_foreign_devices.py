"""A LUN or namespace that EIC did not publish as a cached image is none.

The attacker may make some in the SVM and write comments, and he can read those
that EIC wrote. He must not obtain that a volume of the image has his bytes.
"""

import json
import os
from typing import Any

import pytest

from tests.contract.block import (
    NEEDS_ROOT,
    ONE,
    RESOURCES,
    SVM,
    TWO,
    BlockWorld,
)
from tests.contract.images import Image
from tests.contract.simulator import WAIT
from tests.contract.stock import MIB

SIZE = 4 * MIB
EVIL = b'\xee' * SIZE

pytestmark = [
    NEEDS_ROOT,
    pytest.mark.parametrize('protocol', ['iscsi', 'nvme'], indirect=True),
]


@pytest.fixture
def image(world: BlockWorld) -> Image:
    return world.glance.add(os.urandom(SIZE))


def collection(world: BlockWorld) -> str:
    return f'{world.simulator.origin}/api/{RESOURCES[world.protocol]}'


def plant(world: BlockWorld, pool: str, image: Image, comment: str) -> None:
    """A LUN with a cached image's name, other bytes and that comment."""
    answer = world.simulator.session.post(
        collection(world),
        params=WAIT,
        timeout=60,
        json={
            'svm': {'name': SVM},
            'name': f'/vol/{pool}/{image.cached}',
            'os_type': 'linux',
            'space': {'size': SIZE},
            'comment': comment,
        },
    )
    assert answer.status_code == 201
    (world.root(pool) / image.cached).write_bytes(EVIL)


def forged(image: Image, **fields: Any) -> str:
    from eic_plugins.glance.documents import image_from_meta  # noqa: PLC0415

    return json.dumps(
        {
            'eic': image_from_meta(image.meta).identity,
            'size': SIZE,
            'sig': '',
            'verified': True,
            'used': 1,
            'seal': 'A' * 32,
            **fields,
        },
        separators=(',', ':'),
    )


def comment_of(world: BlockWorld, image: Image, pool: str) -> str:
    return str(world.devices(pool)[image.cached]['comment'])


@pytest.mark.parametrize('pool', [ONE, TWO])
def test_a_forged_comment_makes_no_volume(
    world: BlockWorld, image: Image, pool: str
) -> None:
    plant(world, pool, image, forged(image))
    assert world.is_right(world.create(image, ONE), image)
    assert world.glance.downloads == [image.id]


def test_a_comment_that_was_copied_to_another_lun_makes_no_volume(
    world: BlockWorld, image: Image
) -> None:
    """In the same FlexVol even, and of the same image."""
    world.cache(image, ONE)
    comment = comment_of(world, image, ONE)
    uuid = world.devices(ONE)[image.cached]['uuid']
    deleted = world.simulator.session.delete(
        f'{collection(world)}/{uuid}',
        params={**WAIT, 'allow_delete_while_mapped': 'true'},
        timeout=60,
    )
    assert deleted.status_code == 200
    plant(world, ONE, image, comment)
    world.start_anew()
    assert world.is_right(world.create(image, ONE), image)
    assert world.glance.downloads == [image.id] * 2


def test_a_comment_of_one_pool_is_none_in_another(
    world: BlockWorld, image: Image
) -> None:
    world.cache(image, ONE)
    plant(world, TWO, image, comment_of(world, image, ONE))
    world.start_anew()
    assert world.is_right(world.create(image, TWO), image)
    assert world.cache_of(TWO).find(_model(image)) is not None


def test_a_lun_of_a_flexvol_that_is_no_pool_is_not_copied(
    world: BlockWorld, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A true one, even: nobody of this deployment looks after it."""
    world.cache(image, TWO)
    monkeypatch.setattr(world.eic.stock, 'pool_names', lambda: [ONE])
    world.start_anew()
    volume = world.create(image, ONE)
    assert world.is_right(volume, image)
    assert volume.metadata['eic_route'] == 'download'


def test_the_comment_of_a_volume_of_the_image_is_not_a_cached_images(
    world: BlockWorld, image: Image
) -> None:
    """A clone may have its source's comment, and a guest its bytes."""
    volume = world.create(image, ONE)
    comment = comment_of(world, image, ONE)
    place = _place(world, ONE, volume.name, image)
    from eic_plugins.storage.block_records import parse_comment  # noqa: PLC0415

    assert parse_comment(comment, place, world.eic.clusters.seals) is None
    place = _place(world, ONE, image.cached, image)
    assert parse_comment(comment, place, world.eic.clusters.seals) is not None


def _model(image: Image) -> Any:
    from eic_plugins.glance.documents import image_from_meta  # noqa: PLC0415

    return image_from_meta(image.meta)


def _place(world: BlockWorld, pool: str, name: str, image: Image) -> Any:
    from eic_plugins.storage.seals import Place  # noqa: PLC0415

    device = world.devices(pool)[name]
    return Place(device['location']['volume']['uuid'], device['uuid'], image.id)
