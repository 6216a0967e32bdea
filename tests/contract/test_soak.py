"""A driver goes on for long, and holds no more, leaves nothing, and serves right bytes.

By count: creations and deletions of volumes, half of them on NFS and half on iSCSI.
``make test`` does 500, always the same ones; ``make tables`` does 20,000 others::

    EIC_SOAK=20000 EIC_SOAK_SEED=7 pytest -s tests/contract/test_soak.py
"""

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eic_plugins.ontap import throttling
from tests.contract import block, shares
from tests.contract.block import BlockWorld
from tests.contract.images import Glance
from tests.contract.shares import GOLD, STORE, TwoPools
from tests.contract.simulator import Simulator
from tests.contract.soak import Held, Soak
from tests.contract.world import World

PROTOCOLS = ('nfs', 'iscsi')
VOLUMES = int(os.environ.get('EIC_SOAK', '500')) // len(PROTOCOLS)
SEED = int(os.environ.get('EIC_SOAK_SEED', '1'))
FAULTS = 0.01
PATIENCE = {'clone_timeout': 2, 'copy_offload_timeout': 4, 'fill_wait_timeout': 20}
ROUNDS = 4
MORE_OBJECTS = 2000
"""Of Python's, since the end of the first round; a volume that is kept has more than
one, and a round of ``make tables`` has 2,500."""
MORE_MIB = 16
"""Since the end of the second: until then glibc's arenas grow to the largest that was
ever in use at once."""
MORE_DESCRIPTORS = 4
MORE_THREADS = 4

pytestmark = [pytest.mark.usefixtures('nfs'), block.NEEDS_ROOT]


@pytest.fixture(scope='module')
def cinder_conf(served: Simulator, state: Path, protocol: str) -> Iterator[Any]:
    with contextlib.ExitStack() as stack:
        yield stack.enter_context(
            shares.configured(served, state, (GOLD, STORE), **PATIENCE)
            if protocol == 'nfs'
            else block.configured(served, state, protocol)
        )


@pytest.fixture
def world(
    admin: Any, simulator: Simulator, protocol: str, glance: Glance
) -> Iterator[World]:
    found = (
        TwoPools(shares.started(admin), admin, simulator, glance)
        if protocol == 'nfs'
        else BlockWorld(admin, simulator, protocol, glance)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(throttling, '_LEAST_SPREAD', 0.05)
        yield found


def forget_logs() -> None:
    """pytest keeps each line, and each error in it with all that its frames hold."""
    for handler in logging.getLogger().handlers:
        reset = getattr(handler, 'reset', None)
        if reset is not None:
            reset()


def test_a_driver_goes_on_for_long(world: World) -> None:
    print(f'EIC_SOAK_SEED={SEED}')
    soak = Soak(world, SEED, FAULTS)
    held = []
    for _ in range(ROUNDS):
        soak.walk(VOLUMES // ROUNDS)
        soak.settle()
        assert soak.unexpected() == []
        forget_logs()
        # The simulator, in this process, keeps the last 20,000 calls.
        world.simulator.control('POST', '/reset')
        held.append(Held.now(soak.image_bytes()))
        assert soak.wrong == []
    soak.end()
    print(soak.done, soak.routes, soak.hits, soak.failed, *held, sep='\n')
    assert soak.left_over() == []
    assert soak.wrong == []
    first, second, *_, last = held
    assert last.objects - first.objects <= MORE_OBJECTS
    assert last.descriptors - first.descriptors <= MORE_DESCRIPTORS
    assert last.threads - first.threads <= MORE_THREADS
    assert last.resident - second.resident <= MORE_MIB << 20
