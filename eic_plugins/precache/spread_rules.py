"""Which image is to be copied into which pools, by the demand for it: pure.

Demand is the number of an image's volumes in the cluster's pools that were asked
for within ``spread_window`` seconds. For each ``[eic] spread_volumes`` of them, one
pool more is to have the image, beside the first one. Then the scheduler's other
weighers decide among these pools, and no FlexVol, node or aggregate carries the
I/O of all guests.

Nothing is remembered. The rule looks at the volumes that are there, and at what
pools report of themselves. All backends take the pools in the same order, so that
they agree without talking; the order differs from image to image.
"""

import dataclasses
import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from eic_plugins.model import KnownPool

CLUSTER_COPIES = 25
"""Half of the copies that a cluster runs at once; the rest is for volumes."""


@dataclasses.dataclass(frozen=True)
class Rule:
    """The options ``spread_*``; ``within`` in seconds."""

    volumes: int
    within: float
    copies: int


def neighbours(own: Iterable[KnownPool], pools: Iterable[KnownPool]) -> list[KnownPool]:
    """Those of the pools that can be copied from to the backend's own: files
    from the whole cluster, LUNs from their SVM.
    """
    reach = {_reach(pool) for pool in own}
    return [pool for pool in pools if _reach(pool) in reach]


def lacking(
    volumes: Mapping[str, int],
    rule: Rule,
    own: Collection[KnownPool],
    cluster: Iterable[KnownPool],
) -> Iterator[tuple[str, KnownPool]]:
    """What is to be copied where, the image that is wanted most first.

    :param volumes: how many there are of each image in the cluster's pools
    :param own: the backend's pools
    :param cluster: all of the cluster's, the own ones among them
    """
    pools = list(cluster)
    mine = {pool.name for pool in own}
    for image_id in sorted(volumes, key=lambda each: (-volumes[each], each)):
        for pool in _next(image_id, volumes[image_id] // rule.volumes, pools):
            if pool.name in mine:
                yield image_id, pool


def share(rule: Rule, cluster: Iterable[KnownPool]) -> int:
    """How many copies the backend may have under way at once."""
    backends = {pool.name.partition('#')[0] for pool in cluster}
    return max(1, min(rule.copies, CLUSTER_COPIES // max(len(backends), 1)))


def _next(
    image_id: str, copies: int, pools: Sequence[KnownPool]
) -> Sequence[KnownPool]:
    """The pools that are to have it next.

    :param copies: how many pools are to have it beside the first one
    """
    without = [pool for pool in pools if not pool.may_have(image_id)]
    having = len(pools) - len(without)
    if not having:
        return ()
    ordered = sorted(
        without,
        key=lambda pool: hashlib.sha256(f'{image_id} {pool.name}'.encode()).digest(),
    )
    return ordered[: max(copies + 1 - having, 0)]


def _reach(pool: KnownPool) -> tuple[str, str, str]:
    svm = '' if pool.kind == 'files' else pool.svm
    return pool.cluster, pool.kind, svm
