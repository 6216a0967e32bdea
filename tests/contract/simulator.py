"""The simulator that the tests run, and what a test can ask it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests
from netapp_ontap import HostConnection

_TIMEOUT = 30
TOPOLOGY = """
[cluster]
name = "contract"
version = "9.15.1"
listen = "127.0.0.1:0"

[[users]]
name = "admin"
password = "admin-secret"

[[users]]
name = "stock"
password = "stock-secret"

[[users]]
name = "auditor"
password = "auditor-secret"
role = "readonly"

[[aggregates]]
name = "aggr1"
size = "1TiB"
node = "contract-01"

[[svms]]
name = "svm_gold"
[[svms.lifs]]
name = "lif1"
address = "127.0.81.1"
[[svms.lifs]]
name = "lif2"
address = "127.0.81.2"
[[svms.volumes]]
name = "images_vol"
junction_path = "/images"
size = "100GiB"
aggregate = "aggr1"
[[svms.volumes]]
name = "gold"
junction_path = "/gold"
size = "100GiB"
aggregate = "aggr1"
[[svms.volumes]]
name = "store"
junction_path = "/store"
size = "100GiB"
aggregate = "aggr1"

[[svms]]
name = "svm_silver"
[[svms.lifs]]
name = "lif1"
address = "127.0.82.1"
[[svms.volumes]]
name = "silver_vol"
junction_path = "/tenants/silver"
size = "100GiB"
aggregate = "aggr1"

[[svms]]
name = "svm_san"
protocols = ["iscsi", "fcp", "nvme"]
[[svms.lifs]]
name = "lif1"
address = "127.0.83.1"
[[svms.lifs]]
name = "lif2"
address = "127.0.83.2"
[[svms.volumes]]
name = "san_one"
size = "100GiB"
aggregate = "aggr1"
[[svms.volumes]]
name = "san_two"
size = "100GiB"
aggregate = "aggr1"
"""


class Simulator:
    """The running simulator, as a test sees it."""

    def __init__(self, data_dir: Path, address: tuple[str, int]) -> None:
        self.data_dir = data_dir
        self.host, self.port = address
        self.ca = data_dir / 'ca.pem'
        self.session = requests.Session()
        self.session.auth = ('admin', 'admin-secret')
        self.session.verify = str(self.ca)

    @property
    def origin(self) -> str:
        return f'https://{self.host}:{self.port}'

    def connection(self, user: str = 'admin') -> HostConnection:
        return HostConnection(
            self.host,
            port=self.port,
            username=user,
            password=f'{user}-secret',
            verify=str(self.ca),
            poll_interval=1,
        )

    def directory(self, svm: str, volume: str) -> Path:
        return self.data_dir / 'volumes' / svm / volume

    def control(self, method: str, path: str, **kwargs: Any) -> Mapping[str, Any]:
        response = self.session.request(
            method, f'{self.origin}/simulator/v1{path}', timeout=_TIMEOUT, **kwargs
        )
        response.raise_for_status()
        return response.json()

    def fault(self, kind: str, **parameters: Any) -> str:
        return self.control('POST', '/faults', json={'kind': kind, **parameters})['id']

    def calls(self, since: int = 0, user: str | None = None) -> Mapping[str, Any]:
        params = {'since': since} | ({'user': user} if user else {})
        return self.control('GET', '/calls', params=params)
