"""A connected raw volume is told of as qemu-img would tell, without it."""

import inspect
import os
import shutil

import pytest
from cinder import privsep
from cinder.image import image_utils

from eic_plugins.volume.stock import raw_image
from tests import luks
from tests.contract.release import since

MIB = 1 << 20
FIELDS = (
    'image',
    'file_format',
    'virtual_size',
    'disk_size',
    'backing_file',
    'backing_file_format',
    'cluster_size',
    'encrypted',
    'snapshots',
)
NOBODY = 65534

pytestmark = pytest.mark.skipif(
    shutil.which('qemu-img') is None, reason='qemu-img is missing: install qemu-utils'
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'volume-1'


@pytest.fixture(autouse=True)
def no_helper(monkeypatch):
    """Up to Cinder 27 (2025.2), a file is also read by a privileged process."""
    monkeypatch.setattr(privsep.sys_admin_pctxt, 'client_mode', False)


def as_qemu_img_says(path):
    """Up to Cinder 27 (2025.2), qemu-img is not told the format, and probes it."""
    takes = inspect.signature(image_utils.qemu_img_info).parameters
    known = {'img_format': 'raw'} if 'img_format' in takes else {}
    return image_utils.qemu_img_info(
        str(path), run_as_root=False, force_share=True, **known
    )


@pytest.mark.parametrize(
    'content',
    [
        b'',
        b'x',
        bytes(512),
        os.urandom(4096 + 100),
        os.urandom(MIB),
        pytest.param(
            b'QFI\xfb\x00\x00\x00\x03' + bytes(MIB),
            marks=since(28, 'qemu-img believes what a guest wrote'),
        ),
    ],
    ids=[
        'empty',
        'a byte',
        'a sector',
        'no whole sectors',
        'random',
        'begins like QCOW2',
    ],
)
@pytest.mark.usefixtures('cinder_conf')
def test_all_that_cinder_reads_of_it_is_the_same(path, content):
    path.write_bytes(content)
    ours, theirs = raw_image.info(str(path)), as_qemu_img_says(path)
    assert {field: getattr(ours, field) for field in FIELDS} == {
        field: getattr(theirs, field) for field in FIELDS
    }


@pytest.mark.usefixtures('cinder_conf')
def test_a_sparse_file_has_its_whole_size(path):
    path.touch()
    os.truncate(path, 3 * 1024 * MIB)
    ours = raw_image.info(str(path))
    assert ours.virtual_size == as_qemu_img_says(path).virtual_size
    assert ours.virtual_size == 3 * 1024 * MIB


def test_what_a_luks_container_holds_is_left_to_qemu_img(path):
    luks.create(path)
    assert raw_image.info(str(path)) is None


def test_a_file_that_is_gone_is_left_to_qemu_img(path):
    assert raw_image.info(str(path)) is None


@pytest.mark.skipif(os.geteuid() != 0, reason='becoming another user needs root')
def test_a_file_that_the_service_cannot_read_is_left_to_qemu_img(path):
    path.write_bytes(b'x')
    path.chmod(0o600)
    os.seteuid(NOBODY)
    try:
        assert raw_image.info(str(path)) is None
    finally:
        os.seteuid(0)
