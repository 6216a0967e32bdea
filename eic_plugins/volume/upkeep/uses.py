"""What Cinder's database knows of the volumes of images: two queries."""

import collections
import dataclasses
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from cinder import context

from eic_plugins.model import CINDER_DOWNLOAD, NOTE_KEY, read_note
from eic_plugins.support import compat

_ROUTE = 'eic_route'
_CACHED = 'cached'

Place = tuple[str, str]
"""An image's id, and a pool as the scheduler names it."""


@dataclasses.dataclass(frozen=True)
class Uses:
    """Volumes that are there: how many, of how many the outcome is known, how many
    of these are clones of the cached image, and how many found it in the pool.
    """

    volumes: int = 0
    known: int = 0
    clones: int = 0
    hits: int = 0

    def __add__(self, other: 'Uses') -> 'Uses':
        return Uses(
            self.volumes + other.volumes,
            self.known + other.known,
            self.clones + other.clones,
            self.hits + other.hits,
        )

    @property
    def hit_percent(self) -> float | None:
        """Of those whose outcome is known; None if there is none."""
        return round(100 * self.hits / self.known, 1) if self.known else None


def uses_by_place(pools: Collection[str]) -> Mapping[Place, Uses]:
    """By image and pool.

    :param pools: as the scheduler names them
    :raises Exception: the database did not answer
    """
    found: dict[Place, Uses] = collections.defaultdict(Uses)
    for place, route, count in _rows(pools):
        found[place] += _uses(route, count)
    return found


def _rows(pools: Collection[str]) -> Iterable[tuple[Place, str | None, int]]:
    models = compat.cinder_models()
    wanted = frozenset(pools)
    with compat.cinder_transactions().reader.using(
        context.get_admin_context()
    ) as session:
        for *where, image_id, route, count in _grouped(session, models, wanted):
            yield (image_id, _pool(where, wanted)), route, count
        # What says so in its note was counted above, as one that says nothing.
        for *where, image_id, volume_id, note in _noted(session, models, wanted):
            route = read_note(note, volume_id).get(_ROUTE)
            if isinstance(route, str):
                place = (image_id, _pool(where, wanted))
                yield place, None, -1
                yield place, route, 1


def _grouped(session: Any, models: Any, pools: frozenset[str]) -> Any:
    volume, image = models.Volume, models.VolumeGlanceMetadata
    route = models.VolumeMetadata
    columns = (volume.host, volume.cluster_name, image.value, route.value)
    return (
        session.query(*columns, sa.func.count(sa.distinct(volume.id)))
        .join(image, volume.id == image.volume_id)
        .outerjoin(
            route,
            sa.and_(
                volume.id == route.volume_id,
                route.key == _ROUTE,
                route.deleted == sa.false(),
            ),
        )
        .filter(*_in_pools(models, pools), *_is_image(image))
        .group_by(*columns)
    )


def _noted(session: Any, models: Any, pools: frozenset[str]) -> Any:
    volume, image = models.Volume, models.VolumeGlanceMetadata
    note = sa.orm.aliased(models.VolumeGlanceMetadata)
    return (
        session.query(
            volume.host, volume.cluster_name, image.value, volume.id, note.value
        )
        .join(image, volume.id == image.volume_id)
        .join(note, volume.id == note.volume_id)
        .filter(
            *_in_pools(models, pools),
            *_is_image(image),
            note.key == NOTE_KEY,
            note.deleted == sa.false(),
        )
    )


def _in_pools(models: Any, pools: frozenset[str]) -> tuple[Any, ...]:
    volume = models.Volume
    return (
        volume.deleted == sa.false(),
        sa.or_(volume.host.in_(pools), volume.cluster_name.in_(pools)),
    )


def _is_image(image: Any) -> tuple[Any, ...]:
    return image.deleted == sa.false(), image.key == 'image_id'


def _pool(where: Iterable[str | None], pools: frozenset[str]) -> str:
    return next(each for each in where if each in pools) or ''


def _uses(route: str | None, count: int) -> Uses:
    if route is None:
        return Uses(count)
    return Uses(
        count,
        count,
        0 if route == CINDER_DOWNLOAD else count,
        count if route == _CACHED else 0,
    )
