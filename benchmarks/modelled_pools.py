"""The pools of the model: which has the image, since when, and by what."""

import collections
import dataclasses
from typing import Any

from benchmarks.real_scheduler import HOST
from eic_plugins.model import KnownPool

IMAGE = '2f0b9e1c-7c5e-4c6e-9d3b-0c1f4a7f0d11'
"""The one image."""
SERVER = '192.0.2.1'
"""Whose shares the pools are."""
_TOTAL_GB = 10000.0


@dataclasses.dataclass(frozen=True)
class Durations:
    """Seconds that it takes to make a volume or a cached image."""

    hit: float = 2.5
    """One of ten at once on the lab."""
    copy: float = 3.0
    download: float = 5.0


class ModelledPools:
    """Pools, one image, and what it took to get it there.

    :param caches: whether copies are made inside the cluster, and reported
    :param file_in: the pool whose FlexVol has Glance's file of the image, if any
    """

    def __init__(
        self, count: int, caches: bool, file_in: str | None, durations: Durations
    ) -> None:
        self.names = [f'pool{number}' for number in range(count)]
        self.downloads = 0
        self.copies: collections.Counter[str] = collections.Counter()
        self.placed: collections.Counter[str] = collections.Counter()
        self.finished: collections.Counter[str] = collections.Counter()
        self.caches = caches
        self.file_in = file_in
        self._durations = durations
        self._cached: dict[str, set[str]] = {name: set() for name in self.names}
        self._filling: dict[str, float] = {}

    def known(self) -> list[KnownPool]:
        """The pools as the driver knows them."""
        return [
            KnownPool(
                f'{HOST}#{name}', 'cluster', 'svm', name, frozenset(self._cached[name])
            )
            for name in self.names
        ]

    def has_image(self, pool: str) -> bool:
        """Whether a volume in the pool is a hit."""
        return bool(self._cached[pool])

    def filled_at(self, pool: str) -> float | None:
        """When the pool has the image; None if nobody is making it there."""
        return self._filling.get(pool)

    def fill(self, pool: str, now: float) -> float:
        """Begin to make the cached image in a pool; when that will be done.

        The first one of the cluster is a clone or a download, then there are
        copies; the stock driver downloads into each pool.
        """
        known = any(self._cached.values())
        begins = now if known else max([now, *self._filling.values()])
        ends = begins + self._seconds(pool, known)
        self._filling[pool] = ends
        return ends

    def _seconds(self, pool: str, known: bool) -> float:
        if pool == self.file_in:
            return self._durations.hit
        if self.caches and (known or self._filling or self.file_in):
            self.copies[pool] += 1
            return self._durations.copy
        self.downloads += 1
        return self._durations.download

    def filled(self, pool: str) -> None:
        """The image is there."""
        self._filling.pop(pool, None)
        self._cached[pool].add(IMAGE)

    def report(self) -> list[dict[str, Any]]:
        """What cinder-volume tells the schedulers."""
        return [{**self._stock_report(name), **self._eics(name)} for name in self.names]

    def _stock_report(self, name: str) -> dict[str, Any]:
        return {
            'pool_name': name,
            'total_capacity_gb': _TOTAL_GB,
            'free_capacity_gb': _TOTAL_GB,
            'allocated_capacity_gb': self.finished[name],
            'reserved_percentage': 0,
            'max_over_subscription_ratio': '20.0',
            'thin_provisioning_support': True,
            'timestamp': None,
        }

    def _eics(self, name: str) -> dict[str, Any]:
        if not self.caches:
            return {}
        location = {
            'cluster': 'cluster',
            'svm': 'svm',
            'flexvol': name,
            'junction_path': f'/{name}',
            'servers': [SERVER],
        }
        return {'eic': {**location, 'cached': sorted(self._cached[name])}}
