"""Removes LUNs as an operator would; to delete their files is not enough."""

from lab.cluster_api import ClusterApi
from lab.context import Lab
from lab.topology import BLOCK_BACKENDS, cluster_named


def remove(lab: Lab, pattern: str) -> None:
    """Delete the LUNs of the block backends whose path ends with a pattern.

    :param pattern: of the name, as ONTAP takes it: ``img-cache-1*``
    """
    for cluster in {backend.cluster for backend in BLOCK_BACKENDS}:
        ClusterApi(lab, cluster_named(cluster)).ontap(
            'DELETE', '/storage/luns', params={'name': f'*/{pattern}'}
        )
