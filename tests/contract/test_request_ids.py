"""ONTAP hears for which request of OpenStack it is asked."""

import os
import threading
from collections.abc import Iterator
from typing import Any

import netapp_ontap
import pytest
from cinder import context
from oslo_context import context as oslo_context

from tests.contract.shares import (  # noqa: F401 - fixtures
    GOLD,
    Shares,
    cinder_conf,
    nfs_driver,
    world,
)
from tests.contract.stock import MIB

PROTOCOL = 'nfs'
SENT_BY_A_USER = 'req-ffffffff-ffff-ffff-ffff-ffffffffffff'
LIBRARY = f'netapp-ontap-python-{netapp_ontap.__version__}'

pytestmark = pytest.mark.usefixtures('nfs')


@pytest.fixture
def request_of_a_user() -> Iterator[Any]:
    """As the message bus hands it to a thread of cinder-volume."""
    before = oslo_context.get_current()
    yield context.RequestContext('user', 'project', global_request_id=SENT_BY_A_USER)
    if before is not None:
        before.update_store()


def clients(world: Shares, since: int) -> set[str]:
    """What EIC's own calls say that they are from."""
    calls = world.simulator.calls(since)['calls']
    return {c['client'] for c in calls if c['client'].startswith('netapp-ontap')}


def test_all_calls_for_a_volume_have_the_id_of_its_request(
    world: Shares, request_of_a_user: Any
) -> None:
    image = world.glance.add(os.urandom(MIB))
    before = world.simulator.calls()['last']
    world.create(image, GOLD)
    asked_by = request_of_a_user.request_id
    assert clients(world, before) == {f'{LIBRARY}/eic-plugins/{asked_by}'}


def test_what_nobody_asked_for_has_no_id(world: Shares) -> None:
    world.create(world.glance.add(os.urandom(MIB)), GOLD)
    before = world.simulator.calls()['last']
    statistics = threading.Thread(
        target=world.driver.get_volume_stats, kwargs={'refresh': True}
    )
    statistics.start()
    statistics.join()
    assert clients(world, before) == {f'{LIBRARY}/eic-plugins'}
