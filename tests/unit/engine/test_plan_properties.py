"""For any situation: a plan is what an attempt then does, and changes nothing.

``EIC_PLAN_EXAMPLES`` is the number of situations, 60 without it.
"""

import dataclasses
import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import strategies as st

from eic_plugins.engine.denials import CLONING
from eic_plugins.engine.pool_cache import CachedImages
from eic_plugins.model import CachedImage, Reason, Refusal
from eic_plugins.storage.file_records import format_record, place_of
from eic_plugins.storage.interface import Record
from eic_plugins.storage.listed_files import ListedFiles
from tests.unit.engine.test_engine import CONTENT, SIZE, VOLUME, Cluster
from tests.unit.factories import (
    IMAGE_ID,
    SEALS,
    SIGNATURE,
    flexvol,
    image,
    pool,
)
from tests.unit.fake_engine import FakeNeighbours, FakeVolume
from tests.unit.profile import STABLE

EXAMPLES = int(os.environ.get('EIC_PLAN_EXAMPLES', '60'))
POOLS = ('gold_vol', 'images_vol')
SILVER = flexvol('images_vol', svm='svm_silver')
PLACES = {
    'gold_vol': flexvol('gold_vol'),
    'images_vol': flexvol('images_vol'),
    'silver': SILVER,
    'other cluster': Refusal.of_location(Reason.OTHER_CLUSTER),
    'outside': Refusal.of_location(Reason.LOCATION_OUTSIDE_EXPORT),
}


def seldom(usual: Any, *others: Any) -> Any:
    """Mostly the first one, so that each situation has few oddities."""
    return st.sampled_from([usual] * (4 * len(others)) + list(others))


@dataclasses.dataclass(frozen=True)
class World:
    """One situation: where Glance has which image, and what is there already."""

    place: str
    disk_format: str
    container: str
    hashed: bool
    status: str
    min_disk: int
    signed: int
    verifies: bool
    encrypted: bool
    flexgroup: bool
    limit: bool
    peered: bool
    refused: bool
    denied: str
    known_as_bad: bool
    here: str
    """What the pool has of the image: one of ``HELD``."""
    there: str
    """The same of the backend's other pool."""
    elsewhere: bool

    @property
    def image(self) -> Any:
        digest = hashlib.sha512(CONTENT).hexdigest()
        properties = dict(list(SIGNATURE.items())[: self.signed])
        return image(
            size=SIZE,
            virtual_size=SIZE,
            disk_format=self.disk_format,
            container_format=self.container,
            os_hash_value=digest if self.hashed else None,
            os_hash_algo='sha512' if self.hashed else None,
            status=self.status,
            min_disk=self.min_disk,
            properties=properties,
        )


HELD = ('', 'cached', 'verified', 'stale', 'stock')
WORLDS = st.builds(
    World,
    place=st.sampled_from(list(PLACES)),
    disk_format=seldom('raw', 'qcow2', 'iso'),
    container=seldom('bare', 'compressed', 'ova'),
    hashed=seldom(True, False),
    status=seldom('active', 'deactivated'),
    min_disk=seldom(0, 2),
    signed=seldom(0, 4, 2),
    verifies=st.booleans(),
    encrypted=seldom(False, True),
    flexgroup=seldom(False, True),
    limit=seldom(False, True),
    peered=st.booleans(),
    refused=seldom(False, True),
    denied=seldom('', 'every route', 'flexclone', 'copy_offload', 'download'),
    known_as_bad=seldom(False, True),
    here=st.sampled_from(HELD),
    there=st.sampled_from(HELD),
    elsewhere=st.booleans(),
)


def build(root: Path, given: World) -> Cluster:
    """The situation on a fake cluster."""
    cluster = Cluster(root)
    cluster.namespace.where = PLACES[given.place]
    cluster.files.roots[SILVER.uuid] = cluster.roots['images_vol']
    for path in cluster.roots.values():
        (path / IMAGE_ID).write_bytes(CONTENT)
    if given.peered:
        cluster.peered.add('svm_silver')
    hold(cluster, 'gold_vol', given.image, given.here)
    hold(cluster, 'images_vol', given.image, given.there)
    if given.elsewhere:
        far = flexvol('bronze_vol')
        (root / 'bronze_vol').mkdir()
        (root / 'bronze_vol' / given.image.cached_name).write_bytes(CONTENT)
        cluster.files.roots[far.uuid] = root / 'bronze_vol'
        found = pool('bronze_vol').stored(given.image.cached_name)
        cluster.elsewhere = [CachedImage(found, given.image.identity, SIZE)]
    box = cluster.engine.toolbox
    if given.denied:
        # To clone the cached image is forbidden for all routes, or for none.
        is_route = given.denied in {route.name for route in box.routes}
        refusal = Refusal.of_everything(Reason.PERMISSION_DENIED)
        box.denials.add(given.denied if is_route else CLONING, refusal)
    if given.known_as_bad:
        box.refusals.add(given.image, Reason.INSPECTION_FAILED, 'as seen before')
    return cluster


def hold(cluster: Cluster, name: str, of: Any, how: str) -> None:
    """What a pool has of an image."""
    if not how:
        return
    root = cluster.roots[name]
    (root / of.cached_name).write_bytes(CONTENT)
    if how == 'stock':
        return
    identity = 'of other bytes' if how == 'stale' else of.identity
    record = Record(identity, SIZE, of.signature if how == 'verified' else '')
    place = place_of(pool(name).stored(of.cached_name), of.id)
    (root / f'.eic-{of.id}.json').write_bytes(format_record(place, record, SEALS))


def demand(cluster: Cluster, given: World) -> Any:
    refusal = Refusal.of_everything(Reason.CONVERSION_DISABLED)
    verifies = given.verifies and given.image.signed
    return cluster.demand(
        given.image,
        size=1,
        verify=cluster.verify if verifies else None,
        encrypted=given.encrypted,
        pool_is_flexgroup=given.flexgroup,
        clone_limit_reached=given.limit,
        refused=refusal if given.refused else None,
    )


def everything(root: Path) -> Any:
    return {
        path: (found.st_mtime_ns, found.st_size)
        for path in root.rglob('*')
        if (found := path.lstat())
    }


def neighbours(cluster: Cluster, view: Any) -> Any:
    return FakeNeighbours(lambda: [view('images_vol')], cluster.search)


def listed(cluster: Cluster, given: World, name: str) -> CachedImages:
    """A pool as ONTAP lists it."""
    return CachedImages(ListedFiles(pool(name), cluster.files, given.image))


@hypothesis.settings(STABLE, max_examples=EXAMPLES)
@hypothesis.given(WORLDS)
def test_a_plan_is_what_an_attempt_then_does(given: World) -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        cluster = build(root, given)
        before = everything(root)
        plan = cluster.engine.plan(
            demand(cluster, given),
            cluster.cache_of('gold_vol'),
            neighbours(cluster, cluster.cache_of),
        )
        by_list = cluster.engine.plan(
            demand(cluster, given),
            listed(cluster, given, 'gold_vol'),
            neighbours(cluster, lambda name: listed(cluster, given, name)),
        )
        assert everything(root) == before
        assert (cluster.files.calls, cluster.downloads, cluster.locks) == ([], [], {})
        outcome = cluster.engine.create(
            FakeVolume(VOLUME),
            demand(cluster, given),
            cluster.cache_of('gold_vol'),
            neighbours(cluster, cluster.cache_of),
        )
        assert (plan.route, plan.refusals) == (outcome.route, outcome.refusals)
        assert outcome.left_to_cinder or cluster.content() == CONTENT
        if records_can_be_told_by_their_names(given):
            assert (by_list.route, by_list.refusals) == (plan.route, plan.refusals)


def records_can_be_told_by_their_names(given: World) -> bool:
    """Not one of other bytes, nor one without the signature that is wanted."""
    held = {given.here, given.there}
    verifies = given.verifies and given.image.signed
    return 'stale' not in held and not (verifies and 'cached' in held)
