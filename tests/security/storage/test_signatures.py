"""A signature is verified for what it says today.

Whoever may change an image's ``img_signature`` properties must not obtain that
bytes which another signature once fitted count as verified.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.contract.images import Image
from tests.contract.shares import Shares
from tests.contract.stock import MIB

PROTOCOL = 'nfs'

pytestmark = pytest.mark.usefixtures('nfs')


@pytest.fixture(autouse=True)
def verified(cinder_conf: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A signature is the bytes' digest here; the certificate has to be 'ca'."""
    from cinder.image import image_utils  # noqa: PLC0415

    seen: list[str] = []

    def verify(context: Any, service: Any, image_id: str, path: str) -> bool:
        found = service.show(context, image_id)['properties']
        seen.append(found['img_signature'])
        digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
        if (found['img_signature'], found['img_signature_certificate_uuid']) != (
            digest,
            'ca',
        ):
            raise ValueError('the signature does not fit')
        return True

    monkeypatch.setattr(image_utils, 'verify_glance_image_signature', verify)
    yield seen


def sign(image: Image, **changes: str) -> None:
    properties = {
        'img_signature': hashlib.sha256(image.stored).hexdigest(),
        'img_signature_hash_method': 'SHA-256',
        'img_signature_key_type': 'RSA-PSS',
        'img_signature_certificate_uuid': 'ca',
        **changes,
    }
    image.meta = {**image.meta, 'properties': properties}


@pytest.fixture
def image(world: Shares) -> Image:
    found = world.glance.add(os.urandom(2 * MIB))
    sign(found)
    return found


WRONG: Mapping[str, Mapping[str, str]] = {
    'another signature': {'img_signature': 'of other bytes'},
    'another certificate': {'img_signature_certificate_uuid': 'revoked'},
}


@pytest.mark.parametrize('change', WRONG.values(), ids=WRONG)
def test_a_verified_hit_ends_with_its_signature(
    world: Shares,
    image: Image,
    change: Mapping[str, str],
    verified: list[str],
) -> None:
    assert world.is_right(world.create(image), image)
    sign(image, **change)
    volume = world.new_volume()
    assert not world.clone_image(volume, image)
    assert 'signature_invalid' in volume.metadata['eic_refused']
    assert len(verified) == 2
    # What was verified is a hit again when that is asked for again.
    sign(image)
    again = world.create(image)
    assert again.metadata['eic_route'] == 'cached'
    assert len(verified) == 2


@pytest.mark.parametrize(
    'change',
    [
        {'img_signature_hash_method': 'SHA-512'},
        {'img_signature_key_type': 'ECC_SECP384R1'},
    ],
    ids=str,
)
def test_any_change_of_what_is_signed_is_verified_anew(
    world: Shares,
    image: Image,
    change: Mapping[str, str],
    verified: list[str],
) -> None:
    world.create(image)
    sign(image, **change)
    assert world.is_right(world.create(image), image)
    assert len(verified) == 2


def test_an_image_that_was_cached_unsigned_is_verified_when_it_is_signed(
    world: Shares, image: Image, verified: list[str]
) -> None:
    sign(image)
    signed = image.meta
    image.meta = {**signed, 'properties': {}}
    world.create(image)
    assert verified == []
    image.meta = signed
    world.create(image)
    assert len(verified) == 1


def test_a_neighbours_verified_image_is_verified_for_this_signature(
    world: Shares, image: Image, verified: list[str]
) -> None:
    """A true record in a pool of ours, of what another signature fitted."""
    world.deploy('store')
    world.put('store', image, image.raw, world.record(image, 'store', image.raw))
    sign(image, img_signature_hash_method='SHA-512')
    assert world.is_right(world.create(image), image)
    assert len(verified) == 1


def test_a_signature_that_changes_while_it_is_verified_is_not_noted(
    world: Shares,
    image: Image,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The request saw a wrong one, Cinder's function the right one."""
    from eic_plugins.glance.documents import image_from_meta  # noqa: PLC0415

    right = image.meta
    sign(image, img_signature='of other bytes')
    wrong = image.meta
    monkeypatch.setattr(world.glance, 'show', lambda _c, _i: right)
    volume = world.new_volume()
    assert image_from_meta(wrong).signed
    assert not world.clone_image(volume, image)
    assert 'signature_invalid' in volume.metadata['eic_refused']
    assert not (world.root() / image.cached).exists()
