"""What a pool tells the scheduler: where it is, and which images it has.

Bounded, however many images there are: it travels to every scheduler once a minute,
and from there to every backend that asks (:mod:`eic_plugins.volume.pools.deployment`).
The form is in :mod:`eic_plugins.scheduler.reported_images`.
"""

import collections
from typing import Any

from eic_plugins.engine.pool_cache import PoolCache
from eic_plugins.ontap.namespace import Namespace
from eic_plugins.scheduler import reported_images
from eic_plugins.support.clock import SYSTEM, Clock
from eic_plugins.support.known import KnownIds

_RESCAN_SECONDS = 600.0


class PoolCapabilities:
    """The capability ``eic`` of the pools of one backend."""

    def __init__(self, namespace: Namespace, clock: Clock = SYSTEM) -> None:
        self._namespace = namespace
        self._clock = clock
        self._images: dict[str, KnownIds] = collections.defaultdict(KnownIds)
        self._filters: dict[str, _Filter] = collections.defaultdict(_Filter)
        self._scanned: dict[str, float] = {}

    def add(self, share: str, image_id: str) -> None:
        """The pool has this cached image (the newest is reported longest)."""
        self._images[share].note(image_id, True)

    def discard(self, share: str, image_id: str) -> None:
        """The pool has it no longer."""
        self._images[share].note(image_id, False)

    def images(self, share: str) -> frozenset[str]:
        """The ids of the pool's cached images, as far as they are known."""
        return self._images[share].ids()

    def facts(self, cache: PoolCache) -> dict[str, Any]:
        """The capability of one pool.

        :raises OntapError: the cluster did not answer
        :raises OSError: the share is not mounted
        """
        pool = cache.pool
        self._rescan(cache)
        return {
            'cluster': pool.flexvol.cluster,
            'svm': pool.flexvol.svm,
            'flexvol': pool.flexvol.uuid,
            'directory': pool.directory,
            'junction_path': pool.flexvol.junction_path,
            'servers': list(self._namespace.lifs_of(pool.flexvol.svm)),
            'kind': cache.storage.kind,
            **self._cached(pool.name),
        }

    def _cached(self, share: str) -> dict[str, Any]:
        images = self._images[share]
        return {
            **reported_images.ids_field(images.newest(reported_images.LISTED)),
            **self._filters[share].of(images.ids()),
        }

    def _rescan(self, cache: PoolCache) -> None:
        """Now and then, see what others added and what was evicted."""
        share = cache.pool.name
        due = self._scanned.get(share, float('-inf')) + _RESCAN_SECONDS
        if self._clock.monotonic() < due:
            return
        with self._images[share].listing() as found:
            found(cache.storage.image_ids())
        self._scanned[share] = self._clock.monotonic()


class _Filter:
    """Of one pool's images; made again only when they have changed."""

    def __init__(self) -> None:
        self._ids: frozenset[str] = frozenset()
        self._field: dict[str, Any] = {}

    def of(self, ids: frozenset[str]) -> dict[str, Any]:
        if ids is not self._ids:
            self._ids, self._field = ids, reported_images.filter_field(ids)
        return self._field
