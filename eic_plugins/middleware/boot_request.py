"""Reads a request to create a server, and writes one that boots from a new volume.

Pure: the document of ``POST /servers`` in and out, by the rules of Nova's own code
(Nova 34).
"""

import dataclasses
import urllib.parse
from collections.abc import Mapping
from typing import Any

from oslo_utils import uuidutils

from eic_plugins.middleware.boot_rules import BDM_V1, BDM_V2, PROPERTY, flag
from eic_plugins.middleware.boot_verdict import BootReason, Done, Verdict, left

_LOCAL_ROOT_KEYS = frozenset(
    {
        'uuid',
        'boot_index',
        'source_type',
        'destination_type',
        'delete_on_termination',
        'disk_bus',
        'device_type',
        'tag',
    }
)
"""What may stand in a local root disk and means the same for a volume."""


@dataclasses.dataclass(frozen=True)
class ImageBoot:
    """A request to boot an image from a local disk."""

    image_id: str
    flavor_id: str


def read(document: Any) -> ImageBoot | Verdict:
    """The image boot that is asked for, or why it is another request."""
    server = document.get('server') if isinstance(document, dict) else None
    if not isinstance(server, dict):
        return left(BootReason.NOT_UNDERSTOOD)
    image_id, flavor = server.get('imageRef'), server.get('flavorRef')
    # What Nova's schema refuses must reach it; it takes an empty list for none.
    if server.get(BDM_V1, []) != [] or not _names_local_root_at_most(
        server.get(BDM_V2, []), image_id
    ):
        return _of_devices(server)
    if not isinstance(image_id, str) or not uuidutils.is_uuid_like(image_id):
        return left(BootReason.NO_IMAGE)
    if not isinstance(flavor, str | int):
        return left(BootReason.NOT_UNDERSTOOD)
    hindrance = _hindrance_in(server)
    return left(hindrance) if hindrance else ImageBoot(image_id, _flavor_id(flavor))


def rewrite(
    document: Mapping[str, Any], size: int, volume_type: str | None
) -> dict[str, Any]:
    """The same request, booting from a new volume of ``size`` GiB.

    :param volume_type: None to name none
    """
    server = dict(document['server'])
    said: dict[str, Any] = next(iter(server.get(BDM_V2) or ()), {})
    device = {
        **said,
        'boot_index': 0,
        'uuid': server.pop('imageRef'),
        'source_type': 'image',
        'destination_type': 'volume',
        'volume_size': size,
        'delete_on_termination': True,
    }
    if volume_type:
        device['volume_type'] = volume_type
    server[BDM_V2] = [device]
    return {**document, 'server': server}


def _names_local_root_at_most(devices: Any, image_id: Any) -> bool:
    """True for no device, or for the one that says what Nova does without it.

    ``openstack server create --image`` and ``nova boot --image`` send that one
    beside ``imageRef``.
    """
    if devices == []:
        return True
    if not isinstance(devices, list) or len(devices) != 1:
        return False
    device = devices[0]
    return (
        isinstance(device, dict)
        and device.keys() <= _LOCAL_ROOT_KEYS
        and device.get('uuid') == image_id
        and str(device.get('boot_index')) == '0'
        and device.get('source_type') == 'image'
        and device.get('destination_type') == 'local'
        and device.get('delete_on_termination') is True
    )


def _of_devices(server: Mapping[str, Any]) -> Verdict:
    devices = server.get(BDM_V2)
    if isinstance(devices, list) and any(map(_is_new_root_volume, devices)):
        return Verdict(Done.PASSED, BootReason.CREATES_VOLUME)
    return left(BootReason.BLOCK_DEVICE_MAPPING)


def _is_new_root_volume(device: Any) -> bool:
    return (
        isinstance(device, dict)
        and device.get('source_type') == 'image'
        and device.get('destination_type') == 'volume'
        and str(device.get('boot_index')) == '0'
    )


def _hindrance_in(server: Mapping[str, Any]) -> BootReason | None:
    metadata = server.get('metadata')
    if isinstance(metadata, dict) and flag(metadata.get(PROPERTY)) is False:
        return BootReason.OPTED_OUT
    if server.get('trusted_image_certificates'):
        return BootReason.TRUSTED_CERTIFICATES
    # Nova's libvirt driver writes them into local root disks only.
    return BootReason.FILE_INJECTION if server.get('personality') else None


def _flavor_id(reference: str | int) -> str:
    """As Nova reads it: the last part of the path, if it is a URL.

    ``''`` if it is none that Nova could read either.
    """
    try:
        return urllib.parse.urlsplit(str(reference)).path.rpartition('/')[2]
    except ValueError:
        return ''
