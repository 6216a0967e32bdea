"""A real guest is resized, which moves it to another host: it finds its disk there.

They take minutes, and run with ``EIC_GUEST_TABLE=1`` (``make tables``).
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import guest_hosts
from lab.context import Lab
from tests.e2e.guests import needs_time
from tests.e2e.talking_guests import (
    POOLS,
    GuestImage,
    TalkingGuests,
    upload,
)
from tests.e2e.talking_guests import (
    guests_fixture as guests,
)
from tests.e2e.user import LabUser

pytestmark = needs_time
__all__ = ['guests']
both = pytest.mark.parametrize('protocol', POOLS)
LARGER = 'm1.tiny'


@pytest.fixture(scope='module')
def second_host(lab: Lab) -> Iterator[None]:
    guest_hosts.start(lab)
    yield
    guest_hosts.stop(lab)


@pytest.fixture
def guest_image(cloud: LabUser, tmp_path: Path) -> GuestImage:
    return upload(cloud, tmp_path)


@both
@pytest.mark.parametrize(
    ('answer', 'flavor'), [('confirmResize', LARGER), ('revertResize', 'm1.guest')]
)
def test_a_resize_is_confirmed_or_reverted(
    second_host: None,
    guests: TalkingGuests,
    guest_image: GuestImage,
    protocol: str,
    answer: str,
    flavor: str,
) -> None:
    guest = guests.boot(guest_image.id, protocol)
    guest.is_up(guest_image.label)
    before = guest.where()
    guest.act(resize={'flavorRef': LARGER})
    guest.wait_for_status('VERIFY_RESIZE')
    guest.is_up(guest_image.label, 2)
    guest.act(**{answer: None})
    guest.wait_for_status('ACTIVE')
    assert guest.show()['flavor']['original_name'] == flavor
    assert (guest.where() == before) is (answer == 'revertResize')
    if answer == 'revertResize':
        guest.is_up(guest_image.label, 3)
