"""A volume by clone has what the stock driver's volume by download has.

Both are made by the same driver object: the stock driver's own ``create_volume``
and download, and EIC's clone. What ONTAP then says of the two is compared, for
each qualified extra spec that is in the stock driver's source.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.contract import stock
from tests.contract.block import NEEDS_ROOT, ONE, RESOURCES, TWO, BlockWorld
from tests.contract.images import Image
from tests.contract.release import since
from tests.contract.simulator import WAIT
from tests.contract.stock import BACKEND

pytestmark = NEEDS_ROOT
PROTOCOLS = sorted(RESOURCES)
OF_ONE = (
    'uuid',
    'name',
    'serial_number',
    'serial_number_hex',
    'create_time',
    'location',
    '_links',
    'comment',
    'lun_maps',
    'subsystem_map',
)
"""What no two devices have in common, and who is connected to them."""
SPECS: dict[str, dict[str, str]] = {
    'none': {},
    'space allocation': {'netapp:space_allocation': '<is> True'},
    'no space allocation': {'netapp:space_allocation': '<is> False'},
    'QoS policy group': {'netapp:qos_policy_group': 'gold'},
    'adaptive QoS policy group': {
        'netapp:qos_policy_group': 'gold',
        'netapp:qos_policy_group_is_adaptive': '<is> True',
    },
}
NOT_OF_A_DEVICE = {'netapp:raid_type', 'netapp:disk_type'}
"""Obsolete names that the stock driver only warns of."""


@pytest.fixture
def policy(world: BlockWorld) -> None:
    """It stays for the next test."""
    answer = world.simulator.session.post(
        f'{world.simulator.origin}/api/storage/qos/policies',
        params=WAIT,
        timeout=60,
        json={
            'name': 'gold',
            'svm': {'name': 'svm_san'},
            'fixed': {'max_throughput_iops': 500},
        },
    )
    assert answer.status_code in {201, 409}


def volume_of(
    world: BlockWorld, specs: dict[str, str], qos: dict[str, str] | None = None
) -> Any:
    """A volume of a type that has these extra specs and this QoS spec."""
    from cinder.volume import qos_specs, volume_types  # noqa: PLC0415

    volume = world.new_volume()
    made = volume_types.create(world.admin, f'type-{volume.id}', specs)
    if qos is not None:
        spec = qos_specs.create(
            world.admin, f'qos-{volume.id}', {'consumer': 'back-end', **qos}
        )
        qos_specs.associate_qos_with_type(world.admin, spec.id, made.id)
    volume.volume_type_id = made.id
    volume.save()
    volume.refresh()
    return volume


def properties(world: BlockWorld, volume: Any) -> dict[str, Any]:
    """What ONTAP says of it, with the volume's id taken out."""
    record = world.devices(ONE)[volume.name]
    shown = {name: value for name, value in record.items() if name not in OF_ONE}
    shown['space'] = {
        name: value for name, value in record['space'].items() if name != 'used'
    }
    shown['status'] = {
        name: value for name, value in record['status'].items() if name != 'mapped'
    }
    policy = record.get('qos_policy', {}).get('name', '')
    return {**shown, 'qos_policy': policy.replace(volume.id, 'ID')}


def both(
    world: BlockWorld,
    image: Image,
    *specs: Any,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The properties of stock's volume, and of EIC's."""
    downloaded = volume_of(world, *specs)
    world.download(downloaded, image)
    cloned = volume_of(world, *specs)
    assert world.clone(cloned, image)
    return properties(world, downloaded), properties(world, cloned)


@pytest.mark.usefixtures('policy')
@pytest.mark.parametrize('specs', list(SPECS.values()), ids=list(SPECS))
def test_each_qualified_extra_spec_does_the_same(
    world: BlockWorld, image: Image, specs: dict[str, str]
) -> None:
    expected, found = both(world, image, specs)
    assert found == expected


def test_the_table_has_every_qualified_spec_of_the_stock_drivers_source() -> None:
    from cinder.volume.drivers import netapp  # noqa: PLC0415

    known = {name for specs in SPECS.values() for name in specs}
    found = {
        name
        for file in Path(netapp.__file__).parent.rglob('*.py')
        for name in re.findall(r"""['"](netapp:\w+)['"]""", file.read_text())
    }
    assert found - NOT_OF_A_DEVICE == known


@pytest.mark.parametrize(
    'qos',
    [
        {'maxIOPS': '500'},
        pytest.param(
            {'expectedIOPSperGiB': '128', 'peakIOPSperGiB': '512'},
            marks=since(29, 'the REST client reads no number with /gb'),
        ),
    ],
    ids=['fixed', 'adaptive'],
)
def test_a_qos_spec_of_the_backend_does_the_same(
    world: BlockWorld, image: Image, qos: dict[str, str]
) -> None:
    expected, found = both(world, image, {}, qos)
    assert found == expected
    assert bool(found['qos_policy']) == (world.protocol != 'nvme')


@pytest.mark.parametrize('reservation', ['enabled', 'disabled'])
def test_the_backends_space_reservation_does_the_same(
    world: BlockWorld, image: Image, reservation: str
) -> None:
    from oslo_config import cfg  # noqa: PLC0415

    cfg.CONF.set_override('netapp_lun_space_reservation', reservation, BACKEND)
    try:
        world = again(world)
        expected, found = both(world, image, {})
    finally:
        cfg.CONF.clear_override('netapp_lun_space_reservation', BACKEND)
    assert found == expected


def test_a_cached_image_of_another_os_type_serves_no_volume(
    world: BlockWorld, image: Image
) -> None:
    """Neither the pool's own, nor one to copy: a clone cannot be given one."""
    from oslo_config import cfg  # noqa: PLC0415

    option = (
        'netapp_namespace_ostype' if world.protocol == 'nvme' else 'netapp_lun_ostype'
    )
    world.cache(image, ONE)
    world.cache(image, TWO)
    cfg.CONF.set_override(option, 'windows', BACKEND)
    try:
        world = again(world)
        expected, found = both(world, image, {})
    finally:
        cfg.CONF.clear_override(option, BACKEND)
    assert found == expected
    assert found['os_type'] == 'windows'


def again(world: BlockWorld) -> BlockWorld:
    """The driver started with other options."""
    found = BlockWorld(world.admin, world.simulator, world.protocol, world.glance)
    stock.forget_devices(found.driver)
    return found


def test_properties_cost_no_call_of_their_own(world: BlockWorld, image: Image) -> None:
    world.make(image)
    before = world.simulator.calls()['last']
    assert world.clone_image(
        volume_of(world, {'netapp:space_allocation': '<is> True'}), image
    )
    assert [
        call['method'] for call in world.simulator.calls(before, 'stock')['calls']
    ] == ['POST', 'PATCH']
