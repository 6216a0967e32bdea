"""What becomes of a volume from an image on LUNs and namespaces, as Cinder calls it.

The stock drivers do nearly all of it; here it is seen that EIC's overrides are ones
of the release that is installed. Hosts are told what the stock drivers tell them,
without the change that stands in for a fabric.
"""

import os
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.contract.block import NEEDS_ROOT, ONE, RESOURCES, BlockWorld
from tests.contract.images import Image
from tests.contract.stock import GIB, forget_devices, head, new_snapshot, write

pytestmark = NEEDS_ROOT
PROTOCOLS = sorted(RESOURCES)
KINDS = {'iscsi': 'iscsi', 'fc': 'fibre_channel', 'nvme': 'nvmeof'}


@pytest.fixture
def volume(world: BlockWorld, image: Image) -> Any:
    return world.make(image)[0]


class Host:
    """A compute host, and what Cinder tells it of a volume."""

    def __init__(self, world: BlockWorld) -> None:
        from tests.contract import fabric  # noqa: PLC0415 - imports Cinder

        self._world = world
        self._connector = {'host': 'compute', 'ip': '127.0.0.1', **fabric.HOST}
        self._stock: Any = super(fabric.LocalFabric, world.driver)

    def connect(self, volume: Any) -> Any:
        return self._stock.initialize_connection(volume, self._connector)

    def disconnect(self, volume: Any) -> None:
        self._stock.terminate_connection(volume, self._connector)

    def sees(self, volume: Any) -> bool:
        """Whether ONTAP shows it the volume's LUN or namespace."""
        path = f'/vol/{ONE}/{volume.name}'
        if self._world.protocol == 'nvme':
            return any(
                system.get('hosts')
                and path
                in {
                    each['namespace']['name']
                    for each in system.get('subsystem_maps', ())
                }
                for system in self._records('nvme/subsystems', 'hosts,subsystem_maps')
            )
        return path in {
            each['lun']['name'] for each in self._records('san/lun-maps', 'lun.name')
        }

    def _records(self, path: str, fields: str) -> Any:
        simulator = self._world.simulator
        answer = simulator.session.get(
            f'{simulator.origin}/api/protocols/{path}',
            params={'fields': fields},
            timeout=30,
        )
        answer.raise_for_status()
        return answer.json()['records']


@pytest.fixture
def host(world: BlockWorld) -> Host:
    return Host(world)


def file_of(world: BlockWorld, volume: Any) -> Path:
    return world.root(ONE) / volume.name


def test_a_host_sees_it_as_long_as_it_is_connected(
    world: BlockWorld, volume: Any, host: Host
) -> None:
    connection = host.connect(volume)
    assert connection['driver_volume_type'] == KINDS[world.protocol]
    assert host.sees(volume)
    host.disconnect(volume)
    assert not host.sees(volume)


def test_a_cinder_volume_that_was_restarted_disconnects_it(
    world: BlockWorld, volume: Any, host: Host
) -> None:
    host.connect(volume)
    forget_devices(world.driver)
    host.disconnect(volume)
    assert not host.sees(volume)


def test_it_grows(world: BlockWorld, volume: Any, image: Image) -> None:
    world.driver.extend_volume(volume, 2)
    volume.size = 2
    assert world.devices(ONE)[volume.name]['space']['size'] == 2 * GIB
    assert world.is_right(volume, image)


def test_a_snapshot_of_it_becomes_a_volume(
    world: BlockWorld, volume: Any, image: Image, admin: Any
) -> None:
    snapshot = new_snapshot(admin, volume)
    world.driver.create_snapshot(snapshot)
    other = world.new_volume()
    other.update(world.driver.create_volume_from_snapshot(other, snapshot) or {})
    assert world.is_right(other, image)
    world.driver.delete_snapshot(snapshot)
    assert snapshot.name not in world.names(ONE)


def test_it_goes_back_to_a_snapshot(
    world: BlockWorld, volume: Any, image: Image, admin: Any
) -> None:
    if world.protocol == 'nvme':
        pytest.skip('The stock NVMe driver leaves this to Cinder.')
    snapshot = new_snapshot(admin, volume)
    world.driver.create_snapshot(snapshot)
    write(file_of(world, volume), b'written later')
    world.driver.revert_to_snapshot(admin, volume, snapshot)
    assert world.is_right(volume, image)


def test_a_clone_of_it_is_a_volume_of_its_own(
    world: BlockWorld, volume: Any, image: Image
) -> None:
    other = world.new_volume()
    other.update(world.driver.create_cloned_volume(other, volume) or {})
    write(file_of(world, volume), uuid.uuid4().bytes)
    assert world.is_right(other, image)
    assert head(file_of(world, volume), 16) != head(file_of(world, other), 16)


def test_another_image_takes_its_place(
    world: BlockWorld, volume: Any, image: Image
) -> None:
    other = world.glance.add(os.urandom(len(image.raw)))
    volume.status = 'downloading'
    world.copy_image(volume, other)
    assert world.is_right(volume, other)


def test_its_deletion_leaves_the_cached_image_alone(
    world: BlockWorld, volume: Any, image: Image
) -> None:
    world.driver.delete_volume(volume)
    assert world.names(ONE) == [image.cached]
    assert world.create(image).metadata['eic_route'] == 'cached'
