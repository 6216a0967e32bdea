"""The user's servers, on either side, and what a user sees of them."""

import re
import secrets
from typing import Any

import pytest
from keystoneauth1 import exceptions

from lab import boots
from lab.topology import DRIVERS
from tests.e2e.user import SHARES, LabUser


def masked(text: str) -> str:
    """A message without the numbers and ids in it, so without ports too."""
    return re.sub(r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+', '#', text)


def seen_by_user(server: dict[str, Any]) -> tuple[str, int | None, str]:
    """A server's status and fault, comparable with another one's."""
    fault = server.get('fault', {})
    return server['status'], fault.get('code'), masked(fault.get('message', ''))


class Servers:
    """The user's servers, booted through either side's Nova."""

    def __init__(self, cloud: LabUser) -> None:
        self.cloud = cloud
        self.sides = {driver: boots.Side(cloud.api, driver) for driver in DRIVERS}

    def boot(
        self, driver: str, image_id: str, count: int = 1, **fields: Any
    ) -> list[dict[str, Any]]:
        """What `openstack server create` sends; the servers when built."""
        name = f'e2e-{secrets.token_hex(4)}'
        if count > 1:
            fields |= {'min_count': count, 'max_count': count}
        side = self.sides[driver]
        side.create(name, image_id, **fields)
        return [side.show(seen.server_id) for seen in side.watch(name, count)]

    def volumes_of(self, server: dict[str, Any]) -> list[dict[str, Any]]:
        """The volumes of a server, as Cinder shows them."""
        return [
            self.cloud.show(volume['id'])
            for volume in server['os-extended-volumes:volumes_attached']
        ]

    def delete(self, *servers: dict[str, Any]) -> None:
        """Deletes them and waits until they are gone, and their volumes."""
        volumes = [
            volume['id']
            for server in servers
            for volume in server['os-extended-volumes:volumes_attached']
        ]
        self.sides['stock'].delete([server['id'] for server in servers], volumes)

    def fate(
        self, driver: str, image_id: str, **fields: Any
    ) -> tuple[str, int | None, str]:
        """What a user sees of a server that fails."""
        (server,) = self.boot(driver, image_id, **fields)
        self.delete(server)
        return seen_by_user(server)

    def refusal(self, driver: str, image_id: str, **fields: Any) -> tuple[int, str]:
        """The answer to a POST /servers that is refused at once."""
        with pytest.raises(exceptions.HttpError) as caught:
            self.sides[driver].create('e2e-refused', image_id, **fields)
        return caught.value.http_status, masked(caught.value.message)

    def left(self) -> list[str]:
        """The user's servers and volumes, and every volume's file."""
        files = [
            f'{name}/{path.name}'
            for name in SHARES
            for path in self.cloud.root(name).glob('volume-*')
        ]
        servers = self.sides['eic'].nova('GET', '/servers')['servers']
        volumes = self.cloud.api.cinder('GET', '/volumes')['volumes']
        things = {*files, *(thing['id'] for thing in [*servers, *volumes])}
        # Those that were created without a server are not of these.
        return sorted(
            thing for thing in things if not thing.endswith(tuple(self.cloud.volumes))
        )

    def clean_up(self) -> None:
        listed = self.sides['eic'].nova('GET', '/servers/detail')['servers']
        self.delete(*(s for s in listed if s['name'].startswith('e2e-')))
