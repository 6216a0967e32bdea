"""What a pool tells the scheduler: where it is, and which images it has.

Small on purpose: it travels to every scheduler once a minute.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

from eic_plugins.cache import PoolCache
from eic_plugins.ontap.namespace import Namespace

_MOST_IMAGES = 256
_RESCAN_SECONDS = 600.0


class PoolReport:
    """The capability ``eic`` of the pools of one backend."""

    def __init__(self, namespace: Namespace,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._namespace = namespace
        self._clock = clock
        self._lock = threading.Lock()
        self._images: dict[str, dict[str, None]] = {}
        self._scanned: dict[str, float] = {}

    def add(self, share: str, image_id: str) -> None:
        """The pool has this cached image (the newest is reported longest)."""
        with self._lock:
            images = self._images.setdefault(share, {})
            images.pop(image_id, None)
            images[image_id] = None
            while len(images) > _MOST_IMAGES:
                del images[next(iter(images))]

    def discard(self, share: str, image_id: str) -> None:
        """The pool has it no longer."""
        with self._lock:
            self._images.get(share, {}).pop(image_id, None)

    def images(self, share: str) -> frozenset[str]:
        """The ids of the pool's cached images, as far as they are known."""
        with self._lock:
            return frozenset(self._images.get(share, ()))

    def facts(self, cache: PoolCache) -> dict[str, Any]:
        """The capability of one pool.

        :raises OntapError: the cluster did not answer
        :raises OSError: the share is not mounted
        """
        pool = cache.pool
        self._rescan(cache)
        with self._lock:
            images = list(self._images.get(pool.name, ()))
        return {
            'cluster': pool.flexvol.cluster,
            'svm': pool.flexvol.svm,
            'flexvol': pool.flexvol.uuid,
            'junction_path': pool.flexvol.junction_path,
            'servers': list(self._namespace.lifs_of(pool.flexvol.svm)),
            'cached': images,
        }

    def _rescan(self, cache: PoolCache) -> None:
        """Now and then, see what others added and what was evicted."""
        share = cache.pool.name
        due = self._scanned.get(share, float('-inf')) + _RESCAN_SECONDS
        if self._clock() < due:
            return
        found = dict.fromkeys(cache.storage.image_ids())
        with self._lock:
            kept = [i for i in self._images.get(share, ()) if i in found]
        self._images[share] = {}
        for image_id in [*found, *kept]:
            self.add(share, image_id)
        self._scanned[share] = self._clock()
