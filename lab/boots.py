"""Boots servers through one side's Nova, sees when they are ACTIVE, deletes them.

For the demo, the end-to-end tests and the benchmarks.
"""

import dataclasses
import functools
import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from keystoneauth1 import exceptions

from lab import cinder, identity, nova
from lab.topology import FLAVORS
from lab.waiting import wait_until

_BOOT_SECONDS = 300
_POLL_SECONDS = 0.2
# Nobody times a server that fails, so it need not be seen at once.
_POLLS_FOR_ERROR = 5
PLAIN_FLAVOR = FLAVORS[0].name


@dataclasses.dataclass(frozen=True)
class BuiltServer:
    """A server that has ended being built."""

    server_id: str
    status: str
    at: float
    """When it was first seen so, in seconds since the epoch."""


@dataclasses.dataclass(frozen=True)
class Side:
    """One of the two: its Nova, its Cinder, as one user."""

    api: identity.Cloud
    driver: str
    """eic or stock."""

    def nova(self, method: str, path: str, json: Any = None) -> Any:
        """A request to this side's nova-api."""
        return self.api.nova(method, path, json, nova.api_of(self.driver))

    def cinder(self, method: str, path: str) -> Any:
        """A request to this side's cinder-api."""
        return self.api.request(
            method, cinder.api_of(self.driver), f'/v3/{self.api.project_id}{path}'
        )

    def create(
        self, name: str, image_id: str, flavor: str = PLAIN_FLAVOR, **fields: Any
    ) -> str:
        """POST /servers, from a volume of the image; the server's id."""
        body = {
            'name': name,
            'flavorRef': flavor,
            'networks': 'none',
            'block_device_mapping_v2': [root_volume(image_id)],
            **fields,
        }
        return str(self.nova('POST', '/servers', {'server': body})['server']['id'])

    def show(self, server_id: str) -> dict[str, Any]:
        """The server as its user sees it."""
        answer: dict[str, Any] = self.nova('GET', f'/servers/{server_id}')
        return dict(answer['server'])

    def watch(
        self, prefix: str, count: int, cancel: threading.Event | None = None
    ) -> list[BuiltServer]:
        """Wait for that many servers of these names to be ACTIVE or ERROR."""
        looks = itertools.count()
        return wait_for_servers(
            lambda: self._ended(prefix, next(looks)),
            prefix,
            count,
            cancel=cancel,
            every=_POLL_SECONDS,
        )

    def _ended(self, prefix: str, look: int) -> Iterator[BuiltServer]:
        statuses = ['ACTIVE', *(['ERROR'] if look % _POLLS_FOR_ERROR == 0 else [])]
        for status in statuses:
            # The short list needs neither Cinder nor the ports of a server.
            listed = self.nova('GET', f'/servers?name={prefix}&status={status}')
            for entry in listed['servers']:
                yield BuiltServer(str(entry['id']), status, time.time())

    def volumes(self, server_id: str) -> list[str]:
        """The volumes of a server."""
        attached = self.show(server_id)['os-extended-volumes:volumes_attached']
        return [str(entry['id']) for entry in attached]

    def delete(self, servers: Sequence[str], volumes: Sequence[str]) -> None:
        """Delete servers and wait until they and their volumes are gone."""
        for server_id in servers:
            self.nova('DELETE', f'/servers/{server_id}')
        for server_id in servers:
            _wait_gone(
                functools.partial(self.nova, 'GET', f'/servers/{server_id}'), server_id
            )
        for volume_id in volumes:
            _wait_gone(
                functools.partial(self.cinder, 'GET', f'/volumes/{volume_id}'),
                volume_id,
            )


def wait_for_servers(
    look: Callable[[], Iterable[BuiltServer]],
    prefix: str,
    count: int,
    *,
    every: float,
    cancel: threading.Event | None = None,
) -> list[BuiltServer]:
    """Look until that many servers have ended being built.

    :param look: sees those of them that have, again and again
    :param prefix: of their names, for who reads that they have not
    :raises LabError: some have not, after five minutes
    """
    seen: dict[str, BuiltServer] = {}

    def all_ended() -> bool:
        for server in look():
            seen.setdefault(server.server_id, server)
        return len(seen) >= count

    wait_until(
        all_ended,
        lambda: f'{count} servers {prefix}* to be ACTIVE or ERROR; {len(seen)} were',
        _BOOT_SECONDS,
        cancel=cancel,
        every=every,
    )
    return list(seen.values())


def root_volume(image_id: str, size_gib: int = 1) -> dict[str, Any]:
    """The block device that `--boot-from-volume` asks for."""
    return {
        'boot_index': 0,
        'uuid': image_id,
        'source_type': 'image',
        'destination_type': 'volume',
        'volume_size': size_gib,
        'delete_on_termination': True,
    }


def _wait_gone(get: Callable[[], Any], what: str) -> None:
    wait_until(lambda: _gone(get), f'{what} to be deleted', _BOOT_SECONDS)


def _gone(get: Callable[[], Any]) -> bool:
    try:
        get()
    except exceptions.NotFound:
        return True
    return False
