"""ONTAP hears for which request of OpenStack it is asked."""

import os

import netapp_ontap
import pytest
from cinder import context

from tests.contract.shares import GOLD, Shares
from tests.contract.stock import MIB

PROTOCOL = 'nfs'
SENT_BY_A_USER = 'req-ffffffff-ffff-ffff-ffff-ffffffffffff'
LIBRARY = f'netapp-ontap-python-{netapp_ontap.__version__}'

pytestmark = pytest.mark.usefixtures('nfs')


def clients(world: Shares, since: int) -> set[str]:
    """What EIC's own calls say that they are from."""
    calls = world.simulator.calls(since)['calls']
    return {c['client'] for c in calls if c['client'].startswith('netapp-ontap')}


def asked_by_a_user(world: Shares) -> str:
    """The id of the request that volumes are made for from now on."""
    world.admin = context.RequestContext(
        is_admin=True, global_request_id=SENT_BY_A_USER, overwrite=False
    )
    return str(world.admin.request_id)


def test_all_calls_for_a_volume_have_the_id_of_its_request(world: Shares) -> None:
    image = world.glance.add(os.urandom(MIB))
    asked_by = asked_by_a_user(world)
    before = world.simulator.calls()['last']
    world.create(image, GOLD)
    assert clients(world, before) == {f'{LIBRARY}/eic-plugins/{asked_by}'}


def test_a_volume_that_gets_another_image_has_the_id_of_that_request(
    world: Shares,
) -> None:
    volume = world.create(world.glance.add(os.urandom(MIB)), GOLD)
    image = world.glance.add(os.urandom(MIB))
    asked_by = asked_by_a_user(world)
    before = world.simulator.calls()['last']
    world.copy_image(volume, image)
    assert clients(world, before) == {f'{LIBRARY}/eic-plugins/{asked_by}'}


def test_what_nobody_asked_for_has_no_id(world: Shares) -> None:
    world.create(world.glance.add(os.urandom(MIB)), GOLD)
    before = world.simulator.calls()['last']
    world.driver.get_volume_stats(refresh=True)
    assert clients(world, before) == {f'{LIBRARY}/eic-plugins'}
