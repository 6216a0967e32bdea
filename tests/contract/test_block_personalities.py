"""Each answer that a real ONTAP may give, on each route to a LUN or a namespace.

As ``test_personalities`` does for shares. The image is a file on an NFS export of
another SVM, and ``[eic] experimental_lun_from_file`` is on.
"""

import os
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ontap_simulator.personality import CHOICES

from tests.contract import personality_table
from tests.contract.block import NEEDS_ROOT, ONE, TWO, BlockWorld
from tests.contract.images import Image
from tests.contract.personality_table import SINGLE, shown
from tests.contract.simulator import Simulator
from tests.contract.stock import MIB

pytestmark = NEEDS_ROOT
PROTOCOLS = ('iscsi', 'nvme')
NOT_OF_BLOCKS = {
    'clone_owner',
    'rename_existing',
    'split_status',
    'symbolic_links',
    'clone_visible',
}
OF_BLOCKS = [traits for traits in SINGLE if traits and not NOT_OF_BLOCKS & set(traits)]
"""What concerns shares alone is in the mixtures."""
EIC = {
    'experimental_lun_from_file': True,
    'create_svm_peering': 'svm_gold',
    'clone_timeout': 10,
    'copy_offload_timeout': 10,
}
ODD = MIB + 100
"""Bytes: no whole blocks, so that the file must grow."""


def put(world: BlockWorld, size: int) -> Image:
    """An image in the NFS export of another SVM of the cluster."""
    image = world.glance.add(os.urandom(size))
    path = world.simulator.directory('svm_gold', 'images_vol') / image.id
    path.write_bytes(image.raw)
    image.location = f'nfs://127.0.81.1/images/{image.id}'
    return image


def wrong(world: BlockWorld, size: int, traits: Mapping[str, str]) -> list[str]:
    """What is wrong with three volumes of an image; nothing, if all is well."""
    world.simulator.control('DELETE', '/personality')
    image = put(world, size)
    world.simulator.control('PATCH', '/personality', json=dict(traits))
    world.start_anew()
    made = [world.make(image, pool) for pool in (ONE, ONE, TWO)]
    world.settle()
    world.sweep()
    first, other_pool = 'download', 'download'
    if world.protocol == 'iscsi':
        kind = personality_table.ODD if size == ODD else personality_table.WHOLE
        first, other_pool = personality_table.of_lun(kind, traits), 'copy_offload'
    expected = [first, 'cached', other_pool]
    found = [
        *(
            f'{route} and not {right}'
            for (_, route), right in zip(made, expected, strict=True)
            if route != right
        ),
        *(f'bytes of {v.name}' for v, _ in made if not world.is_right(v, image)),
        *world.left_over(image, *(volume for volume, _ in made)),
    ]
    world.simulator.control('POST', '/reset', json={'files': True})
    return found


@pytest.fixture(autouse=True)
def its_own_again(simulator: Simulator) -> Iterator[None]:
    yield
    simulator.control('DELETE', '/personality')


@pytest.mark.parametrize('traits', OF_BLOCKS, ids=shown)
def test_volumes_are_right_by_the_best_route(
    world: BlockWorld, traits: Mapping[str, str]
) -> None:
    assert wrong(world, ODD, traits) == []


def test_a_file_of_whole_blocks_need_not_grow(world: BlockWorld) -> None:
    assert wrong(world, MIB, {'file_resize': 'refused'}) == []


@settings(
    max_examples=int(os.environ.get('EIC_PERSONALITIES', '5')),
    derandomize=not os.environ.get('EIC_PERSONALITIES'),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
@given(
    size=st.sampled_from([MIB, ODD]),
    traits=st.fixed_dictionaries(
        {name: st.sampled_from(choices) for name, choices in CHOICES.items()}
    ),
)
def test_volumes_are_right_under_any_mixture(
    world: BlockWorld, size: int, traits: Mapping[str, str]
) -> None:
    assert wrong(world, size, traits) == []
