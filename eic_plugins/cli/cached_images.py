"""What is known of cached images: by ONTAP, Glance, Cinder's database and metrics."""

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from oslo_utils import uuidutils

from eic_plugins.cli import named_images
from eic_plugins.cli.cloud import CloudError
from eic_plugins.cli.plan import ask_scheduler
from eic_plugins.cli.terminal import Progress
from eic_plugins.glance.documents import ListedImage
from eic_plugins.ontap.namespace import UnknownShareError
from eic_plugins.ontap.session import OntapError


@dataclasses.dataclass(frozen=True)
class Row:
    """A cached image in a pool. None is what is not known.

    ``pool`` and ``seen`` are of :mod:`eic_plugins.volume.planning`, ``uses`` of
    :mod:`eic_plugins.volume.upkeep.uses`.
    """

    pool: Any
    seen: Any
    seen_by: str
    image: ListedImage | None = None
    uses: Any = None

    @property
    def clones(self) -> int | None:
        """Volumes that are known to be clones; None if of none is known what it is."""
        if self.uses is None or (self.uses.volumes and not self.uses.known):
            return None
        return int(self.uses.clones)

    @property
    def saved(self) -> int | None:
        """Bytes that the clones would take if each were a copy."""
        if self.clones is None or self.seen.occupied is None:
            return None
        return int(self.clones * self.seen.occupied)

    @property
    def state(self) -> str | None:
        """Whether volumes are made of it."""
        if self.seen.recorded is None:
            return None
        if not self.seen.recorded:
            return 'no_record'
        if self.image and self.seen.identity not in {None, self.image.image.identity}:
            return 'outdated'
        return 'cached'


def choose_pools(asked: Sequence[str]) -> list[Any]:
    """The pools of these names, all of EIC's if none is asked for.

    :raises CloudError: there is no such pool, or the scheduler does not answer
    """
    from eic_plugins.volume.planning import reports  # noqa: PLC0415

    known = reports.reported_pools(ask_scheduler())
    for name in asked:
        if not any(name in each.names for each in known):
            raise CloudError(
                f'No backend of EIC has reported a pool {name!r}; see openstack volume '
                'backend pool list --long.'
            )
    return [each for each in known if not asked or each.names & {*asked}]


def find_images(asked: Sequence[str]) -> dict[str, ListedImage | None]:
    """The images of these names or ids, by id; None of an id that Glance has not.

    :param asked: empty for all
    :raises CloudError: there is none of such a name, or Glance does not answer
    """
    images = named_images.connect()
    found: dict[str, ListedImage | None] = {}
    for word in asked:
        try:
            listed = named_images.named(images, [word])
        except CloudError:
            if not uuidutils.is_uuid_like(word):
                raise
            found[word] = None
        else:
            found.update({each.image.id: each for each in listed})
    if not asked:
        found.update({each.image.id: each for each in named_images.named(images, [])})
    return found


def look(
    pools: Iterable[Any],
    images: Mapping[str, ListedImage | None],
    only: Collection[str],
    progress: Progress,
) -> tuple[list[Row], list[str]]:
    """The rows of these pools, and what could not be seen, as sentences.

    :param images: what is known of images, by id
    :param only: ids of the images that are looked for; empty for all
    """
    rows, unseen = [], []
    chosen = list(pools)
    for number, pool in enumerate(chosen, start=1):
        progress.say(f'{number} of {len(chosen)} pools')
        try:
            rows += _rows_of(pool, images, only)
        except LookupError as err:
            unseen.append(f'{pool.known.name}: {err}')
    uses = _uses(chosen, unseen)
    if uses is not None:
        rows = [dataclasses.replace(row, uses=_uses_of(row, uses)) for row in rows]
    return rows, unseen


def _rows_of(
    pool: Any, images: Mapping[str, ListedImage | None], only: Collection[str]
) -> list[Row]:
    """:raises LookupError: it cannot be seen, and why"""
    from eic_plugins.volume.planning.seen_backend import (  # noqa: PLC0415
        UnknownBackendError,
        see,
    )

    try:
        contents = see(pool.section, pool.known.kind, [pool]).seen.contents(pool)
    except (OntapError, OSError, UnknownShareError, UnknownBackendError) as err:
        raise LookupError(str(err)) from err
    return [
        Row(pool, seen, contents.seen_by, images.get(seen.image_id))
        for seen in sorted(contents.images, key=lambda each: each.image_id)
        if not only or seen.image_id in only
    ]


def _uses(pools: Sequence[Any], unseen: list[str]) -> Any:
    from eic_plugins.volume.upkeep.uses import uses_by_place  # noqa: PLC0415

    try:
        return uses_by_place([each.known.name for each in pools])
    except Exception as err:
        unseen.append(f"Cinder's database: {type(err).__name__}")
        return None


def _uses_of(row: Row, uses: Any) -> Any:
    from eic_plugins.volume.upkeep.uses import Uses  # noqa: PLC0415

    return uses.get((row.seen.image_id, row.pool.known.name), Uses())


def known_images(asked: Sequence[str], unseen: list[str]) -> dict[str, Any]:
    """As :func:`find_images`; without a name that is asked for, Glance may be away."""
    if asked:
        return find_images(asked)
    try:
        return find_images(())
    except CloudError as err:
        unseen.append(f'names of images, and what is outdated: {err}')
        return {}
