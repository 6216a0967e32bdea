"""A real guest goes from one host to another one, and finds its disk there.

They take minutes, and run with ``EIC_GUEST_TABLE=1`` (``make tables``).
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import guest_hosts
from lab import guests as lab_guests
from lab.context import Lab
from tests.e2e.deadline import wait_for
from tests.e2e.guests import (
    POOLS,
    Guest,
    GuestImage,
    Guests,
    needs_time,
    upload,
)
from tests.e2e.guests import (
    guests_fixture as guests,
)
from tests.e2e.services import Services
from tests.e2e.user import LabUser

pytestmark = needs_time
__all__ = ['guests']
both = pytest.mark.parametrize('protocol', POOLS)
FIRST, SECOND = lab_guests.HOSTS[0], lab_guests.SECOND
DOWN_SECONDS = 120
LARGER = 'm1.tiny'


@pytest.fixture(scope='module')
def second_host(lab: Lab) -> Iterator[None]:
    guest_hosts.start(lab)
    yield
    guest_hosts.stop(lab)


@pytest.fixture
def guest_image(cloud: LabUser, tmp_path: Path) -> GuestImage:
    return upload(cloud, tmp_path)


def booted_on_first(guests: Guests, made: GuestImage, protocol: str) -> Guest:
    guest = guests.boot(
        made.id, protocol, availability_zone=f'{FIRST.zone}:{FIRST.name}'
    )
    guest.is_up(made.label)
    assert guest.where() == FIRST.name
    return guest


@both
def test_a_cold_migration_takes_the_guest_along(
    second_host: None,
    cloud: LabUser,
    guests: Guests,
    guest_image: GuestImage,
    protocol: str,
) -> None:
    guest = booted_on_first(guests, guest_image, protocol)
    cloud.admin.nova('POST', f'/servers/{guest.id}/action', {'migrate': None})
    guest.is_('VERIFY_RESIZE')
    guest.action('confirmResize')
    guest.is_('ACTIVE')
    assert guest.where() == SECOND.name
    guest.is_up(guest_image.label, 2)


@both
@pytest.mark.parametrize(
    ('answer', 'flavor'), [('confirmResize', LARGER), ('revertResize', 'm1.guest')]
)
def test_a_resize_is_confirmed_or_reverted(
    second_host: None,
    guests: Guests,
    guest_image: GuestImage,
    protocol: str,
    answer: str,
    flavor: str,
) -> None:
    guest = booted_on_first(guests, guest_image, protocol)
    guest.action('resize', {'flavorRef': LARGER})
    guest.is_('VERIFY_RESIZE')
    guest.is_up(guest_image.label, 2)
    guest.action(answer)
    guest.is_('ACTIVE')
    assert guest.show()['flavor']['original_name'] == flavor
    if answer == 'revertResize':
        guest.is_up(guest_image.label, 3)
        assert guest.where() == FIRST.name


def test_who_was_on_a_host_that_died_is_evacuated_and_remembers(
    second_host: None, cloud: LabUser, guests: Guests, guest_image: GuestImage
) -> None:
    guest = booted_on_first(guests, guest_image, 'nfs')
    services = Services(cloud.lab)
    services.command('stop', FIRST.machine)
    try:
        path = f'/os-services?host={FIRST.name}'
        (service,) = cloud.admin.nova('GET', path)['services']
        force = f'/os-services/{service["id"]}'
        cloud.admin.nova('PUT', force, {'forced_down': True})
        cloud.admin.nova('POST', f'/servers/{guest.id}/action', {'evacuate': {}})
        wait_for(lambda: guest.where() == SECOND.name, f'{guest.id} to move')
        guest.is_('ACTIVE')
        guest.is_up(guest_image.label, 2)
    finally:
        for name in FIRST.services:
            services.command('start', name)
        cloud.admin.nova('PUT', force, {'forced_down': False})
        guest_hosts.wait_for(cloud.lab, [FIRST])
