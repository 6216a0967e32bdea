"""The simulator that the tests run, and the cluster that it simulates."""

import contextlib
from collections.abc import Iterator

from ontap_simulator.testing import Simulator

__all__ = ['TOPOLOGY', 'Simulator', 'end_peerings', 'file_copies_allowed']

TOPOLOGY = """
[cluster]
name = "contract"
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


WAIT = {'return_timeout': 30}
"""The parameters with which a call answers when its job has ended. Without them a test
would go on before, from 9.16.1 on also where it makes or changes a LUN.
"""


@contextlib.contextmanager
def file_copies_allowed(served: Simulator, svm: str, peer: str) -> Iterator[None]:
    """The SVMs are peered for file copies, by the first of them; then no more."""
    url, session = f'{served.origin}/api/svm/peers', served.session
    body = {
        'svm': {'name': svm},
        'peer': {'svm': {'name': peer}},
        'applications': ['file_copy'],
    }
    session.post(url, params=WAIT, json=body, timeout=60).raise_for_status()
    try:
        yield
    finally:
        end_peerings(served)


def end_peerings(served: Simulator) -> None:
    """No SVMs are peered any more."""
    url, session = f'{served.origin}/api/svm/peers', served.session
    for each in session.get(url, timeout=30).json()['records']:
        session.delete(
            f'{url}/{each["uuid"]}', params=WAIT, timeout=60
        ).raise_for_status()
