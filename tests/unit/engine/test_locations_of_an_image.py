"""Of an image's locations the best is used, whatever else there is."""

import pathlib
from pathlib import Path
from typing import Any

import pytest

from eic_plugins.engine import routes
from eic_plugins.engine.engine import Engine
from eic_plugins.engine.routes import FillLimits
from eic_plugins.engine.toolbox import Toolbox
from eic_plugins.glance.image_locations import Location
from eic_plugins.glance.locations import LocationReader
from eic_plugins.glance.locations.cinder import CinderLocation
from eic_plugins.glance.locations.file import FileLocation
from eic_plugins.glance.locations.nfs import NfsLocation
from eic_plugins.model import Reason, Refusal, StoredObject, VolumeCopy
from tests.unit.engine.test_engine import (
    CONTENT,
    RAW,
    SIZE,
    VOLUME,
    Cluster,
    reasons,
)
from tests.unit.factories import GIB, flexvol

VOLUME_ID = '6f2d3c1a-5b7e-4d8f-9a0b-1c2d3e4f5a6b'
AT_CINDER = Location(f'cinder://store/{VOLUME_ID}', {})
FOREIGN = Location('rbd://pool/image', {})
BAD = Location('nfs://192.0.2.11/../x', {})


def at_nfs(server: Any) -> Any:
    return Location(f'nfs://{server}/images/{RAW.id}', {})


class Places(Cluster):
    """A server is where its name says; an image-volume is on ``volume_on``."""

    def __init__(self, root: Any, volume_on: Any = 'images_vol') -> None:
        super().__init__(root)
        self.engine = Engine(
            Toolbox(
                self.files,
                self,
                self,
                LocationReader(
                    {
                        'file': FileLocation(),
                        'nfs': NfsLocation(),
                        'cinder': CinderLocation(),
                    }
                ),
                routes.load(),
                FillLimits(clone=1, copy=1),
            )
        )
        self.given = [AT_CINDER]
        self.asked = []
        self.volume_on = flexvol(volume_on)
        self.volume_file = self.roots[volume_on] / f'volume-{VOLUME_ID}'
        self.keep_in_volume(CONTENT, GIB)

    def keep_in_volume(self, content: Any, length: Any) -> None:
        with self.volume_file.open('wb') as stream:
            stream.write(content)
            stream.truncate(length)

    def locations(self) -> Any:
        return self.given

    def locate(self, copy: Any) -> Any:
        names = {'gold': 'gold_vol', 'images': 'images_vol'}
        if copy.server not in names:
            return Refusal.of_location(Reason.OTHER_CLUSTER)
        return StoredObject(flexvol(names[copy.server]), RAW.id)

    def locate_volume(self, copy: Any) -> Any:
        self.asked.append(copy)
        return StoredObject(self.volume_on, self.volume_file.name, more_follows=True)

    def cached_file(self) -> Any:
        return self.roots['gold_vol'] / RAW.cached_name

    def leftovers(self) -> Any:
        return super().leftovers() - {self.volume_file.name}


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path)


@pytest.mark.parametrize(
    ('volume_on', 'route'), [('gold_vol', 'flexclone'), ('images_vol', 'copy_offload')]
)
def test_the_cached_image_is_the_beginning_of_an_image_volume(
    tmp_path: pathlib.Path, volume_on: str, route: str
) -> None:
    places = Places(tmp_path, volume_on)
    outcome = places.create()
    assert outcome.route == route
    assert places.asked == [VolumeCopy(VOLUME_ID)]
    assert places.cached_file().read_bytes() == CONTENT
    assert places.content() == CONTENT
    assert places.downloads == []
    assert places.volume_file.stat().st_size == GIB


@pytest.mark.parametrize('length', [0, SIZE - 1])
def test_what_is_shorter_than_the_image_is_never_made_longer(
    places: Places, length: int
) -> None:
    places.keep_in_volume(CONTENT[:length], length)
    outcome = places.create()
    assert outcome.route == 'download'
    assert reasons(outcome)['copy_offload'] is Reason.INSPECTION_FAILED
    assert places.leftovers() == {VOLUME}


def test_a_longer_file_of_glances_own_is_not_cut_but_refused(places: Places) -> None:
    """Only of a volume is it known that the image is its beginning."""
    places.given = [at_nfs('images')]
    (places.roots['images_vol'] / RAW.id).write_bytes(CONTENT + b'\0')
    outcome = places.create()
    assert outcome.route == 'download'
    assert reasons(outcome)['copy_offload'] is Reason.INSPECTION_FAILED


def test_the_reason_against_an_image_volume_is_the_routes_reason(
    places: Places,
) -> None:
    refusal = Refusal.of_location(Reason.IMAGE_VOLUME_FORBIDDEN)
    outcome = places.create(locate_volume=lambda _copy: refusal)
    assert outcome.route == 'download'
    assert reasons(outcome)['flexclone'] is Reason.IMAGE_VOLUME_FORBIDDEN


@pytest.mark.parametrize(
    'given',
    [
        [at_nfs('images'), at_nfs('gold')],
        [at_nfs('gold'), at_nfs('images')],
        [at_nfs('elsewhere'), FOREIGN, BAD, at_nfs('images'), at_nfs('gold')],
        [at_nfs('gold'), at_nfs('gold'), BAD, at_nfs('elsewhere')],
        [AT_CINDER, AT_CINDER, at_nfs('gold')],
    ],
)
def test_the_copy_nearest_to_the_pool_is_used_wherever_it_is_listed(
    places: Places, given: list[Any]
) -> None:
    (places.roots['gold_vol'] / RAW.id).write_bytes(CONTENT)
    places.given = given
    outcome = places.create()
    assert outcome.route == 'flexclone'
    assert reasons(outcome) == {'cached': Reason.NOT_CACHED}
    assert places.content() == CONTENT


@pytest.mark.parametrize(
    'given',
    [
        [FOREIGN, BAD, at_nfs('elsewhere'), at_nfs('images')],
        [at_nfs('images'), at_nfs('elsewhere')],
        [BAD, AT_CINDER],
    ],
)
def test_one_usable_location_among_useless_ones_is_enough(
    places: Places, given: list[Any]
) -> None:
    places.given = given
    outcome = places.create()
    assert outcome.route == 'copy_offload'
    assert reasons(outcome)['flexclone'] is Reason.OTHER_FLEXVOL
    assert places.content() == CONTENT


@pytest.mark.parametrize(
    ('given', 'reason'),
    [
        ([FOREIGN, BAD, at_nfs('elsewhere')], Reason.OTHER_CLUSTER),
        ([BAD, FOREIGN], Reason.LOCATION_INVALID),
        ([FOREIGN, BAD], Reason.LOCATION_UNSUPPORTED),
        ([], Reason.NO_LOCATION),
    ],
)
def test_of_useless_locations_alone_the_one_that_says_most_is_named(
    places: Places, given: list[Any], reason: Reason
) -> None:
    places.given = given
    outcome = places.create()
    assert outcome.route == 'download'
    assert reasons(outcome)['copy_offload'] is reason


def test_a_clone_that_is_a_symbolic_link_is_removed_and_never_followed(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = places.files._copy

    def link(source: Any, destination: Any) -> None:
        if source.name != RAW.id:
            copy(source, destination)
            return
        path = places.files._path(destination)
        path.symlink_to(places.roots['images_vol'] / RAW.id)

    places.given = [at_nfs('images')]
    monkeypatch.setattr(places.files, '_copy', link)
    outcome = places.create()
    assert outcome.route == 'download'
    (refusal,) = (r for r in outcome.refusals if r.route == 'copy_offload')
    assert refusal.reason is Reason.INSPECTION_FAILED
    assert 'symbolic link' in refusal.detail
    assert places.leftovers() == {VOLUME}
    assert (places.roots['images_vol'] / RAW.id).read_bytes() == CONTENT
