"""Volumes of more than 16 TiB, where ONTAP's files may be so large and where not.

With ``space.large_size_enabled`` a FlexVol takes files of up to 128 TiB; without,
the server refuses to grow one beyond 16 TiB (EFBIG).
"""

import errno
import os

import pytest

from tests.contract.shares import TwoPools
from tests.contract.shares import two_pools as world  # noqa: F401 - a fixture
from tests.contract.stock import MIB
from tests.contract.test_stock_nfs_driver import (  # noqa: F401 - fixtures
    GOLD,
    PROTOCOL,
    cinder_conf,
)

pytestmark = pytest.mark.usefixtures('nfs')
TIB = 1 << 40
SIZE = 17 << 10  # GiB


def test_it_is_a_clone_like_any_other_where_files_may_be_so_large(
    world: TwoPools,
) -> None:
    image = world.glance.add(os.urandom(MIB))
    for route in ('download', 'cached'):
        volume = world.new_volume(GOLD, SIZE)
        assert world.clone(volume, image)
        assert volume.metadata['eic_route'] == route
        assert world.is_right(volume, image)
        assert world.file(volume).stat().st_size == 17 * TIB


def test_elsewhere_it_is_left_to_cinder_with_nothing_of_it_there(
    world: TwoPools, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = world.glance.add(os.urandom(MIB))
    world.create(image, GOLD)
    before, truncate = world.files(GOLD), os.ftruncate

    def limited(descriptor: int, size: int) -> None:
        if size > 16 * TIB:
            raise OSError(errno.EFBIG, 'File too large')
        truncate(descriptor, size)

    monkeypatch.setattr(os, 'ftruncate', limited)
    assert not world.clone(world.new_volume(GOLD, SIZE), image)
    assert world.files(GOLD) == before
    # It keeps nobody else from the cached image.
    other = world.create(image, GOLD)
    assert other.metadata['eic_route'] == 'cached'
    assert world.is_right(other, image)
