"""What ``eic explain`` tells of a server: what it boots from, and how that came."""

from collections.abc import Iterator, Mapping
from typing import Any

from eic_plugins.cli import terminal
from eic_plugins.cli.explain_volume import explain_volume
from eic_plugins.cli.things import Cloud

_ATTACHED = 'os-extended-volumes:volumes_attached'


def explain_server(cloud: Cloud, server: Mapping[str, Any]) -> Iterator[str]:
    """The sentences about one server, as Nova shows it.

    :raises CloudError: Nova or Cinder says no
    """
    yield terminal.plain(
        f'Server {server["id"]} ({server.get("name")}) is {server.get("status")}.'
    )
    if server.get('image'):
        yield (
            f'It boots from image {terminal.plain(server["image"].get("id"))} on '
            "Nova's own disk: Cinder and EIC had no part in that. EIC's filter for "
            'nova-api can have such servers boot from a volume: docs/nova.md.'
        )
    found = list(_bootable(cloud, server))
    if not found:
        yield 'No volume that you may see and that can be booted is attached to it.'
    for volume in found:
        yield from explain_volume(volume)


def _bootable(cloud: Cloud, server: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The boot volume; of several bootable ones, that of the root device."""
    attached = [cloud.volume(str(each['id'])) for each in server.get(_ATTACHED) or ()]
    bootable = [v for v in attached if v and str(v.get('bootable')).lower() == 'true']
    root = server.get('OS-EXT-SRV-ATTR:root_device_name')
    at_root = [v for v in bootable if root in _devices(v, str(server['id']))]
    yield from at_root or bootable


def _devices(volume: Mapping[str, Any], server_id: str) -> set[Any]:
    return {
        each.get('device')
        for each in volume.get('attachments') or ()
        if each.get('server_id') == server_id and each.get('device')
    }
