"""Decides what the Nova filter does with one request to create a server.

Pure: request, flavor and image in, a verdict out. The rules are those of Nova's
own code for an image that becomes a volume (``compute/api.py``, Nova 34).
"""

import dataclasses
import enum
import urllib.parse
from collections.abc import Mapping
from typing import Any

from oslo_utils import strutils, units, uuidutils

from eic_plugins.model import Image

EXTRA_SPEC = 'eic:boot_from_volume'
"""Flavor extra spec that opts in (true) or out (false)."""
PROPERTY = 'eic_boot_from_volume'
"""The same as an image property, and (false only) as metadata of a server."""

_BDM_V1 = 'block_device_mapping'
_BDM_V2 = 'block_device_mapping_v2'
_FORMATS = frozenset({'raw', 'qcow2'})
"""An ISO would become a disk instead of a CD; other formats belong to
hypervisors that do not boot from Cinder's NFS volumes."""


class Done(enum.StrEnum):
    """What was done with the request."""

    REWRITTEN = 'rewritten'
    PASSED = 'passed'
    LEFT = 'left'


class Reason(enum.StrEnum):
    """Why; documented in docs/nova.md."""

    CREATES_VOLUME = 'creates_volume'
    BLOCK_DEVICE_MAPPING = 'block_device_mapping'
    NO_IMAGE = 'no_image'
    NOT_UNDERSTOOD = 'not_understood'
    OPTED_OUT = 'opted_out'
    NOT_OPTED_IN = 'not_opted_in'
    TRUSTED_CERTIFICATES = 'trusted_certificates'
    FILE_INJECTION = 'file_injection'
    FLAVOR_UNKNOWN = 'flavor_unknown'
    IMAGE_UNKNOWN = 'image_unknown'
    IMAGE_NOT_LOOKED_UP = 'image_not_looked_up'
    IMAGE_NOT_ACTIVE = 'image_not_active'
    IMAGE_FORMAT = 'image_format'
    IMAGE_ENCRYPTED = 'image_encrypted'
    IMAGE_SIGNED = 'image_signed'
    IMAGE_WITH_KERNEL = 'image_with_kernel'
    IMAGE_MAPS_DEVICES = 'image_maps_devices'
    IMAGE_TOO_LARGE = 'image_too_large'
    IMAGE_SIZE_UNKNOWN = 'image_size_unknown'
    EPHEMERAL_ENCRYPTION = 'ephemeral_encryption'
    REFUSED_BY_NOVA = 'refused_by_nova'
    CINDER_FAILED = 'cinder_failed'
    INTERNAL_ERROR = 'internal_error'
    FLAVOR = 'flavor'
    IMAGE = 'image'
    PROJECT = 'project'
    DEFAULT = 'default'


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What was done and why, as the header ``X-EIC-Boot`` says it."""

    done: Done
    reason: Reason

    def __str__(self) -> str:
        return f'{self.done}; reason={self.reason}'


def left(reason: Reason) -> Verdict:
    """The request is Nova's, as it came."""
    return Verdict(Done.LEFT, reason)


@dataclasses.dataclass(frozen=True)
class Flavor:
    """A flavor: its root disk in GiB and its extra specs."""

    root_gb: int
    extra_specs: Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class ImageBoot:
    """A request to boot an image from a local disk."""

    image_id: str
    flavor_id: str


@dataclasses.dataclass(frozen=True)
class OptIns:
    """Where the operator opted in, and what of nova.conf matters."""

    default: bool = False
    projects: frozenset[str] = frozenset()
    signatures_verified: bool = False
    certificates_required: bool = False


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
"""What may stand in it and means the same for a volume."""


def read(document: Any) -> ImageBoot | Verdict:
    """The image boot that is asked for, or why it is another request."""
    server = document.get('server') if isinstance(document, dict) else None
    if not isinstance(server, dict):
        return left(Reason.NOT_UNDERSTOOD)
    image_id, flavor = server.get('imageRef'), server.get('flavorRef')
    # What Nova's schema refuses must reach it; it takes an empty list for none.
    if server.get(_BDM_V1, []) != [] or not _names_local_root_at_most(
        server.get(_BDM_V2, []), image_id
    ):
        return _of_devices(server)
    if not isinstance(image_id, str) or not uuidutils.is_uuid_like(image_id):
        return left(Reason.NO_IMAGE)
    if not isinstance(flavor, str | int):
        return left(Reason.NOT_UNDERSTOOD)
    found = _hindrance_in(server)
    return left(found) if found else ImageBoot(image_id, _flavor_id(flavor))


def opted_in(
    flavor: Flavor, image: Image | None, project: str | None, options: OptIns
) -> Reason | None:
    """Who opted in; None if nobody did, or who is heard first opted out."""
    for reason, said in (
        (Reason.FLAVOR, _flag(flavor.extra_specs.get(EXTRA_SPEC))),
        (Reason.IMAGE, _flag(image and image.properties.get(PROPERTY))),
        (Reason.PROJECT, project in options.projects or None),
        (Reason.DEFAULT, options.default),
    ):
        if said is not None:
            return reason if said else None
    return None


def flavor_opts_out(flavor: Flavor) -> bool:
    """True if nothing else needs to be looked at."""
    return _flag(flavor.extra_specs.get(EXTRA_SPEC)) is False


def hindrance(flavor: Flavor, image: Image, options: OptIns) -> Reason | None:
    """Why a boot from a volume would fail, or not be what was asked for."""
    if options.certificates_required:
        return Reason.TRUSTED_CERTIFICATES
    return _hindrance_of_image(image, options) or (
        Reason.EPHEMERAL_ENCRYPTION
        if _flag(flavor.extra_specs.get('hw:ephemeral_encryption'))
        or _flag(image.properties.get('hw_ephemeral_encryption'))
        else None
    )


def volume_size(flavor: Flavor, image: Image) -> int | Reason:
    """GiB of the volume: the flavor's root disk, or what the image takes.

    An image larger than the root disk is refused by Nova, and stays so. Where
    Glance does not know the virtual size, Cinder checks it.
    """
    needed = max(image.min_disk, _gib(max(image.size, image.raw_size)))
    if flavor.root_gb:
        fits = needed <= flavor.root_gb
        return flavor.root_gb if fits else Reason.IMAGE_TOO_LARGE
    if not image.raw_size and not image.min_disk:
        return Reason.IMAGE_SIZE_UNKNOWN
    return needed


def rewrite(
    document: Mapping[str, Any], size: int, volume_type: str | None
) -> dict[str, Any]:
    """The same request, booting from a new volume of ``size`` GiB."""
    server = dict(document['server'])
    said: dict[str, Any] = next(iter(server.get(_BDM_V2) or ()), {})
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
    server[_BDM_V2] = [device]
    return {**document, 'server': server}


def _names_local_root_at_most(devices: Any, image_id: Any) -> bool:
    """True for no device, or for the one that ``openstack server create
    --image`` and ``nova boot --image`` send beside ``imageRef``: it says what
    Nova does without it.
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
    devices = server.get(_BDM_V2)
    if isinstance(devices, list) and any(map(_is_new_root_volume, devices)):
        return Verdict(Done.PASSED, Reason.CREATES_VOLUME)
    return left(Reason.BLOCK_DEVICE_MAPPING)


def _is_new_root_volume(device: Any) -> bool:
    return (
        isinstance(device, dict)
        and device.get('source_type') == 'image'
        and device.get('destination_type') == 'volume'
        and str(device.get('boot_index')) == '0'
    )


def _hindrance_in(server: Mapping[str, Any]) -> Reason | None:
    metadata = server.get('metadata')
    if isinstance(metadata, dict) and _flag(metadata.get(PROPERTY)) is False:
        return Reason.OPTED_OUT
    if server.get('trusted_image_certificates'):
        return Reason.TRUSTED_CERTIFICATES
    # Nova's libvirt driver writes them into local root disks only.
    return Reason.FILE_INJECTION if server.get('personality') else None


def _hindrance_of_image(image: Image, options: OptIns) -> Reason | None:
    found = image.properties.get
    checks = (
        (image.status != 'active', Reason.IMAGE_NOT_ACTIVE),
        (image.container_format != 'bare', Reason.IMAGE_FORMAT),
        (image.disk_format not in _FORMATS, Reason.IMAGE_FORMAT),
        (image.encrypted, Reason.IMAGE_ENCRYPTED),
        (image.signed and options.signatures_verified, Reason.IMAGE_SIGNED),
        (found('kernel_id') or found('ramdisk_id'), Reason.IMAGE_WITH_KERNEL),
        (found(_BDM_V1) or found('mappings'), Reason.IMAGE_MAPS_DEVICES),
    )
    return next((reason for hinders, reason in checks if hinders), None)


def _flavor_id(reference: str | int) -> str:
    """As Nova reads it: the last part of the path, if it is a URL.

    ``''`` if it is none that Nova could read either.
    """
    try:
        return urllib.parse.urlsplit(str(reference)).path.rpartition('/')[2]
    except ValueError:
        return ''


def _flag(text: Any) -> bool | None:
    """True or false as OpenStack writes them, None for anything else."""
    try:
        return strutils.bool_from_string(text, strict=True)
    except ValueError:
        return None


def _gib(size: int) -> int:
    return -(-size // units.Gi)
