"""Decides whether an image boot becomes a boot from a volume: pure.

Flavor, image and the operator's choices in; who opted in, what hinders it, and the
size of the volume out. The rules are those of Nova's own code for an image that
becomes a volume (``compute/api.py``, Nova 34).
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from oslo_utils import strutils, units

from eic_plugins.middleware.boot_verdict import BootReason
from eic_plugins.model import Image

EXTRA_SPEC = 'eic:boot_from_volume'
"""Flavor extra spec that opts in (true) or out (false)."""
PROPERTY = 'eic_boot_from_volume'
"""The same as an image property, and (false only) as metadata of a server."""
BDM_V1 = 'block_device_mapping'
BDM_V2 = 'block_device_mapping_v2'
"""The two syntaxes of Nova's block device mappings."""

_FORMATS = frozenset({'raw', 'qcow2'})
"""An ISO would become a disk instead of a CD; other formats belong to
hypervisors that do not boot from Cinder's NFS volumes."""


@dataclasses.dataclass(frozen=True)
class Flavor:
    """A flavor: its root disk in GiB and its extra specs."""

    root_gb: int
    extra_specs: Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class OptIns:
    """Where the operator opted in, and what nova.conf wants of images."""

    default: bool = False
    projects: frozenset[str] = frozenset()
    signatures_verified: bool = False
    certificates_required: bool = False


def opted_in(
    flavor: Flavor, image: Image | None, project: str | None, options: OptIns
) -> BootReason | None:
    """Who opted in; None if nobody did, or who is heard first opted out."""
    for reason, said in (
        (BootReason.FLAVOR, flag(flavor.extra_specs.get(EXTRA_SPEC))),
        (BootReason.IMAGE, flag(image and image.properties.get(PROPERTY))),
        (BootReason.PROJECT, project in options.projects or None),
        (BootReason.DEFAULT, options.default),
    ):
        if said is not None:
            return reason if said else None
    return None


def flavor_opts_out(flavor: Flavor) -> bool:
    """True if nothing else needs to be looked at."""
    return flag(flavor.extra_specs.get(EXTRA_SPEC)) is False


def hindrance(flavor: Flavor, image: Image, options: OptIns) -> BootReason | None:
    """Why a boot from a volume would fail, or not be what was asked for."""
    if options.certificates_required:
        return BootReason.TRUSTED_CERTIFICATES
    return _hindrance_of_image(image, options) or (
        BootReason.EPHEMERAL_ENCRYPTION
        if flag(flavor.extra_specs.get('hw:ephemeral_encryption'))
        or flag(image.properties.get('hw_ephemeral_encryption'))
        else None
    )


def volume_size(flavor: Flavor, image: Image) -> int | BootReason:
    """GiB of the volume: the flavor's root disk, or what the image takes.

    An image larger than the root disk is refused by Nova, and stays so. Where
    Glance does not know the virtual size, Cinder checks it.
    """
    needed = max(image.min_disk, _gib(max(image.size, image.raw_size)))
    if flavor.root_gb:
        fits = needed <= flavor.root_gb
        return flavor.root_gb if fits else BootReason.IMAGE_TOO_LARGE
    if not image.raw_size and not image.min_disk:
        return BootReason.IMAGE_SIZE_UNKNOWN
    return needed


def flag(text: Any) -> bool | None:
    """True or false as OpenStack writes them, None for anything else."""
    try:
        return strutils.bool_from_string(text, strict=True)
    except ValueError:
        return None


def _hindrance_of_image(image: Image, options: OptIns) -> BootReason | None:
    of = image.properties.get
    checks = (
        (image.status != 'active', BootReason.IMAGE_NOT_ACTIVE),
        (image.container_format != 'bare', BootReason.IMAGE_FORMAT),
        (image.disk_format not in _FORMATS, BootReason.IMAGE_FORMAT),
        (image.encrypted, BootReason.IMAGE_ENCRYPTED),
        (image.signed and options.signatures_verified, BootReason.IMAGE_SIGNED),
        (of('kernel_id') or of('ramdisk_id'), BootReason.IMAGE_WITH_KERNEL),
        (of(BDM_V1) or of('mappings'), BootReason.IMAGE_MAPS_DEVICES),
    )
    return next((reason for hinders, reason in checks if hinders), None)


def _gib(size: int) -> int:
    return -(-size // units.Gi)
