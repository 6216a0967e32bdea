"""Sizes and opt-ins of image boots, without Nova."""

from typing import Any

import pytest

from eic_plugins.middleware import boot_rules
from eic_plugins.middleware.boot_rules import Flavor, OptIns
from eic_plugins.middleware.boot_verdict import BootReason
from eic_plugins.model import Image

GIB = 2**30


def image(**fields: Any) -> Image:
    return Image(
        **{
            'id': 'i',
            'status': 'active',
            'disk_format': 'raw',
            'container_format': 'bare',
            'size': GIB,
            **fields,
        }
    )


@pytest.mark.parametrize(
    ('root_gb', 'fields', 'size'),
    [
        (10, {}, 10),
        (10, {'size': 10 * GIB}, 10),
        (10, {'size': 10 * GIB + 1}, BootReason.IMAGE_TOO_LARGE),
        (10, {'min_disk': 11}, BootReason.IMAGE_TOO_LARGE),
        (
            10,
            {'disk_format': 'qcow2', 'virtual_size': 11 * GIB},
            BootReason.IMAGE_TOO_LARGE,
        ),
        (0, {'size': 1}, 1),
        (0, {'size': GIB + 1}, 2),
        (0, {'min_disk': 4}, 4),
        (0, {'disk_format': 'qcow2', 'virtual_size': 3 * GIB}, 3),
        (0, {'disk_format': 'qcow2'}, BootReason.IMAGE_SIZE_UNKNOWN),
        (0, {'disk_format': 'qcow2', 'min_disk': 5}, 5),
    ],
)
def test_the_size_of_the_volume(
    root_gb: int, fields: dict[str, Any], size: object
) -> None:
    assert boot_rules.volume_size(Flavor(root_gb, {}), image(**fields)) == size


@pytest.mark.parametrize(
    ('spec', 'property_', 'project', 'default', 'who'),
    [
        (None, None, False, False, None),
        ('true', None, False, False, BootReason.FLAVOR),
        ('True', 'false', False, False, BootReason.FLAVOR),
        ('false', 'true', True, True, None),
        (None, 'yes', False, False, BootReason.IMAGE),
        (None, 'no', True, True, None),
        (None, None, True, False, BootReason.PROJECT),
        (None, None, False, True, BootReason.DEFAULT),
        ('nonsense', 'nonsense', False, True, BootReason.DEFAULT),
    ],
)
def test_who_is_heard_first(
    spec: str | None,
    property_: str | None,
    project: str,
    default: bool,
    who: BootReason | None,
) -> None:
    flavor = Flavor(1, {} if spec is None else {boot_rules.EXTRA_SPEC: spec})
    found = image(
        properties={} if property_ is None else {boot_rules.PROPERTY: property_}
    )
    options = OptIns(default, frozenset({'p'} if project else ()))
    assert boot_rules.opted_in(flavor, found, 'p', options) == who


def test_nova_that_verifies_signatures_keeps_signed_images() -> None:
    signed = image(properties={'img_signature': 'x'})
    verifying = OptIns(signatures_verified=True)
    assert (
        boot_rules.hindrance(Flavor(1, {}), signed, verifying)
        == BootReason.IMAGE_SIGNED
    )
    assert boot_rules.hindrance(Flavor(1, {}), signed, OptIns()) is None
    assert boot_rules.hindrance(Flavor(1, {}), image(), verifying) is None


def test_nova_that_requires_certificates_keeps_all_images() -> None:
    requiring = OptIns(signatures_verified=True, certificates_required=True)
    assert (
        boot_rules.hindrance(Flavor(1, {}), image(), requiring)
        == BootReason.TRUSTED_CERTIFICATES
    )
