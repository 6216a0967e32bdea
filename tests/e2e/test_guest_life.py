"""What users do with a server, with a real guest on a clone: power, snapshots,
images, disks, rebuild, shelve. Nothing is left when it is deleted.

They take minutes, and run with ``EIC_GUEST_TABLE=1`` (``make tables``).
"""

import json
from pathlib import Path
from typing import Any

import pytest
from keystoneauth1 import exceptions
from oslo_utils import units

from lab import guest_hosts
from lab.demo.guest_disks import digest, note_on
from lab.guest_image import hostile, image
from tests.e2e.deadline import wait_for
from tests.e2e.guests import ask_to_extend, extend, needs_time
from tests.e2e.services import Services
from tests.e2e.talking_guests import (
    POOLS,
    GuestImage,
    TalkingGuest,
    TalkingGuests,
    disk_of,
    new_name,
    upload,
)
from tests.e2e.talking_guests import (
    guests_fixture as guests,
)
from tests.e2e.user import LabUser

pytestmark = needs_time
__all__ = ['guests']
both = pytest.mark.parametrize('protocol', POOLS)


@pytest.fixture
def guest_image(cloud: LabUser, tmp_path: Path) -> GuestImage:
    return upload(cloud, tmp_path)


def booted(
    guests: TalkingGuests, made: GuestImage, protocol: str = 'nfs'
) -> TalkingGuest:
    guest = guests.boot(made.id, protocol)
    guest.is_up(made.label)
    return guest


def test_the_user_reads_what_the_guest_says(
    guests: TalkingGuests, guest_image: GuestImage
) -> None:
    guest = booted(guests, guest_image)
    said = guest.act(**{'os-getConsoleOutput': {}})['output']
    assert f'EIC-GUEST up token={guest_image.label.token}' in said


@both
def test_power_goes_off_and_on_and_the_guest_remembers(
    guests: TalkingGuests, guest_image: GuestImage, protocol: str
) -> None:
    guest = booted(guests, guest_image, protocol)
    guest.act(**{'os-stop': None})
    guest.wait_for_status('SHUTOFF')
    guest.act(**{'os-start': None})
    guest.wait_for_status('ACTIVE')
    guest.is_up(guest_image.label, 2)
    guest.act(reboot={'type': 'SOFT'})
    guest.is_up(guest_image.label, 3)
    guest.wait_for_status('ACTIVE')
    guest.act(reboot={'type': 'HARD'})
    guest.is_up(guest_image.label, 4)
    guest.wait_for_status('ACTIVE')


def snapshot_of(cloud: LabUser, volume: str) -> str:
    body = {'snapshot': {'volume_id': volume, 'force': True, 'name': new_name()}}
    made = str(cloud.api.cinder('POST', '/snapshots', body)['snapshot']['id'])

    def look() -> bool:
        shown = cloud.api.cinder('GET', f'/snapshots/{made}')['snapshot']
        assert shown['status'] != 'error'
        return bool(shown['status'] == 'available')

    wait_for(look, f'snapshot {made} to be available')
    return made


def remove_snapshot(cloud: LabUser, snapshot: str) -> None:
    cloud.api.cinder('DELETE', f'/snapshots/{snapshot}')

    def gone() -> bool:
        try:
            cloud.api.cinder('GET', f'/snapshots/{snapshot}')
        except exceptions.NotFound:
            return True
        return False

    wait_for(gone, f'snapshot {snapshot} to be deleted')


@both
def test_a_guest_boots_from_a_snapshot_of_another_one(
    cloud: LabUser, guests: TalkingGuests, guest_image: GuestImage, protocol: str
) -> None:
    guest = booted(guests, guest_image, protocol)
    (volume,) = guest.volumes()
    snapshot = snapshot_of(cloud, volume)
    restored = guests.boot(snapshot, protocol, source='snapshot')
    # It remembers what the first one wrote before the snapshot.
    restored.is_up(guest_image.label, 2)
    assert note_on(disk_of(cloud, protocol, volume)).startswith('ups=1 ')
    guests.servers.delete(restored.show())
    remove_snapshot(cloud, snapshot)


def test_an_image_of_a_server_boots(
    cloud: LabUser, guests: TalkingGuests, guest_image: GuestImage
) -> None:
    guest = booted(guests, guest_image)
    made = guest.act(createImage={'name': new_name()})['image_id']
    try:
        shown = wait_for(
            lambda: active_image(cloud, made), f'image {made} to be active'
        )
        copy = guests.servers.boot(
            'eic',
            made,
            imageRef=made,
            flavor='m1.guest',
            availability_zone=guest.host.zone,
            block_device_mapping_v2=[],
        )
        assert [each['status'] for each in copy] == ['ACTIVE']
        TalkingGuest(guests.servers, guest.host, copy[0]).is_up(guest_image.label, 2)
        guests.servers.delete(*copy)
    finally:
        cloud.api.request('DELETE', 'glance', f'/v2/images/{made}')
    for snapshot in snapshots_in(shown):
        # Cinder's volumes of it are gone, or it cannot be deleted.
        remove_snapshot(cloud, snapshot)


def active_image(cloud: LabUser, image_id: str) -> dict[str, Any] | None:
    shown: dict[str, Any] = cloud.api.request('GET', 'glance', f'/v2/images/{image_id}')
    return shown if shown['status'] == 'active' else None


def snapshots_in(shown: dict[str, Any]) -> list[str]:
    return [each['snapshot_id'] for each in json.loads(shown['block_device_mapping'])]


@both
def test_a_disk_comes_and_goes_while_the_guest_runs(
    cloud: LabUser, guests: TalkingGuests, guest_image: GuestImage, protocol: str
) -> None:
    guest = booted(guests, guest_image, protocol)
    data = cloud.create(guest_image.id, f'eic-{POOLS[protocol]}')['id']
    path = f'/servers/{guest.id}/os-volume_attachments'
    guest.side.nova('POST', path, {'volumeAttachment': {'volumeId': data}})
    seen = guest.hears('disk', name='vdb')
    assert seen['token'] == guest_image.label.token
    assert int(seen['bytes']) == units.Gi
    wait_for(lambda: cloud.show(data)['status'] == 'in-use', f'{data} to be in use')
    guest.side.nova('DELETE', f'{path}/{data}')
    guest.hears('gone', name='vdb')
    wait_for(lambda: cloud.show(data)['status'] == 'available', f'{data} to be free')


def test_a_rebuild_on_another_image_is_a_clone_of_its_cached_image(
    cloud: LabUser, guests: TalkingGuests, guest_image: GuestImage, tmp_path: Path
) -> None:
    other = upload(cloud, tmp_path)
    cloud.create(other.id, 'eic-gold')
    guest = booted(guests, guest_image)
    guest.act(rebuild={'imageRef': other.id})
    guest.is_up(other.label)
    guest.wait_for_status('ACTIVE')
    assert cloud.downloads(other.id) == 0
    (volume,) = guest.volumes()
    assert cloud.show(volume)['volume_image_metadata']['image_id'] == other.id


def test_shelved_and_unshelved_the_guest_remembers(
    cloud: LabUser, guests: TalkingGuests, guest_image: GuestImage
) -> None:
    guest = booted(guests, guest_image)
    guest.act(shelve=None)
    guest.wait_for_status('SHELVED_OFFLOADED')
    guest.act(unshelve=None)
    guest.wait_for_status('ACTIVE')
    guest.is_up(guest_image.label, 2)


def test_a_guest_outlives_its_nova_compute_and_libvirtd(
    cloud: LabUser, guests: TalkingGuests, guest_image: GuestImage
) -> None:
    guest = booted(guests, guest_image)
    beats = int(guest.hears('alive')['beats'])
    services = Services(cloud.lab)
    for name in (guest.host.compute, guest.host.libvirtd):
        services.command('restart', name)
    guest.hears('alive', beats=str(beats + 10))
    assert guest.talk.count('up') == 1
    guest_hosts.wait_for(cloud.lab, [guest.host])
    guest.act(reboot={'type': 'HARD'})
    guest.is_up(guest_image.label, 2)
    guest.wait_for_status('ACTIVE')


@both
def test_a_guest_that_makes_its_disk_look_like_qcow2_stays_a_raw_disk(
    cloud: LabUser, guests: TalkingGuests, tmp_path: Path, protocol: str
) -> None:
    evil = upload(cloud, tmp_path, 'qcow2')
    guest = guests.boot(evil.id, protocol)
    guest.hears('header')
    (volume,) = guest.volumes()
    disk = disk_of(cloud, protocol, volume)
    written = digest(disk)
    assert disk.read_bytes()[: image.SECTOR] == hostile.qcow2_header()
    # It does not boot any more, but it is ACTIVE, and its disk as large and the same.
    guest.act(reboot={'type': 'HARD'})
    guest.wait_for_status('ACTIVE')
    assert (digest(disk), disk.stat().st_size) == (written, units.Gi)
    guest.act(**{'os-stop': None})
    guest.wait_for_status('SHUTOFF')
    snapshot = snapshot_of(cloud, volume)
    # Another guest gets it as a second disk: the header, and not what it points at.
    copy = cloud.of_snapshot(snapshot, f'eic-{POOLS[protocol]}')
    assert digest(disk_of(cloud, protocol, copy)) == written
    plain = upload(cloud, tmp_path)
    witness = booted(guests, plain, protocol)
    path = f'/servers/{witness.id}/os-volume_attachments'
    witness.side.nova('POST', path, {'volumeAttachment': {'volumeId': copy}})
    seen = witness.hears('disk', name='vdb')
    assert (seen['token'], int(seen['bytes'])) == (evil.label.token, units.Gi)
    witness.side.nova('DELETE', f'{path}/{copy}')
    witness.hears('gone', name='vdb')
    wait_for(lambda: cloud.show(copy)['status'] == 'available', f'{copy} to be free')
    cloud.delete(copy)
    remove_snapshot(cloud, snapshot)


def test_a_guest_boots_while_the_cached_image_is_evicted(
    cloud: LabUser, guests: TalkingGuests, guest_image: GuestImage
) -> None:
    booted(guests, guest_image)
    cloud.evict(guest_image.id, 'gold')
    again = guests.boot(guest_image.id)
    assert again.hears('sum')['sha256'] == guest_image.digest
    again.is_up(guest_image.label)
    assert cloud.downloads(guest_image.id) == 0


def test_a_file_grows_below_a_running_guest_where_the_operator_allows_it(
    cloud: LabUser, guests: TalkingGuests, guest_image: GuestImage
) -> None:
    guest = booted(guests, guest_image)
    (volume,) = guest.volumes()
    with Services(cloud.lab).reconfigured({}, {'extend_attached_files': True}):
        extend(cloud, volume, 2)
        assert int(guest.hears('disk', name='vda')['bytes']) == 2 * units.Gi
    assert guest.talk.count('up') == 1
    guest.act(reboot={'type': 'HARD'})
    guest.is_up(guest_image.label, 2)
    guest.wait_for_status('ACTIVE')


def test_a_file_does_not_grow_below_a_guest_by_default(
    cloud: LabUser, guests: TalkingGuests, guest_image: GuestImage
) -> None:
    guest = booted(guests, guest_image)
    (volume,) = guest.volumes()
    ask_to_extend(cloud, volume, 2)
    wait_for(
        lambda: cloud.show(volume)['status'] in {'in-use', 'error_extending'},
        f'{volume} to be left as it was',
    )
    assert (cloud.show(volume)['status'], cloud.show(volume)['size']) == ('in-use', 1)
    assert disk_of(cloud, 'nfs', volume).stat().st_size == units.Gi


def test_a_lun_grows_below_a_guest_which_sees_it_when_it_starts_again(
    cloud: LabUser, guests: TalkingGuests, guest_image: GuestImage
) -> None:
    """At once it would see it over iSCSI: Nova's driver of LOCAL connections, which
    the lab has instead, cannot tell it.
    """
    guest = booted(guests, guest_image, 'iscsi')
    (volume,) = guest.volumes()
    extend(cloud, volume, 2)
    guest.act(reboot={'type': 'HARD'})
    seen = guest.hears('up', ups='2')
    assert int(seen['bytes']) == 2 * units.Gi
    guest.wait_for_status('ACTIVE')
