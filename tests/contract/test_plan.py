"""``eic plan`` says beforehand what EIC's NFS driver then does, and changes nothing."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.contract.images import Image, qcow2_of
from tests.contract.release import ZAPI
from tests.contract.shares import FLEXVOLS, GOLD, Shares
from tests.contract.stock import BACKEND, MIB

PROTOCOL = 'nfs'
POOL = f'contract@{BACKEND}#{GOLD}'
PLACES = {
    'gold': '127.0.81.1/gold',
    'images_vol': '127.0.81.1/images',
    'silver_vol': '127.0.82.1/tenants/silver',
}

pytestmark = pytest.mark.usefixtures('nfs')


@pytest.fixture(params=['cinder-volume', 'controller'])
def host(
    request: pytest.FixtureRequest,
    cinder_conf: Any,
    tmp_path: Path,
) -> Iterator[str]:
    """Where the command runs: a controller mounts no share."""
    if request.param == 'controller':
        cinder_conf.set_override('nfs_mount_point_base', str(tmp_path), BACKEND)
    yield request.param
    cinder_conf.clear_override('nfs_mount_point_base', BACKEND)


def plans(world: Shares, image: Image, **asked: Any) -> list[Any]:
    """What the command would show, of all pools or of those that are asked for."""
    from eic_plugins.cli import named_images, plan  # noqa: PLC0415 - only when these tests run

    found = named_images.find(world.glance, image.id).image
    stats = world.driver.get_volume_stats(refresh=True)
    own = [
        {
            'name': f'contract@{BACKEND}#{each["pool_name"]}',
            # As the scheduler puts the two together.
            'capabilities': {**stats, **each},
        }
        for each in stats['pools']
    ]
    return plan.foresee(
        found,
        asked.get('size'),
        asked.get('pools', [POOL]),
        asked.get('volume_type'),
        [*own, *world.eic.deployment.fetch()],
    )


def put(world: Shares, name: str) -> Image:
    """An image of Glance's in that FlexVol."""
    image = world.glance.add(os.urandom(MIB))
    (world.directory(name) / image.id).write_bytes(image.raw)
    image.location = f'nfs://{PLACES[name]}/{image.id}'
    return image


def cached(world: Shares) -> Image:
    image = world.glance.add(os.urandom(MIB))
    world.cache(image, GOLD)
    return image


def in_the_pool(world: Shares) -> Image:
    return put(world, 'gold')


def beside_it(world: Shares) -> Image:
    return put(world, 'images_vol')


def in_a_strangers_svm(world: Shares) -> Image:
    return put(world, 'silver_vol')


def in_another_backend(world: Shares) -> Image:
    image = world.glance.add(os.urandom(MIB))
    world.put('store', image, image.raw, world.record(image, 'store', image.raw))
    world.deploy('store')
    return image


def on_another_cluster(world: Shares) -> Image:
    image = world.glance.add(os.urandom(MIB))
    image.location = f'nfs://127.0.99.1/images/{image.id}'
    return image


def nowhere(world: Shares) -> Image:
    return world.glance.add(os.urandom(MIB))


def left_by_the_stock_driver(world: Shares) -> Image:
    image = world.glance.add(os.urandom(MIB))
    (world.directory('gold') / image.cached).write_bytes(image.raw)
    return image


def converted(world: Shares) -> Image:
    raw = os.urandom(MIB)
    there = world.simulator.data_dir / 'conversion'
    there.mkdir(exist_ok=True)
    return world.glance.add(raw, qcow2_of(raw, there), disk_format='qcow2')


def inside_a_container(world: Shares) -> Image:
    image = world.glance.add(os.urandom(MIB))
    image.meta = {**image.meta, 'container_format': 'ova'}
    return image


SITUATIONS: Mapping[Callable[[Shares], Image], str] = {
    cached: 'cached',
    in_the_pool: 'flexclone',
    beside_it: 'copy_offload',
    in_another_backend: 'copy_offload',
    in_a_strangers_svm: 'download',
    on_another_cluster: 'download',
    nowhere: 'download',
    left_by_the_stock_driver: 'adopt',
    converted: 'download',
}


@pytest.mark.parametrize('arrange', SITUATIONS, ids=lambda each: each.__name__)
def test_the_driver_then_does_what_was_planned(
    world: Shares,
    host: str,
    arrange: Callable[[Shares], Image],
) -> None:
    image = arrange(world)
    (planned,) = plans(world, image)
    volume = world.create(image)
    assert planned.plan.route == SITUATIONS[arrange]
    assert planned.plan.route == volume.metadata['eic_route']
    refused = ','.join(str(refusal) for refusal in planned.plan.refusals)
    assert refused == volume.metadata.get('eic_refused', '')
    assert world.is_right(volume, image)
    by_mount = planned.seen_by == "the share's mount on this host"
    assert by_mount == (host == 'cinder-volume')
    assert by_mount or planned.seen_by == "ONTAP's list of files"


def test_what_the_driver_would_leave_to_cinder_the_plan_leaves_to_it(
    world: Shares,
) -> None:
    image = inside_a_container(world)
    (planned,) = plans(world, image)
    volume = world.new_volume()
    assert not world.clone_image(volume, image)
    assert planned.plan.left_to_cinder
    assert [str(each) for each in planned.plan.refusals] == ['all=container_not_bare']
    assert volume.metadata['eic_refused'] == 'all=container_not_bare'


def _everything(world: Shares, state: Path) -> dict[str, Any]:
    """Each file there is of the cluster and of cinder-volume, and its times."""
    folders = [*(world.directory(name) for name in FLEXVOLS), state]
    return {
        str(path): (found.st_size, found.st_mtime_ns, found.st_mode)
        for folder in folders
        for path in (folder, *folder.rglob('*'))
        if (found := path.lstat())
    }


@pytest.mark.parametrize('arrange', SITUATIONS, ids=lambda each: each.__name__)
def test_a_plan_reads_and_nothing_else(
    world: Shares,
    host: str,
    state: Path,
    arrange: Callable[[Shares], Image],
) -> None:
    image = arrange(world)
    world.driver.get_volume_stats(refresh=True)
    before, since = _everything(world, state), world.last_call()
    plans(world, image)
    calls = world.simulator.calls(since)['calls']
    methods = {call['method'] for call in calls if call['path'] != ZAPI}
    assert methods == {'GET'}
    assert _everything(world, state) == before
    assert world.glance.downloads == ([image.id] if arrange is cached else [])


def test_a_pool_that_this_host_does_not_know_is_said_to_be_unknown(
    world: Shares,
) -> None:
    world.deploy('store')
    (planned,) = plans(world, nowhere(world), pools=['other@store#share'])
    assert planned.plan is None
    assert '[store]' in planned.seen_by


def test_pools_are_those_that_a_volume_type_leads_to(
    world: Shares,
) -> None:
    from cinder.db import api as db  # noqa: PLC0415
    from cinder.volume import volume_types  # noqa: PLC0415

    from eic_plugins.cli.cloud import CloudError  # noqa: PLC0415

    image = in_the_pool(world)
    for name, backend in (('here', BACKEND), ('away', 'elsewhere')):
        volume_types.create(world.admin, name, {'volume_backend_name': backend})
    (planned,) = plans(world, image, volume_type='here')
    assert planned.plan.route == 'flexclone'
    volume_types.create(world.admin, 'secret', {'volume_backend_name': BACKEND})
    db.volume_type_encryption_create(
        world.admin,
        volume_types.get_volume_type_by_name(world.admin, 'secret')['id'],
        {'provider': 'luks', 'control_location': 'front-end'},
    )
    (planned,) = plans(world, image, volume_type='secret')
    assert [str(each) for each in planned.plan.refusals] == ['all=encrypted']
    with pytest.raises(CloudError, match='No pool'):
        plans(world, image, volume_type='away')
    with pytest.raises(CloudError, match='no volume type'):
        plans(world, image, volume_type='nowhere')


def test_a_cluster_that_does_not_answer_is_told_as_the_driver_would(
    world: Shares,
    cinder_conf: Any,
) -> None:
    image = nowhere(world)
    reported = plans(world, image)
    cinder_conf.set_override('netapp_server_port', 9, BACKEND)
    try:
        (planned,) = plans(world, image)
    finally:
        cinder_conf.clear_override('netapp_server_port', BACKEND)
    assert [str(each) for each in planned.plan.refusals] == ['all=ontap_unreachable']
    assert json.dumps(str(reported)).count('stock-secret') == 0
