"""Every fault of the simulator, in every call of every route.

The EIC driver runs in this process, as cinder-volume would run it, with a
Glance that is an object. The table is generated: a route is taken once to see
which calls it makes, and then once for each call and each fault that can hit
it. Whatever goes wrong, the volume gets the image's bytes, from EIC or from
Cinder's download to which EIC handed the request; nothing is left over after a
sweep; and the next volume is right.
"""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ontap_simulator import fault_kinds

from tests.contract import share_routes, shares
from tests.contract.fault_table import VARIANTS, Fault, all_faults, shown
from tests.contract.images import Glance
from tests.contract.share_routes import CASES, SufferingShares
from tests.contract.simulator import Simulator

PROTOCOL = 'nfs'

needs_time = pytest.mark.skipif(
    not os.environ.get('EIC_FAULT_TABLE'),
    reason='the table of faults takes half an hour, and a process of its own: '
    'EIC_FAULT_TABLE=1 pytest tests/contract/test_faults.py',
)


@pytest.fixture(scope='module')
def cinder_conf(served: Simulator, state: Path) -> Iterator[Any]:
    timeouts = {'clone_timeout': 2, 'copy_offload_timeout': 2, 'fill_wait_timeout': 10}
    with share_routes.configured(served, state, **timeouts) as configuration:
        yield configuration


@pytest.fixture(scope='module')
def driver(admin: Any) -> Any:
    return shares.started(admin)


@pytest.fixture
def world(
    driver: Any, admin: Any, simulator: Simulator, tmp_path: Path
) -> SufferingShares:
    found = SufferingShares(driver, admin, simulator, Glance())
    found.tmp_path = tmp_path
    return found


def test_there_is_a_variant_of_every_kind_of_fault() -> None:
    assert set(VARIANTS) == set(fault_kinds.PARAMETERS)


@needs_time
@pytest.mark.usefixtures('nfs')
@pytest.mark.parametrize(
    ('name', 'fault'),
    list(itertools.product(CASES, all_faults())),
    ids=lambda value: value if isinstance(value, str) else shown(value),
)
def test_no_fault_of_any_call_costs_a_volume(
    name: str, fault: Fault, world: SufferingShares
) -> None:
    assert world.damages(CASES[name], fault) == {}
