"""The fixtures of tests/contract, with a tenant's SVM on the same cluster.

It is in an IPspace of its own, and has an address that svm_gold has, too.
"""

import pytest

from tests.contract.conftest import *  # noqa: F403 - fixtures, all of them
from tests.contract.simulator import TOPOLOGY

_LIF = """
[[svms.lifs]]
name = "twice"
address = "127.0.81.3"
"""
_TENANT = f"""
[[svms]]
name = "svm_tenant"
ipspace = "tenant"
{_LIF}
[[svms.lifs]]
name = "own"
address = "127.0.84.1"
[[svms.volumes]]
name = "tenant_vol"
junction_path = "/images"
size = "100GiB"
aggregate = "aggr1"
"""


@pytest.fixture(scope='session')
def topology() -> str:
    own, rest = TOPOLOGY.split('name = "svm_gold"\n')
    return f'{own}name = "svm_gold"\n{_LIF}{rest}{_TENANT}'
