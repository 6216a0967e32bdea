"""What ``eic cache`` does, on drivers that run in this process."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.contract.images import Image
from tests.contract.stock import BACKEND
from tests.contract.world import World

HOST = f'contract@{BACKEND}'


class Cache:
    """The commands, behind what they read of Cinder and Glance."""

    def __init__(self, world: World) -> None:
        from eic_plugins.cli.cache_upkeep import Hosts  # noqa: PLC0415
        from eic_plugins.cli.terminal import Progress  # noqa: PLC0415

        self.world = world
        self.hosts = Hosts(lambda _host: world.eic)
        self.progress = Progress(shown=False)
        self._pools: dict[str, Any] = {}
        # A driver that is older than this test knows another test's Glance.
        world.eic.background.filler._locations._lookup = None

    def pools(self) -> dict[str, Any]:
        """As the scheduler knew them first, by their names behind the ``#``."""
        if not self._pools:
            self._pools = self._reported()
        return self._pools

    def _reported(self) -> dict[str, Any]:
        from eic_plugins.volume.planning.reports import (  # noqa: PLC0415
            reported_pools,
        )

        stats = self.world.driver.get_volume_stats(refresh=True)
        found = reported_pools(
            {
                'name': f'{HOST}#{each["pool_name"]}',
                'capabilities': {**stats, **each},
            }
            for each in stats['pools']
        )
        return {each.name: each for each in found}

    def note(self, volume: Any, image: Image) -> None:
        """As the manager writes down the image of a volume."""
        from cinder.db import api  # noqa: PLC0415

        api.volume_glance_metadata_create(
            self.world.admin, volume.id, 'image_id', image.id
        )

    def listed(self, *images: Image) -> list[Any]:
        """The rows of ``eic cache list``."""
        from eic_plugins.cli import cached_images  # noqa: PLC0415

        known = {each.image.id: each for each in self.world.glance.all()}
        rows, unseen = cached_images.look(
            self.pools().values(), known, [each.id for each in images], self.progress
        )
        assert not unseen
        return rows

    def cells(self, *images: Image) -> Sequence[Mapping[str, Any]]:
        """The same as programs get them."""
        from eic_plugins.cli import cache  # noqa: PLC0415

        return [
            {
                name: getattr(cell, 'machine_readable', lambda cell=cell: cell)()
                for name, cell in zip(cache._COLUMNS, cache.cells(row), strict=True)
            }
            for row in self.listed(*images)
        ]

    def warm(self, image: Image, pool: str) -> Sequence[Any]:
        from eic_plugins.cli import cache_upkeep  # noqa: PLC0415

        return cache_upkeep.warmed(
            self.hosts, self._glance(image), self.pools()[pool], self.progress
        )

    def evict(self, image: Image, pool: str) -> tuple[str, bool]:
        from eic_plugins.cli import cache_upkeep  # noqa: PLC0415

        row, is_well = cache_upkeep.evicted(
            self.hosts, image.id, self.pools()[pool], self.progress
        )
        return row[2], is_well

    def verify(self, image: Image, pool: str, rate: float = 0) -> tuple[str, bool, str]:
        from eic_plugins.cli import cache_upkeep  # noqa: PLC0415

        row, is_well = cache_upkeep.verified(
            self.hosts, self._glance(image), self.pools()[pool], rate, self.progress
        )
        return row[2], is_well, row[4]

    def _glance(self, image: Image) -> Any:
        return self.world.glance.find(image.id)
