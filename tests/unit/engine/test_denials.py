"""Of what ONTAP has forbidden, only that is left out, and nothing that is like it."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from eic_plugins.engine.decision import Permitted
from eic_plugins.engine.denials import CLONING
from eic_plugins.engine.routes.copy_offload import CopyOffload
from eic_plugins.model import Offer, Reason, Refusal, Situation, Source
from eic_plugins.storage.files import FileStorage
from eic_plugins.storage.interface import GrowthForbiddenError, VolumeNotMadeError
from eic_plugins.storage.mount import ShareMount
from tests.unit.engine.test_engine import FORBIDDEN, RAW, SIZE, Cluster
from tests.unit.factories import GIB, cached, flexvol, image, pool
from tests.unit.fake_engine import FakeNeighbours
from tests.unit.fake_files import FakeFiles

DENIED = Refusal.of_everything(Reason.PERMISSION_DENIED, 'POST /api/x')


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    """Glance's image is in svm_silver, from which files may be copied."""
    found = Cluster(tmp_path)
    there = flexvol('images_vol', svm='svm_silver')
    found.files.roots[there.uuid] = found.roots['images_vol']
    found.namespace.where = there
    found.peered.add('svm_silver')
    return found


def other_image(name: str) -> Any:
    return dataclasses.replace(RAW, os_hash_value=name)


def copies(cluster: Cluster) -> int:
    return int(cluster.files.done('copy'))


def test_a_copy_from_one_svm_says_nothing_of_copies_from_another(
    cluster: Cluster,
) -> None:
    cluster.files.fail('copy', FORBIDDEN)
    assert cluster.create('a', of=other_image('a')).route == 'download'
    assert cluster.create('b', of=other_image('b')).route == 'download'
    assert copies(cluster) == 1
    cluster.namespace.where = flexvol('images_vol')
    assert cluster.create('c', of=other_image('c')).route == 'copy_offload'


def test_a_copy_that_is_forbidden_says_nothing_of_clones(cluster: Cluster) -> None:
    cluster.files.fail('copy', FORBIDDEN)
    assert cluster.create('a', of=other_image('a')).route == 'download'
    cluster.namespace.where = flexvol('gold_vol')
    (cluster.roots['gold_vol'] / RAW.id).write_bytes(b'\x07' * SIZE)
    assert cluster.create('b', of=other_image('b')).route == 'flexclone'


def test_a_file_that_is_no_lun_for_this_role_says_nothing_of_luns(
    cluster: Cluster,
) -> None:
    box = dataclasses.replace(cluster.engine.toolbox, image_copier=FakeFiles({}))
    there = pool('images_vol')
    file, lun = (
        Source(there.stored('image')),
        Source(cached(there).stored, cached(there)),
    )
    for made, other in ((file, lun), (lun, file)):
        denials = dataclasses.replace(box, denials=type(box.denials)())
        route = CopyOffload()
        denials.denials.add(
            denials.fetching(route, made), Refusal.of_route(route.name, DENIED.reason)
        )
        situation = Situation(
            RAW, pool(), 1, copies=(file.stored,), cached_elsewhere=(cached(there),)
        )
        offer = Permitted(route, denials).offer(situation)
        assert isinstance(offer, Offer)
        assert offer.source == other


def test_publishing_in_one_pool_says_nothing_of_another(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = ShareMount.rename

    def only_in_images(mount: ShareMount, name: str, to: str) -> None:
        if 'gold_vol' in str(mount.path(name)):
            raise PermissionError('not yours')
        rename(mount, name, to)

    monkeypatch.setattr(ShareMount, 'rename', only_in_images)
    monkeypatch.setattr(cluster.files, 'rename', _forbidden)
    cluster.namespace.where = Refusal.of_location(Reason.OTHER_CLUSTER)
    for name in ('a', 'b'):
        outcome = cluster.create(name)
        assert [each.reason for each in outcome.refusals] == [Reason.PERMISSION_DENIED]
        assert outcome.left_to_cinder
    assert len(cluster.downloads) == 1
    assert cluster.create('c', at='images_vol').route == 'download'


def _forbidden(*_ends: Any) -> None:
    raise FORBIDDEN


def test_clones_that_are_forbidden_say_nothing_of_precaching(cluster: Cluster) -> None:
    cluster.namespace.where = flexvol('images_vol')
    cluster.engine.toolbox.denials.add(CLONING, DENIED)
    assert cluster.create().left_to_cinder
    others = FakeNeighbours(lambda: [], cluster.search)
    demand = cluster.demand(size=None)
    outcome = cluster.engine.precache(demand, cluster.cache, others)
    assert outcome.route == 'copy_offload'


def test_a_volume_as_large_as_its_image_need_not_grow(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.namespace.where = flexvol('images_vol')
    cluster.create('before')

    def may_not_grow(*_what: Any) -> None:
        raise VolumeNotMadeError(GrowthForbiddenError(403, '6', 'PATCH /api/x'), False)

    with monkeypatch.context() as patch:
        patch.setattr(FileStorage, 'make_volume', may_not_grow)
        assert cluster.create('a').left_to_cinder
    clones = cluster.files.done('clone')
    assert cluster.create('b').left_to_cinder
    assert cluster.files.done('clone') == clones
    large = image(id='1c3f5a0e-6b1d-4f7c-9b3c-2d8b1f6a7e10', size=GIB)
    with (cluster.roots['images_vol'] / large.id).open('wb') as stream:
        stream.truncate(GIB)
    (cluster.roots['images_vol'] / RAW.id).unlink()
    (cluster.roots['images_vol'] / large.id).rename(
        cluster.roots['images_vol'] / RAW.id
    )
    assert cluster.create('c', of=large).route == 'copy_offload'
