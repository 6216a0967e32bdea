"""The cached images of each pool of a backend, on the cluster that it works on."""

from collections.abc import Iterable, Iterator, Sequence

from oslo_log import log as logging

from eic_plugins.engine.demand import Neighbours, NoNeighbours
from eic_plugins.engine.pool_cache import Locks, PoolCache, RoomKeeper
from eic_plugins.model import CachedImage, Image
from eic_plugins.ontap.namespace import UnknownShareError
from eic_plugins.ontap.session import OntapError
from eic_plugins.storage.names import FILL_PREFIX
from eic_plugins.volume.backing.interface import Backing
from eic_plugins.volume.stock.interface import StockDriver

LOG = logging.getLogger(__name__)


class Pools:
    """The pools by name; each is looked up once, and kept.

    :param locks: of what is made in them
    :param room: sees to it that there is room for it
    """

    def __init__(
        self, stock: StockDriver, backing: Backing, locks: Locks, room: RoomKeeper
    ) -> None:
        self._stock = stock
        self._backing = backing
        self._locks = locks
        self._room = room
        self._caches: dict[str, PoolCache] = {}

    def cache_of(self, name: str) -> PoolCache:
        """The cached images of a pool.

        :raises UnknownShareError: the pool is not on the backend's SVM
        :raises OntapError: the cluster did not answer
        """
        if name not in self._caches:
            self._caches[name] = PoolCache(
                self._backing.storage_of(name), self._locks, self._room
            )
        return self._caches[name]

    def caches(self, but: str | None = None) -> Iterator[PoolCache]:
        """Those of all pools; one that is out of order is left out.

        :param but: the name of a pool that is left out, too
        """
        for name in self._stock.pool_names():
            if name == but:
                continue
            try:
                yield self.cache_of(name)
            except (OntapError, UnknownShareError) as err:
                LOG.warning(
                    'No cached images are looked for in %(pool)s: %(err)s',
                    {'pool': name, 'err': err},
                )

    def neighbours_of(self, name: str) -> Neighbours:
        """Where else an image may be cached that a pool can have copied."""
        if not self._backing.copies_between_pools:
            return NoNeighbours()
        return _OtherPools(self, self._backing, name)

    def remove(self, pool_name: str, name: str) -> None:
        """Remove a volume's bytes, or what was to replace them; never raises."""
        try:
            storage = self.cache_of(pool_name).storage
            if name.startswith(FILL_PREFIX):
                storage.remove(name)
            else:
                storage.remove_volume(name)
        except Exception as err:
            LOG.warning(
                'Could not remove %(name)s from %(pool)s: %(err)s',
                {'name': name, 'pool': pool_name, 'err': err},
            )

    def forget(self) -> None:
        """Look all of them up again: what was found may not be true any more."""
        self._caches = {}


class _OtherPools:
    """Other pools than one: the backend's, and the rest of the cluster."""

    def __init__(self, pools: Pools, backing: Backing, name: str) -> None:
        self._pools = pools
        self._backing = backing
        self._name = name

    def pools(self) -> Iterable[PoolCache]:
        """The backend's."""
        return self._pools.caches(but=self._name)

    def search(self, image: Image) -> Sequence[CachedImage]:
        """The cached image in pools of other backends."""
        own = {cache.pool.flexvol.uuid for cache in self._pools.caches()}
        return self._backing.search(image, self._name, own)
