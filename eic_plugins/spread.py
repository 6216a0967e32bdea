"""Which images in demand lack a cached image in which pools: pure.

An image is in demand if at least ``[eic] spread_volumes`` volumes of it, asked
for within ``spread_window`` seconds, are in pools of the cluster. If it is
cached in one of them, it is to be cached in each pool of the backend that looks:
then the scheduler's other weighers decide among all of these, and no FlexVol,
node and aggregate carries all the guests' I/O.

Nothing is remembered: what is looked at are volumes that are there, and what
pools report of themselves.
"""

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping

from eic_plugins.model import KnownPool

CLUSTER_COPIES = 25
"""Half of the copies that a cluster runs at once; the rest is for volumes."""


@dataclasses.dataclass(frozen=True)
class Rule:
    """The options ``spread_*``; ``within`` in seconds."""

    volumes: int
    within: float
    copies: int


def neighbours(own: Iterable[KnownPool],
               pools: Iterable[KnownPool]) -> list[KnownPool]:
    """Those of the pools that can be copied from to the backend's own: files
    from the whole cluster, LUNs from their SVM.
    """
    reach = {_reach(pool) for pool in own}
    return [pool for pool in pools if _reach(pool) in reach]


def lacking(volumes: Mapping[str, int], rule: Rule, own: Collection[KnownPool],
            cluster: Iterable[KnownPool]) -> Iterator[tuple[str, KnownPool]]:
    """What is to be copied where, the image that is wanted most first.

    :param volumes: how many there are of each image in the cluster's pools
    :param own: the backend's pools
    :param cluster: all of the cluster's, the own ones among them
    """
    cached = {image_id for pool in cluster for image_id in pool.cached}
    wanted = sorted((-count, image_id) for image_id, count in volumes.items()
                    if count >= rule.volumes and image_id in cached)
    for _, image_id in wanted:
        for pool in own:
            if image_id not in pool.cached:
                yield image_id, pool


def share(rule: Rule, cluster: Iterable[KnownPool]) -> int:
    """How many copies the backend may have under way at once."""
    backends = {pool.name.partition('#')[0] for pool in cluster}
    return max(1, min(rule.copies, CLUSTER_COPIES // max(len(backends), 1)))


def _reach(pool: KnownPool) -> tuple[str, str, str]:
    svm = '' if pool.kind == 'files' else pool.svm
    return pool.cluster, pool.kind, svm
