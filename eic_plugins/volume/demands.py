"""What a backend asks of the engine, for a volume or for the cached image alone."""

from eic_plugins.engine.demand import Demand
from eic_plugins.engine.pool_cache import PoolCache
from eic_plugins.volume.cluster import Cluster
from eic_plugins.volume.image_source import RequestedImage


def demand(
    source: RequestedImage,
    cluster: Cluster,
    cache: PoolCache,
    *,
    cannot_clone: bool,
    encrypted: bool = False,
) -> Demand:
    """An image that is wanted in a pool.

    :param cannot_clone: True if the pool's files are not to be cloned
    :param encrypted: True if the volume is
    """
    fetcher = source.fetcher
    return Demand(
        fetcher.image,
        source,
        size=fetcher.size,
        encrypted=encrypted,
        pool_is_flexgroup=cannot_clone,
        clone_limit_reached=cluster.clone_limits.reached(cache.pool.flexvol),
        refused=fetcher.refusal,
    )
