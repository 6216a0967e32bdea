"""What the simulators know beyond their record of calls."""

from typing import Any

from lab.cluster_api import ClusterApi
from lab.context import Lab
from lab.specs import ClusterSpec
from lab.topology import CLUSTERS, all_pools, flexvol_of


def get(lab: Lab, cluster: ClusterSpec, path: str) -> dict[str, Any]:
    """GET of a cluster's control API."""
    answer: dict[str, Any] = ClusterApi(lab, cluster).control('GET', path)
    return answer


def copies_begun(lab: Lab) -> dict[str, int]:
    """How many copies inside a cluster have begun, by the pool they went to."""
    counted = {
        cluster.name: get(lab, cluster, '/counters')['copies_by_volume']
        for cluster in CLUSTERS
    }
    begun = {}
    for pool in all_pools():
        if pool.backend.protocol == 'nfs':
            cluster, svm, flexvol = flexvol_of(pool.share)
            where = cluster.name, f'{svm.name}/{flexvol.name}'
        else:
            where = pool.backend.cluster, f'{pool.backend.svm}/{pool.share}'
        begun[pool.name] = counted[where[0]].get(where[1], 0)
    return begun
