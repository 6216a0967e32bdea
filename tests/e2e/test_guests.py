"""A real guest boots from a clone: it reads the image's bytes, and what it writes is
in its own volume alone.
"""

from pathlib import Path

import pytest

from lab.demo.guest_disks import copies_of_image, digest, note_on
from tests.e2e.talking_guests import (
    POOLS,
    TalkingGuests,
    disk_of,
    upload,
)
from tests.e2e.talking_guests import (
    guests_fixture as guests,
)
from tests.e2e.user import LabUser

__all__ = ['guests']


@pytest.mark.parametrize('protocol', POOLS)
def test_a_guest_lives_on_a_clone_and_leaves_its_neighbours_alone(
    cloud: LabUser, guests: TalkingGuests, tmp_path: Path, protocol: str
) -> None:
    image = upload(cloud, tmp_path)
    neighbour = cloud.create(image.id, f'eic-{POOLS[protocol]}')
    sent = cloud.downloads(image.id)
    guest = guests.boot(image.id, protocol)
    assert guest.hears('sum')['sha256'] == image.digest
    guest.is_up(image.label)
    (volume,) = guest.volumes()
    assert cloud.show(volume)['metadata']['eic_route'] in {'flexclone', 'cached'}
    assert cloud.downloads(image.id) == sent
    assert note_on(disk_of(cloud, protocol, volume)).startswith('ups=1 ')
    copies = list(copies_of_image(cloud.lab, image.id))
    assert any(path.name.startswith('img-cache-') for path in copies)
    others = [*copies, disk_of(cloud, protocol, neighbour['id'])]
    assert {digest(path) for path in others} == {image.digest}
    # `servers` then deletes it, and sees that nothing is left.
