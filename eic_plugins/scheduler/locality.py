"""How near a pool is to an image: the hint ``eic`` against pools' reports.

The API plane writes the hint, the drivers write the reports, the scheduler
compares them. Pure; shared so that both ends agree on the form.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from eic_plugins.model import ImageCopy
from eic_plugins.scheduler import reported_images
from eic_plugins.support.id_filter import Wanted
from eic_plugins.support.name_resolution import addresses

HINT = 'eic'
CACHED = 1.0
SAME_FLEXVOL = 0.75
SAME_SVM = 0.5
SAME_CLUSTER = 0.25
FAR = 0.0


def by_address(copies: Iterable[ImageCopy], wait: float) -> tuple[ImageCopy, ...]:
    """The copies with their servers by address, as the reports have them.

    :param wait: seconds that it may take to resolve one of their names
    """
    return tuple(
        dataclasses.replace(copy, server=address)
        for copy in copies
        for address in addresses(copy.server, wait)
    )


def write_hint(copies: Iterable[ImageCopy]) -> dict[str, Any]:
    """The hint as JSON."""
    return {
        'copies': [
            {
                'server': copy.server,
                'path': copy.path,
                **({'raw': True} if copy.raw else {}),
            }
            for copy in copies
        ]
    }


def read_hint(raw: Any) -> tuple[ImageCopy, ...]:
    """The copies in a hint; whatever is not of its form counts as absent."""
    entries = raw.get('copies') if isinstance(raw, Mapping) else None
    return tuple(
        ImageCopy(entry['server'], entry['path'], entry.get('raw') is True)
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, Mapping)
        and isinstance(entry.get('server'), str)
        and isinstance(entry.get('path'), str)
    )


def weigh(
    pools: Sequence[Mapping[str, Any]],
    image_id: str | None,
    copies: Sequence[ImageCopy],
) -> list[float]:
    """A weight from :data:`FAR` to :data:`CACHED` for each pool's report."""
    clusters = {
        pool.get('cluster')
        for pool in pools
        if any(_serves(pool, copy) for copy in copies)
    } - {None}
    wanted = None if image_id is None else Wanted(image_id)
    return [_weight(pool, wanted, copies, clusters) for pool in pools]


def _weight(
    pool: Mapping[str, Any],
    wanted: Wanted | None,
    copies: Sequence[ImageCopy],
    clusters: set[Any],
) -> float:
    if wanted is not None and reported_images.may_have(pool, wanted):
        return CACHED
    served = [copy for copy in copies if _serves(pool, copy)]
    held = [copy for copy in served if _holds(pool, copy)]
    if held:
        # A raw file is cloned in constant time, like a cached image.
        return CACHED if any(copy.raw for copy in held) else SAME_FLEXVOL
    if served:
        return SAME_SVM
    return SAME_CLUSTER if pool.get('cluster') in clusters else FAR


def _serves(pool: Mapping[str, Any], copy: ImageCopy) -> bool:
    return copy.server in pool.get('servers', ())


def _holds(pool: Mapping[str, Any], copy: ImageCopy) -> bool:
    """True if the copy is below the junction of the pool's FlexVol.

    A deeper junction in between is not seen here; the driver sees it, and
    copies where a clone was hoped for.
    """
    junction = pool.get('junction_path')
    if not isinstance(junction, str) or not copy.path.startswith('/'):
        return False
    return copy.path.startswith(junction.rstrip('/') + '/')
