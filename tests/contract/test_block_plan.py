"""``eic plan`` says beforehand what EIC's block drivers then do."""

import os
from typing import Any

from tests.contract.block import NEEDS_ROOT, ONE, POOLS, TWO, BlockWorld
from tests.contract.images import Image
from tests.contract.stock import BACKEND, MIB

pytestmark = NEEDS_ROOT
PROTOCOLS = ['iscsi', 'fc', 'nvme']
KINDS = {'iscsi': 'luns', 'fc': 'luns', 'nvme': 'namespaces'}


def planned(world: BlockWorld, image: Image) -> dict[str, Any]:
    """What is foreseen, by pool."""
    from eic_plugins.cli import named_images, plan  # noqa: PLC0415

    stats = world.driver.get_volume_stats(refresh=True)
    reported = [
        {
            'name': f'contract@{BACKEND}#{each["pool_name"]}',
            'capabilities': {**stats, **each},
        }
        for each in stats['pools']
    ]
    found = named_images.find(world.glance, image.id).image
    since = world.simulator.calls()['last']
    foreseen = plan.foresee(found, None, POOLS, None, reported)
    calls = world.simulator.calls(since)['calls']
    assert {call['method'] for call in calls} == {'GET'}
    assert {each.seen_by for each in foreseen} == {
        f"ONTAP's list of {KINDS[world.protocol]}"
    }
    return {each.pool.name: each.plan for each in foreseen}


def test_the_driver_then_does_what_was_planned(world: BlockWorld) -> None:
    image = world.glance.add(os.urandom(MIB))
    image.location = f'nfs://127.0.81.1/images/{image.id}'
    for pool in (ONE, ONE, TWO, TWO):
        plan = planned(world, image)[pool]
        volume, route = world.make(image, pool)
        assert plan.route == route
        assert ','.join(map(str, plan.refusals)) == volume.metadata.get(
            'eic_refused', ''
        )
        world.start_anew()


def test_a_file_is_no_device_and_is_downloaded_once(world: BlockWorld) -> None:
    image = world.glance.add(os.urandom(MIB))
    image.location = f'nfs://127.0.81.1/images/{image.id}'
    assert {plan.route for plan in planned(world, image).values()} == {'download'}
    world.make(image, ONE)
    routes = {pool: plan.route for pool, plan in planned(world, image).items()}
    copied = world.protocol != 'nvme'
    assert routes == {ONE: 'cached', TWO: 'copy_offload' if copied else 'download'}
