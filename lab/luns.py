"""Removes LUNs as an operator would: the simulator's files alone do not."""

import requests

from lab import simulator
from lab.context import Lab
from lab.topology import BLOCK_BACKENDS, cluster_named

_TIMEOUT = 10


def remove(lab: Lab, pattern: str) -> None:
    """Delete the LUNs of the lab's block backends whose path ends so.

    :param pattern: of the name, as ONTAP takes it: ``img-cache-1*``
    """
    for cluster in {backend.cluster for backend in BLOCK_BACKENDS}:
        answer = requests.delete(
            f'{lab.ports.cluster_url(cluster_named(cluster))}/api/storage/luns',
            params={'name': f'*/{pattern}'}, timeout=_TIMEOUT,
            auth=('lab', lab.secrets['ontap-lab']),
            verify=str(simulator.ca_file(lab)))
        answer.raise_for_status()
