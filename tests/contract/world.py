"""A driver in this process and its cluster, for one volume after the other."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from oslo_utils import timeutils

from tests.contract import stock
from tests.contract.images import Glance, Image
from tests.contract.simulator import Simulator
from tests.contract.stock import BACKEND

IDLE_SECONDS = 3600
"""More than a sweep wants of what it removes."""
SETTLE_SECONDS = 20


class World:
    """What the volume manager asks of EIC's driver, and what became of it."""

    pools: ClassVar[Sequence[str]]
    """The first one is where a volume goes that says nothing."""

    def __init__(
        self, driver: Any, admin: Any, simulator: Simulator, glance: Glance
    ) -> None:
        self.driver, self.admin, self.simulator = driver, admin, simulator
        self.glance = glance
        self._services: dict[str, Glance] = {}

    def root(self, pool: str) -> Path:
        """The directory of the pool's FlexVol."""
        raise NotImplementedError

    @property
    def eic(self) -> Any:
        """What EIC does for the driver."""
        return self.driver.eic

    def cache_of(self, pool: str) -> Any:
        """The cached images of a pool."""
        return self.eic.cluster.pools.cache_of(pool)

    def new_volume(self, pool: str | None = None, size: int = 1) -> Any:
        return stock.new_volume(self.admin, pool or self.pools[0], size)

    def clone(self, volume: Any, image: Image) -> bool:
        """As the volume manager asks for it, and then for the export."""
        cloned = self.clone_image(volume, image)
        if cloned:
            self._save(volume, self.driver.create_export(self.admin, volume, {}))
        return cloned

    def clone_image(self, volume: Any, image: Image) -> bool:
        """What the driver says of it, as the volume manager takes it."""
        service = self._service_for(volume)
        update, cloned = self.driver.clone_image(
            self.admin,
            volume,
            self.glance.get_location(None, image.id),
            image.meta,
            service,
        )
        assert (update is not None) == cloned
        if cloned:
            self._save(volume, update)
        return cloned

    def download(self, volume: Any, image: Image) -> None:
        """What the volume manager does when the driver did not."""
        assert volume.name not in self.names(self.pool_of(volume))
        self.create_empty(volume)
        self.copy_image(volume, image)

    def create_empty(self, volume: Any) -> None:
        self._save(volume, self.driver.create_volume(volume))

    def copy_image(self, volume: Any, image: Image) -> None:
        """Cinder's own way, into a volume that is there."""
        self.driver.copy_image_to_volume(
            self.admin, volume, self._service_for(volume), image.id
        )

    def _service_for(self, volume: Any) -> Glance:
        """The image service of the request for a volume."""
        return self._services.setdefault(volume.id, self.glance.service())

    @staticmethod
    def _save(volume: Any, update: Any) -> None:
        volume.update(update or {})
        volume.save()

    def make(
        self,
        image: Image,
        pool: str | None = None,
        size: int = 1,
    ) -> tuple[Any, str]:
        """A volume of the image, and by which route it came."""
        volume = self.new_volume(pool, size)
        if not self.clone(volume, image):
            self.simulator.control('DELETE', '/faults')
            self.download(volume, image)
        self._finish(volume)
        return volume, volume.metadata.get('eic_route', 'none')

    @staticmethod
    def _finish(volume: Any) -> None:
        """As the manager ends its flow."""
        volume.launched_at = timeutils.utcnow()
        volume.save()
        volume.refresh()

    def create(self, image: Image, pool: str | None = None) -> Any:
        """A volume of the image that is not left to Cinder."""
        volume = self.new_volume(pool)
        cloned = self.clone_image(volume, image)
        self._finish(volume)
        assert cloned, f'left to Cinder: {volume.metadata}'
        return volume

    def cache(self, image: Image, pool: str) -> None:
        """Its cached image stays when the only volume goes."""
        self.driver.delete_volume(self.create(image, pool))

    def forget(self, volume: Any) -> None:
        """Its request is over."""
        self._services.pop(volume.id, None)

    def pool_of(self, volume: Any) -> str:
        return str(volume.host.partition('#')[2])

    def file(self, volume: Any) -> Path:
        return self.root(self.pool_of(volume)) / volume.name

    def files(self, pool: str) -> list[str]:
        return sorted(path.name for path in self.root(pool).iterdir())

    def names(self, pool: str) -> list[str]:
        """The volumes and cached images of a pool, and what is left of some."""
        return self.files(pool)

    def is_right(self, volume: Any, image: Image) -> bool:
        """The image's bytes, nothing behind them, and the volume's size."""
        with self.file(volume).open('rb') as file:
            found = file.read(len(image.raw))
            rest = file.read(len(image.raw))
            size = os.fstat(file.fileno()).st_size
        return found == image.raw and not any(rest) and size == volume.size << 30

    def counters(self) -> Mapping[str, Any]:
        return self.simulator.control('GET', '/counters')

    def start_anew(self) -> None:
        """As after a restart: nothing is known of the cluster yet."""
        self.eic.connect(BACKEND)

    def sweep(self) -> None:
        """As the periodic task does, when what is left has been idle."""
        for cache in self.eic.cluster.pools.caches():
            cache.sweep(time.time() + IDLE_SECONDS)

    def settle(self) -> None:
        """The cluster's copies end, also those nobody waits for any more."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while any(
            self.counters()[kind]['running'] for kind in ('file_copies', 'lun_copies')
        ):
            assert time.monotonic() < deadline, 'waited for copies to end'
            time.sleep(0.05)

    def own_names(self, image: Image) -> set[str]:
        """What there may be of an image."""
        return {image.cached}

    def left_over(self, image: Image, *volumes: Any) -> list[str]:
        """What is not of the image and no volume."""
        known = self.own_names(image) | {volume.name for volume in volumes}
        return sorted(
            name
            for pool in self.pools
            for name in self.names(pool)
            if name not in known
        )
