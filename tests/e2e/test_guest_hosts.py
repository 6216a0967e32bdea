"""Servers that are real guests: they boot from a volume, and leave nothing behind.

The first test always runs. The others take minutes: ``EIC_GUEST_TABLE=1``.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from keystoneauth1 import exceptions

from lab import block_devices, guest_hosts, guest_machine, guests, identity
from lab.context import Lab
from tests.e2e.deadline import wait_for
from tests.e2e.guests import (
    IMAGE,
    IMPATIENT,
    Guest,
    block_device,
    inside,
    left,
    needs_guests,
    needs_time,
    qemu_of,
    service_of,
)
from tests.e2e.servers import Servers
from tests.e2e.services import Services
from tests.e2e.test_block import luns
from tests.e2e.user import LabUser

NOTHING: dict[str, list[str]] = {
    'domains': [],
    'processes': [],
    'mounts': [],
    'devices': [],
}
TYPES = ('eic-gold', 'eic-block-one')
EIC, STOCK = guests.HOSTS
HOSTS = {'eic': EIC, 'stock': STOCK}
Boot = Callable[..., Guest]
__all__ = ['luns']


@pytest.fixture
def boot(lab: Lab, cloud: LabUser, servers: Servers) -> Iterator[Boot]:
    """Boots a guest of a volume type; at the end nothing may be left of any."""
    needs_guests(lab)
    for host in HOSTS.values():
        assert left(lab, host) == NOTHING
    image = cloud.upload(IMAGE, **IMPATIENT)

    def booted(volume_type: str, **fields: Any) -> Guest:
        driver = volume_type.partition('-')[0]
        (server,) = servers.boot(
            driver,
            image,
            availability_zone=HOSTS[driver].zone,
            block_device_mapping_v2=block_device(image, volume_type),
            **fields,
        )
        assert server['status'] == 'ACTIVE', server
        guest = Guest(servers.sides[driver], server)
        guest.wait_for_greeting()
        return guest

    yield booted
    servers.clean_up()
    for host in HOSTS.values():
        assert left(lab, host) == NOTHING


def attachments(cloud: LabUser, volume_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cloud.admin.request(
        'GET',
        'cinder-api',
        f'/v3/{cloud.admin.project_id}/attachments?all_tenants=1&volume_id={volume_id}',
        headers={'OpenStack-API-Version': 'volume 3.71'},
    )['attachments']
    return found


def test_a_server_boots_in_qemu_from_a_volume_on_nfs(
    lab: Lab, cloud: LabUser, servers: Servers, boot: Boot
) -> None:
    guest = boot('eic-gold')
    (domain,) = inside(lab, EIC, 'virsh', 'list', '--name').split()
    assert "type='qemu'" in inside(lab, EIC, 'virsh', 'dumpxml', domain)
    assert len(qemu_of(lab, EIC)) == 1
    (volume,) = servers.volumes_of(guest.server)
    assert len(attachments(cloud, volume['id'])) == 1
    servers.delete(guest.server)
    assert attachments(cloud, volume['id']) == []
    assert left(lab, EIC) == NOTHING


@needs_time
@pytest.mark.parametrize('volume_type', ['eic-block-one', 'stock-block-two'])
def test_a_lun_is_a_device_of_its_guest_and_of_nobody_else(
    lab: Lab, servers: Servers, boot: Boot, luns: Any, volume_type: str
) -> None:
    host = HOSTS[volume_type.partition('-')[0]]
    guest = boot(volume_type)
    (volume,) = servers.volumes_of(guest.server)
    image = lab.paths / 'storage.xfs'
    assert len(block_devices.on_image(image)) == 1
    (link,) = left(lab, host)['devices']
    assert link.endswith(f'/volume-{volume["id"]}')
    assert link in inside(lab, host, 'virsh', 'dumpxml', guest.id)
    servers.delete(guest.server)
    assert block_devices.on_image(image) == []


@needs_time
@pytest.mark.parametrize('volume_type', TYPES)
def test_a_guest_is_rebuilt_on_its_volume(
    boot: Boot, luns: Any, cloud: LabUser, volume_type: str
) -> None:
    """Cinder tells Nova when the volume has the image: who may not waits in vain."""
    guest = boot(volume_type)
    other = cloud.upload(IMAGE, **IMPATIENT)
    guest.act(rebuild={'imageRef': other})
    wait_for(lambda: rebuilt(guest, other), 'the rebuild to end', seconds=300)
    guest.wait_for_greeting()


def rebuilt(guest: Guest, volumes_image: str) -> bool:
    shown = guest.show()
    assert shown['status'] != 'ERROR', shown
    done = shown['status'] == 'ACTIVE' and not shown['OS-EXT-STS:task_state']
    return done and guest.image_of_root() == volumes_image


@pytest.fixture
def second(lab: Lab) -> Iterator[guests.GuestHost]:
    needs_guests(lab)
    guest_hosts.start(lab)
    yield guests.SECOND
    guest_hosts.stop(lab)
    assert not any(map(lab.processes.record, guests.SECOND.services))


@needs_time
@pytest.mark.parametrize('volume_type', TYPES)
def test_a_guest_moves_to_another_host_and_is_there_alone(
    lab: Lab,
    second: guests.GuestHost,
    boot: Boot,
    luns: Any,
    volume_type: str,
) -> None:
    guest = boot(volume_type)
    source, target = (EIC, second) if left(lab, EIC)['processes'] else (second, EIC)
    admin = identity.admin(lab)
    admin.nova('POST', f'/servers/{guest.id}/action', {'migrate': None})
    guest.wait_for_status('VERIFY_RESIZE')
    assert len(qemu_of(lab, target)) == 1
    guest.act(confirmResize=None)
    guest.wait_for_status('ACTIVE')
    wait_for(lambda: left(lab, source) == NOTHING, 'the source to be empty')
    guest.wait_for_greeting()


@needs_time
@pytest.mark.parametrize('volume_type', TYPES)
def test_a_guest_is_evacuated_from_a_host_that_lost_its_power(
    lab: Lab,
    cloud: LabUser,
    second: guests.GuestHost,
    boot: Boot,
    luns: Any,
    volume_type: str,
) -> None:
    first = service_of(cloud, EIC)
    cloud.admin.nova('PUT', first, {'status': 'disabled'})
    try:
        guest = boot(volume_type)
    finally:
        cloud.admin.nova('PUT', first, {'status': 'enabled'})
    assert len(qemu_of(lab, second)) == 1
    guest_machine.stop(lab, second)
    lost = service_of(cloud, second)
    cloud.admin.nova('PUT', lost, {'forced_down': True})
    cloud.admin.nova('POST', f'/servers/{guest.id}/action', {'evacuate': {}})
    # Since microversion 2.95 Nova leaves it to its user when it runs again.
    guest.wait_for_status('SHUTOFF')
    guest.act(**{'os-start': None})
    guest.wait_for_status('ACTIVE')
    assert len(qemu_of(lab, EIC)) == 1
    guest.wait_for_greeting()
    guest_hosts.boot(lab, second)
    # Nova refuses until the host has seen what was evacuated from it.
    wait_for(lambda: no_more_down(cloud, lost), 'the old host to be back', seconds=120)
    wait_for(lambda: left(lab, second) == NOTHING, 'the old host to be empty')


def no_more_down(cloud: LabUser, service: str) -> bool:
    try:
        cloud.admin.nova('PUT', service, {'forced_down': False})
    except exceptions.BadRequest:
        return False
    return True


@needs_time
@pytest.mark.parametrize('part', ['libvirtd', 'compute'])
def test_a_guest_outlives_the_services_of_its_host(
    lab: Lab, boot: Boot, services: Services, part: str
) -> None:
    guest = boot('eic-gold')
    before = qemu_of(lab, EIC)
    services.kill(getattr(EIC, part))
    services.command('up')
    assert qemu_of(lab, EIC) == before
    guest.act(reboot={'type': 'HARD'})
    guest.wait_for_status('ACTIVE')
    guest.wait_for_greeting()


@needs_time
@pytest.mark.parametrize('volume_type', TYPES)
def test_a_machine_that_was_killed_starts_empty_and_its_servers_again(
    lab: Lab, boot: Boot, luns: Any, services: Services, volume_type: str
) -> None:
    guest = boot(volume_type)
    services.kill(EIC.machine)
    services.command('up')
    assert qemu_of(lab, EIC) == []
    guest.act(reboot={'type': 'HARD'})
    guest.wait_for_status('ACTIVE')
    guest.wait_for_greeting()
