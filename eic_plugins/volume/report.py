"""What a pool tells the scheduler: where it is, and which images it has.

Small on purpose: it travels to every scheduler once a minute.
"""

import threading
from typing import Any

from eic_plugins.cache import PoolCache
from eic_plugins.ontap.namespace import Namespace

_MOST_IMAGES = 256


class PoolReport:
    """The capability ``eic`` of the pools of one backend."""

    def __init__(self, namespace: Namespace) -> None:
        self._namespace = namespace
        self._lock = threading.Lock()
        self._images: dict[str, dict[str, None]] = {}

    def add(self, share: str, image_id: str) -> None:
        """The pool has this cached image (the newest is reported longest)."""
        with self._lock:
            images = self._images.setdefault(share, {})
            images.pop(image_id, None)
            images[image_id] = None
            while len(images) > _MOST_IMAGES:
                del images[next(iter(images))]

    def facts(self, cache: PoolCache) -> dict[str, Any]:
        """The capability of one pool.

        :raises OntapError: the cluster did not answer
        :raises OSError: the share is not mounted
        """
        pool = cache.pool
        if pool.name not in self._images:
            # What was cached before this process started.
            for image_id in cache.image_ids():
                self.add(pool.name, image_id)
        with self._lock:
            images = list(self._images.setdefault(pool.name, {}))
        return {
            'cluster': pool.flexvol.cluster,
            'flexvol': pool.flexvol.uuid,
            'junction_path': pool.flexvol.junction_path,
            'servers': list(self._namespace.lifs_of(pool.flexvol.svm)),
            'cached': images,
        }
