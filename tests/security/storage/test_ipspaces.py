"""An address that a tenant's SVM has as well leads to no file.

The tenant has an SVM in an IPspace of his own, gives it the address of the SVM
with the images, and puts a file at the image's path. He must not obtain that
EIC takes his file for the image, or peers with his SVM.
"""

import os
from typing import Any

import pytest

from tests.contract.images import Image
from tests.contract.shares import Shares, configured
from tests.contract.simulator import Simulator
from tests.contract.stock import MIB

PROTOCOL = 'nfs'
TWICE = '127.0.81.3'
SIZE = 2 * MIB
EVIL = b'\xee' * SIZE

pytestmark = pytest.mark.usefixtures('nfs')


@pytest.fixture(scope='module')
def cinder_conf(served: Simulator, state: Any) -> Any:
    """Peering is allowed, with another SVM than the tenant's."""
    with configured(served, state, create_svm_peering='svm_silver') as found:
        yield found


@pytest.fixture
def image(world: Shares) -> Image:
    """In svm_gold's /images, and other bytes in the tenant's."""
    found = world.glance.add(os.urandom(SIZE))
    (world.directory('images_vol') / found.id).write_bytes(found.raw)
    (world.simulator.directory('svm_tenant', 'tenant_vol') / found.id).write_bytes(EVIL)
    return found


def peerings(world: Shares) -> set[str]:
    answer = world.simulator.session.get(
        f'{world.simulator.origin}/api/svm/peers',
        timeout=30,
        params={'fields': 'peer.svm.name'},
    )
    return {each['peer']['svm']['name'] for each in answer.json()['records']}


def test_an_address_of_two_ipspaces_is_ambiguous(world: Shares, image: Image) -> None:
    image.location = f'nfs://{TWICE}/images/{image.id}'
    volume = world.create(image)
    assert world.is_right(volume, image)
    assert 'copy_offload=location_ambiguous' in volume.metadata['eic_refused']
    assert 'svm_tenant' not in peerings(world)


def test_an_svm_that_is_not_named_is_not_peered_with(
    world: Shares, image: Image
) -> None:
    """An address that the tenant alone has; Glance's operator mistyped it."""
    image.location = f'nfs://127.0.84.1/images/{image.id}'
    volume = world.create(image)
    assert world.is_right(volume, image)
    assert 'copy_offload=svm_not_peered' in volume.metadata['eic_refused']
    assert 'svm_tenant' not in peerings(world)


def test_an_svm_that_is_named_is_peered_with(world: Shares, image: Image) -> None:
    (world.directory('silver_vol') / image.id).write_bytes(image.raw)
    image.location = f'nfs://127.0.82.1/tenants/silver/{image.id}'
    volume = world.create(image)
    assert world.is_right(volume, image)
    assert volume.metadata['eic_route'] == 'copy_offload'
    assert 'svm_silver' in peerings(world)


def test_the_backends_own_share_is_known_by_netapp_vserver(world: Shares) -> None:
    pool = world.eic.cluster.namespace.pool(f'{TWICE}:/gold')
    assert (pool.flexvol.svm, pool.flexvol.name) == ('svm_gold', 'gold')
    facts = world.eic.statistics.capability_of(world.pools[0])
    assert facts['servers'] == ['127.0.81.1', '127.0.81.2']
