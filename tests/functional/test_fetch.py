"""Cinder's own image utilities, qemu-img and cursive fill a cached image."""

import base64
import contextlib
import dataclasses
import datetime
import gc
import gzip
import hashlib
import io
import os
import shutil
import subprocess
import types
from pathlib import Path

import pytest
from castellan.common.objects import x_509
from castellan.tests.unit.key_manager import mock_key_manager
from cinder import context, privsep
from cinder import utils as cinder_utils
from cinder.image import image_utils
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from cursive import signature_utils
from oslo_config import cfg

from eic_plugins.engine.failures import (
    DownloadError,
    ImageRefusedError,
    SignatureError,
    TooLargeError,
)
from eic_plugins.glance import documents as glance
from eic_plugins.model import Reason
from eic_plugins.storage.files import FileStorage
from eic_plugins.storage.inspection import UnsafeImageError
from eic_plugins.storage.interface import Filled
from eic_plugins.storage.mount import ShareMount
from eic_plugins.volume.from_image.fetch import Fetcher
from tests.unit.factories import IMAGE_ID, SEALS, pool
from tests.unit.fake_files import FakeFiles

CONF = cfg.CONF
MIB = 1 << 20
RAW = os.urandom(2 * MIB) + bytes(2 * MIB)
TARGET = 'eic-fill-1'


class ImageService:
    """Glance's client in Cinder, with one image."""

    def __init__(self, content, **meta):
        self.content = content
        self.meta = {
            'id': IMAGE_ID,
            'status': 'active',
            'disk_format': 'raw',
            'container_format': 'bare',
            'size': len(content),
            'os_hash_algo': 'sha512',
            'properties': {},
            'os_hash_value': hashlib.sha512(content).hexdigest(),
            **meta,
        }
        self.temp_images = None
        self.downloads = 0

    def show(self, _context, _image_id, store_id=None):
        return self.meta

    def download(self, _context, _image_id, data):
        self.downloads += 1
        data.write(self.content)


class Pool:
    """A share to fetch into."""

    def __init__(self, root):
        self.root = root
        self.keeps = False
        self.storage = FileStorage(
            pool(),
            ShareMount(str(root), subprocess.check_call),
            FakeFiles({pool().flexvol.uuid: root}),
            1,
            SEALS,
        )

    def fetch(self, service, **fields):
        fetcher = Fetcher(
            context.get_admin_context(),
            service,
            glance.image_from_meta(service.meta),
            'backend',
            '1M',
            False,
        )
        self.fetcher = dataclasses.replace(fetcher, **fields)
        try:
            return self.fetcher.download(self.storage, pool().stored(TARGET))
        finally:
            if not self.keeps:
                self.fetcher.fetched.drop()

    @property
    def content(self):
        return (self.root / TARGET).read_bytes()


@pytest.fixture
def share(tmp_path, monkeypatch):
    # As root already: neither sudo nor a privileged process is needed.
    monkeypatch.setattr(cinder_utils, 'get_root_helper', lambda: 'env')
    monkeypatch.setattr(privsep.sys_admin_pctxt, 'client_mode', False)
    conversion, root = tmp_path / 'conversion', tmp_path / 'share'
    root.mkdir()
    with overridden('image_conversion_dir', str(conversion)):
        yield Pool(root)
    left = list(conversion.iterdir()) if conversion.exists() else []
    assert left == []


def converted(tmp_path, qemu_format, *options):
    raw, path = tmp_path / 'in.raw', tmp_path / f'in.{qemu_format}'
    raw.write_bytes(RAW)
    subprocess.run(
        [
            'qemu-img',
            'convert',
            '-f',
            'raw',
            '-O',
            qemu_format,
            *options,
            str(raw),
            str(path),
        ],
        check=True,
        timeout=60,
    )
    return path.read_bytes()


def _fetch_in_vain(share, service, monkeypatch):
    """What was fetched is kept for Cinder's own download."""
    share.keeps = True
    monkeypatch.setattr(share.storage, 'writable', _no_device)
    with pytest.raises(DownloadError):
        share.fetch(service)


def test_after_a_failure_cinders_own_download_has_a_file_of_its_own(
    share, tmp_path, monkeypatch
):
    service = ImageService(RAW)
    monkeypatch.setattr(share.storage, 'writable', _no_device)
    with pytest.raises(DownloadError, match='no device'):
        share.fetch(service)
    target = tmp_path / 'volume'
    image_utils.fetch_to_raw(
        context.get_admin_context(),
        service,
        IMAGE_ID,
        str(target),
        '1M',
        run_as_root=False,
    )
    assert target.read_bytes() == RAW


def test_what_was_fetched_in_vain_is_cinders_own_download(share, monkeypatch):
    """Once, for this request, and of this image; and nothing is left of it."""
    service = ImageService(RAW)
    _fetch_in_vain(share, service, monkeypatch)
    share.fetcher.fetched.hand_over(service, IMAGE_ID)
    admin = context.get_admin_context()
    for downloads in (1, 2):
        with image_utils.TemporaryImages.fetch(service, admin, IMAGE_ID) as path:
            assert Path(path).read_bytes() == RAW
        assert service.downloads == downloads


def test_what_cinder_does_not_fetch_into_a_file_beside_it_is_written(
    share, monkeypatch, tmp_path
):
    service = ImageService(RAW)
    _fetch_in_vain(share, service, monkeypatch)
    share.fetcher.fetched.hand_over(service, IMAGE_ID)
    device = tmp_path / 'device'
    device.write_bytes(b'')
    inode = device.stat().st_ino
    with device.open('wb') as stream:
        service.download(None, IMAGE_ID, stream)
    assert device.read_bytes() == RAW
    assert (device.stat().st_ino, service.downloads) == (inode, 1)


def test_what_was_fetched_in_vain_never_costs_cinder_its_room(share, monkeypatch):
    service = ImageService(RAW)
    _fetch_in_vain(share, service, monkeypatch)
    monkeypatch.setattr(
        shutil, 'disk_usage', lambda _: types.SimpleNamespace(free=len(RAW))
    )
    share.fetcher.fetched.hand_over(service, IMAGE_ID)
    with io.BytesIO() as stream:
        service.download(None, IMAGE_ID, stream)
    assert service.downloads == 2


def test_a_request_that_never_downloads_leaves_no_file(share, monkeypatch):
    service = ImageService(RAW)
    _fetch_in_vain(share, service, monkeypatch)
    share.fetcher.fetched.hand_over(service, IMAGE_ID)
    conversion = Path(CONF.image_conversion_dir)
    assert len(list(conversion.iterdir())) == 1
    del service, share.fetcher
    gc.collect()
    assert list(conversion.iterdir()) == []


def _no_device(_name, _size):
    raise OSError('no device to write to')


@pytest.mark.parametrize(
    ('disk_format', 'options'),
    [
        ('qcow2', ()),
        ('vmdk', ('-o', 'subformat=streamOptimized')),
        ('vmdk', ('-o', 'subformat=monolithicSparse')),
        ('vhdx', ()),
        ('vdi', ()),
    ],
)
def test_every_format_is_downloaded_once_and_becomes_raw(
    share, tmp_path, disk_format, options
):
    service = ImageService(
        converted(tmp_path, disk_format, *options), disk_format=disk_format
    )
    assert share.fetch(service) == Filled(len(RAW))
    assert service.downloads == 1
    assert share.content[: len(RAW)] == RAW


def test_a_raw_image_is_fetched_sparsely(share):
    share.fetch(ImageService(bytes(64 * MIB)))
    assert (share.root / TARGET).stat().st_size == 64 * MIB
    assert (share.root / TARGET).stat().st_blocks * 512 < MIB


def test_a_compressed_image_is_fetched_if_cinder_allows_it(share):
    service = ImageService(
        gzip.compress(RAW), container_format='compressed', virtual_size=len(RAW)
    )
    with overridden('allow_compression_on_image_upload', True):
        share.fetch(service)
        assert share.fetcher.refusal is None
    assert share.content == RAW
    assert share.fetcher.refusal.reason is Reason.IMAGE_REFUSED


@contextlib.contextmanager
def overridden(option, value):
    CONF.set_override(option, value)
    try:
        yield
    finally:
        CONF.clear_override(option)


def backed(tmp_path):
    path = tmp_path / 'backed.qcow2'
    subprocess.run(
        [
            'qemu-img',
            'create',
            '-q',
            '-f',
            'qcow2',
            '-F',
            'raw',
            '-b',
            '/etc/passwd',
            str(path),
            '16M',
        ],
        check=True,
        timeout=60,
    )
    return path.read_bytes()


@pytest.mark.parametrize(
    ('make', 'disk_format'),
    [
        (backed, 'qcow2'),
        (lambda tmp_path: converted(tmp_path, 'qcow2'), 'raw'),
        (lambda tmp_path: converted(tmp_path, 'vmdk'), 'qcow2'),
        (
            lambda tmp_path: converted(
                tmp_path, 'vmdk', '-o', 'subformat=monolithicFlat'
            ),
            'vmdk',
        ),
        (lambda _: b'\x17' * MIB, 'qcow2'),
    ],
)
def test_what_cinder_refuses_is_refused(share, tmp_path, make, disk_format):
    with pytest.raises((ImageRefusedError, UnsafeImageError)):
        share.fetch(ImageService(make(tmp_path), disk_format=disk_format))


def test_a_disk_that_is_too_large_for_the_volume_is_refused(share, tmp_path):
    large = tmp_path / 'large.qcow2'
    subprocess.run(
        ['qemu-img', 'create', '-q', '-f', 'qcow2', str(large), '2G'],
        check=True,
        timeout=60,
    )
    with pytest.raises(TooLargeError, match=str(2 << 30)):
        share.fetch(ImageService(large.read_bytes(), disk_format='qcow2'), size=1)


@pytest.fixture
def sign(monkeypatch):
    """Signs as an image's owner does; the key manager has the certificate."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, 'owner')])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    manager = mock_key_manager.MockKeyManager()
    uuid = manager.store(
        context.get_admin_context(),
        x_509.X509(certificate.public_bytes(serialization.Encoding.DER)),
    )
    monkeypatch.setattr(signature_utils.key_manager, 'API', lambda: manager)

    def sign_content(content):
        signature = key.sign(
            content,
            padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH),
            hashes.SHA256(),
        )
        return {
            'img_signature': base64.b64encode(signature).decode(),
            'img_signature_hash_method': 'SHA-256',
            'img_signature_key_type': 'RSA-PSS',
            'img_signature_certificate_uuid': uuid,
        }

    return sign_content


def test_the_signature_of_the_image_as_it_is_in_glance_is_verified(
    share, tmp_path, sign
):
    content = converted(tmp_path, 'qcow2')
    service = ImageService(content, disk_format='qcow2', properties=sign(content))
    assert share.fetch(service) == Filled(
        len(RAW), glance.image_from_meta(service.meta).signature
    )
    assert share.content[: len(RAW)] == RAW


def test_a_compressed_image_needs_no_recorded_size(share):
    service = ImageService(gzip.compress(RAW), container_format='compressed')
    with overridden('allow_compression_on_image_upload', True):
        assert share.fetch(service) == Filled(len(RAW))
    assert share.content == RAW


def test_what_is_declared_compressed_and_is_not_is_refused(share):
    service = ImageService(RAW, container_format='compressed')
    with (
        overridden('allow_compression_on_image_upload', True),
        pytest.raises(ImageRefusedError, match='no gzip'),
    ):
        share.fetch(service)


def test_a_disk_has_the_size_of_its_bytes_not_the_recorded_one(share, tmp_path):
    content = converted(tmp_path, 'qcow2')
    for recorded in (1, len(RAW) * 2):
        service = ImageService(content, disk_format='qcow2', virtual_size=recorded)
        assert share.fetch(service) == Filled(len(RAW))


def test_a_wrong_signature_ends_the_fetch(share, sign):
    service = ImageService(RAW, properties=sign(b'other bytes'))
    with pytest.raises(SignatureError):
        share.fetch(service)
    assert not (share.root / TARGET).exists()


def test_signatures_can_be_left_unverified_as_in_cinder(share, sign):
    with overridden('verify_glance_signatures', 'disabled'):
        service = ImageService(RAW, properties=sign(b'other bytes'))
        assert not share.fetch(service).signature
    assert share.content == RAW


def verify(service, path):
    Fetcher(
        context.get_admin_context(),
        service,
        glance.image_from_meta(service.meta),
        'backend',
        '1M',
        False,
    ).verify(path)


def test_a_raw_file_on_the_share_is_verified_where_it_is(sign, tmp_path):
    path = tmp_path / 'file'
    path.write_bytes(RAW)
    verify(ImageService(RAW, properties=sign(RAW)), path)
    with pytest.raises(SignatureError):
        verify(ImageService(RAW, properties=sign(b'other bytes')), path)


def test_converted_bytes_are_never_taken_for_what_was_signed(sign, tmp_path):
    with pytest.raises(SignatureError, match='as it is in Glance'):
        verify(
            ImageService(RAW, disk_format='qcow2', properties=sign(RAW)),
            tmp_path / 'file',
        )
