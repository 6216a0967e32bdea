"""The simulated clusters, as their operator and as who makes them fail."""

import contextlib
from collections.abc import Iterator
from typing import Any

from lab.cluster_api import ClusterApi
from lab.context import Lab
from lab.topology import CLUSTERS
from tests.e2e.deadline import wait_for


class Ontap:
    """The simulators' control API."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._clusters = {
            cluster.name: ClusterApi(lab, cluster) for cluster in CLUSTERS
        }

    def control(
        self, method: str, path: str, cluster: str = 'cluster-a', **kwargs: Any
    ) -> Any:
        return self._clusters[cluster].control(method, path, **kwargs)

    def rest(
        self, method: str, path: str, cluster: str = 'cluster-a', **query: Any
    ) -> Any:
        """ONTAP's own API, as an operator."""
        return self._clusters[cluster].ontap(method, path, params=query)

    def fault(
        self,
        kind: str,
        path: str,
        method: str = 'POST',
        count: int = 1,
        **parameters: Any,
    ) -> Any:
        return self.control(
            'POST',
            '/faults',
            json={
                'kind': kind,
                'count': count,
                **parameters,
                'match': {'method': method, 'path': path, 'user': 'eic'},
            },
        )

    @contextlib.contextmanager
    def peered(self, svm: str, other: str) -> Iterator[None]:
        """An SVM peering, made and ended as an operator would."""
        cluster = self._clusters['cluster-a']
        cluster.ontap(
            'POST',
            '/svm/peers',
            json={
                'svm': {'name': svm},
                'peer': {'svm': {'name': other}},
                'applications': ['file_copy'],
            },
        )
        try:
            yield
        finally:
            for record in cluster.ontap('GET', '/svm/peers')['records']:
                cluster.ontap('DELETE', f'/svm/peers/{record["uuid"]}')

    def hits(self) -> list[int]:
        return [fault['hits'] for fault in self.control('GET', '/faults')['faults']]

    def calls(self, since: int = 0) -> Any:
        return self.control('GET', '/calls', params={'since': since, 'user': 'eic'})

    def copy_at(self, bytes_a_second: int) -> None:
        """How fast copies are from now on; 0 for at once."""
        self.control('PATCH', '/settings', json={'copy_throughput': bytes_a_second})

    def file_copies(self, mark: int) -> list[dict[str, Any]]:
        """The requests for copies of files since the call ``mark``."""
        return self.posts_since(mark, '/api/storage/file/copy')

    def wait_for_file_copy(self, mark: int) -> None:
        wait_for(lambda: self.file_copies(mark), 'the copy to begin')

    def posts_since(self, mark: int, path: str) -> list[dict[str, Any]]:
        return [
            call
            for call in self.calls(mark)['calls']
            if call['method'] == 'POST' and call['path'] == path
        ]
