"""Servers of the lab's own image, whose guests say what they find on their disks; and
what is on the FlexVols below them.
"""

import dataclasses
import hashlib
import secrets
from pathlib import Path
from typing import Any

import pytest

from lab import guest_console, guests
from lab.boots import root_volume
from lab.demo import guest_disks
from lab.demo.guest_cases import PROTOCOLS as POOLS
from lab.guest_image import image
from lab.guest_image.image import Label
from lab.guests import GuestHost
from lab.topology import pool_named
from tests.e2e.guests import IMPATIENT, Guest, needs_guests
from tests.e2e.servers import Servers
from tests.e2e.user import LabUser

HOSTS = {host.driver: host for host in guests.HOSTS}
GIB = 1
BOOT_SECONDS = 180
"""Until a guest without acceleration speaks, on a busy machine of two cores."""


@dataclasses.dataclass(frozen=True)
class GuestImage:
    """An image that boots, and what its guest reads from its disk."""

    id: str
    label: Label
    digest: str


def upload(cloud: LabUser, directory: Path, mode: str = 'plain') -> GuestImage:
    """A new one: no pool has it."""
    path, label = directory / 'guest.img', image.new_label(mode)
    image.make(cloud.lab, path, label)
    content = path.read_bytes()
    # One whose disk boots no more hears no power button.
    properties = {} if mode == 'plain' else IMPATIENT
    image_id = cloud.upload(content, **properties)
    return GuestImage(image_id, label, hashlib.sha256(content).hexdigest())


class TalkingGuest(Guest):
    """A guest of the lab's own image, whose words are heard."""

    def __init__(self, servers: Servers, host: GuestHost, server: dict[str, Any]):
        self.side = servers.sides[host.driver]
        super().__init__(self.side, server)
        self.host = host
        self.admin = servers.cloud.admin
        self.talk = guest_console.of(servers.cloud.lab, host, self.id)

    def where(self) -> str:
        """The host that it is on, which only an admin sees."""
        shown = self.admin.nova('GET', f'/servers/{self.id}')['server']
        return str(shown['OS-EXT-SRV-ATTR:host'])

    def volumes(self) -> list[str]:
        return self.side.volumes(self.id)

    def hears(self, kind: str, **fields: str) -> dict[str, str]:
        """Waits until it has said that."""
        word, _ = self.talk.hear(kind, BOOT_SECONDS, **fields)
        return dict(word.fields)

    def is_up(self, label: Label, ups: int = 1) -> None:
        """Waits until it has booted that often from the image, and written that."""
        self.hears('up', token=label.token, ups=str(ups))
        self.hears('wrote', ups=str(ups))


class TalkingGuests:
    """The user's guests."""

    def __init__(self, servers: Servers) -> None:
        self.servers = servers

    def boot(
        self,
        made: str,
        protocol: str = 'nfs',
        driver: str = 'eic',
        *,
        source: str = 'image',
        **fields: Any,
    ) -> TalkingGuest:
        """A server of an image (or volume, or snapshot) in the pool of a protocol."""
        host = HOSTS[driver]
        device = {**root_volume(made, GIB), 'source_type': source}
        if source == 'volume':
            del device['volume_size']
            device['delete_on_termination'] = False
        else:
            device['volume_type'] = f'{driver}-{POOLS[protocol]}'
        (server,) = self.servers.boot(
            driver,
            made,
            **{
                'flavor': 'm1.guest',
                'availability_zone': host.zone,
                'block_device_mapping_v2': [device],
                **fields,
            },
        )
        assert server['status'] == 'ACTIVE', server.get('fault')
        return TalkingGuest(self.servers, host, server)


@pytest.fixture(name='guests')
def guests_fixture(servers: Servers) -> TalkingGuests:
    needs_guests(servers.cloud.lab)
    return TalkingGuests(servers)


def disk_of(cloud: LabUser, protocol: str, volume_id: str) -> Path:
    """The file, or the LUN's file, of a volume of EIC's."""
    return guest_disks.file_of(cloud.lab, pool_named('eic', POOLS[protocol]), volume_id)


def new_name() -> str:
    return f'e2e-{secrets.token_hex(4)}'
