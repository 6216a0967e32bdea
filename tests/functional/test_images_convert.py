"""A disk file of a stranger is converted, or refused before it does anything."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from glanceclient import exc as glance_exc
from oslo_utils import units

from eic_plugins.cli import conversion, raw_sibling, untrusted_disk
from eic_plugins.cli.conversion import Conversion
from eic_plugins.cli.raw_sibling import NoSiblingError
from tests.unit.fake_clock import FakeClock

DISK = os.urandom(units.Mi) + bytes(units.Mi)
SECRET = b'a secret of this host' * 100

pytestmark = pytest.mark.skipif(
    shutil.which('qemu-img') is None, reason='qemu-img is missing: install qemu-utils'
)


def qemu_img(*arguments: object) -> None:
    command = ['qemu-img', *map(str, arguments)]
    subprocess.run(command, check=True, timeout=60, capture_output=True)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    path = tmp_path / 'disk'
    path.write_bytes(DISK)
    return path


def made_of(raw: Path, disk_format: str, *options: str) -> Path:
    path = raw.with_name(f'disk.{disk_format}')
    driver = untrusted_disk.DRIVERS.get(disk_format, disk_format)
    qemu_img('convert', '-f', 'raw', '-O', driver, *options, raw, path)
    return path


def converted(path: Path, disk_format: str) -> bytes:
    target = path.with_name('target')
    size = untrusted_disk.virtual_size(path, disk_format)
    untrusted_disk.convert(path, disk_format, target, size, lambda _: None)
    return target.read_bytes()


@pytest.mark.parametrize('disk_format', untrusted_disk.DRIVERS)
def test_each_format_becomes_the_same_disk(raw: Path, disk_format: str) -> None:
    got = converted(made_of(raw, disk_format), disk_format)
    # VHD has disks of whole cylinders alone.
    assert got[: len(DISK)] == DISK
    assert not got[len(DISK) :].strip(b'\0')


def backed(raw: Path) -> Path:
    """Reads another file of this host."""
    (raw.parent / 'secret').write_bytes(SECRET)
    path = raw.with_name('backed')
    backing = raw.parent / 'secret'
    qemu_img('create', '-f', 'qcow2', '-F', 'raw', '-b', backing, path)
    return path


def with_data_file(raw: Path) -> Path:
    path = raw.with_name('outside')
    data = raw.with_name('data')
    qemu_img('create', '-f', 'qcow2', '-o', f'data_file={data}', path, '1M')
    return path


def encrypted(raw: Path) -> Path:
    """Its header says so."""
    path = made_of(raw, 'qcow2')
    with path.open('r+b') as stream:
        stream.seek(32)
        stream.write((1).to_bytes(4, 'big'))
    return path


def another_format(raw: Path) -> Path:
    return made_of(raw, 'vmdk')


def raw_bytes(raw: Path) -> Path:
    return raw


def cut_off(raw: Path) -> Path:
    path = made_of(raw, 'qcow2')
    os.truncate(path, 40)
    return path


def hidden_inside(raw: Path) -> Path:
    """A QCOW2 whose disk is a QCOW2, which names another file."""
    inner = backed(raw)
    path = raw.with_name('outer')
    qemu_img('convert', '-f', 'raw', '-O', 'qcow2', inner, path)
    return path


@pytest.mark.parametrize(
    'hostile',
    [
        backed,
        with_data_file,
        encrypted,
        another_format,
        raw_bytes,
        cut_off,
        hidden_inside,
    ],
)
def test_what_is_no_plain_disk_is_refused(raw: Path, hostile: Any) -> None:
    path = hostile(raw)
    with pytest.raises(untrusted_disk.UnsafeDiskError) as told:
        converted(path, 'qcow2')
    assert str(raw.parent) not in str(told.value)


def test_a_vmdk_of_several_files_is_refused(raw: Path) -> None:
    path = made_of(raw, 'vmdk', '-o', 'subformat=twoGbMaxExtentFlat')
    with pytest.raises(untrusted_disk.UnsafeDiskError):
        converted(path, 'vmdk')


class Images:
    """As glanceclient's."""

    def __init__(self, glance: 'FakeGlance') -> None:
        self._glance = glance

    def data(self, _image_id: str) -> Iterator[bytes]:
        yield from self._glance.sent

    def upload(self, image_id: str, data: Any, _size: int, backend: Any) -> None:
        self._glance.step('upload')
        content = b''.join(iter(lambda: data.read(65536), b''))
        found = self._glance.images[image_id]
        digest = self._glance.digest or hashlib.sha512(content).hexdigest()
        found.update(
            content=content,
            store=backend,
            status='active',
            os_hash_algo='sha512',
            os_hash_value=digest,
        )

    def delete(self, image_id: str) -> None:
        del self._glance.images[image_id]

    def get_import_info(self) -> Any:
        return {'import-methods': {'value': self._glance.methods}}

    def image_import(self, image_id: str, method: str, **asked: Any) -> None:
        self._glance.step('import')
        found = self._glance.images[image_id]
        found.update(self._glance.imports_as, asked=asked, method=method)

    def get_associated_image_tasks(self, _image_id: str) -> Any:
        return {'tasks': [{'status': self._glance.task}]}


class FakeGlance:
    """Holds what is made, and fails when it is told to."""

    def __init__(self, content: bytes) -> None:
        self.sent = [content[:100], content[100:]]
        self.images: dict[str, dict[str, Any]] = {}
        self.fails: Mapping[str, BaseException] = {}
        self.digest = ''
        self.methods = ['glance-download']
        self.imports_as = {'status': 'active', 'disk_format': 'raw'}
        self.task = 'success'

    @property
    def http_client(self) -> 'FakeGlance':
        return self

    def step(self, name: str) -> None:
        if name in self.fails:
            raise self.fails[name]

    def post(self, _path: str, data: Mapping[str, Any]) -> tuple[None, Any]:
        self.step('post')
        self.images['new'] = {**data, 'id': 'new', 'status': 'queued'}
        return None, self.images['new']

    def get(self, path: str) -> tuple[None, Any]:
        return None, self.images[path.rpartition('/')[2]]

    def patch(self, path: str, headers: Any, data: str) -> None:
        assert 'json-patch' in headers['Content-Type']
        self.step('patch')
        self.images[path.rpartition('/')[2]]['patched'] = data


class Client:
    """What :func:`eic_plugins.cli.cloud.glance` makes."""

    def __init__(self, glance: FakeGlance) -> None:
        self.http_client = glance
        self.images = Images(glance)


@pytest.fixture
def glance(raw: Path) -> FakeGlance:
    return FakeGlance(made_of(raw, 'qcow2').read_bytes())


def work(glance: FakeGlance) -> Conversion:
    source = {
        'id': 'old',
        'name': 'debian',
        'status': 'active',
        'disk_format': 'qcow2',
        'container_format': 'bare',
        'visibility': 'public',
        'protected': False,
        'size': sum(map(len, glance.sent)),
    }
    sibling = raw_sibling.sibling_of(source)
    return Conversion(Client(glance), source, sibling, 'images', lambda _: None)


def test_the_sibling_has_the_disks_bytes(glance: FakeGlance, tmp_path: Path) -> None:
    there = {*tmp_path.iterdir()}
    image_id = work(glance).here(str(tmp_path))
    made = glance.images[image_id]
    assert made['content'] == DISK
    assert (made['disk_format'], made['store']) == ('raw', 'images')
    assert '"public"' in made['patched']
    assert {*tmp_path.iterdir()} == there


@pytest.mark.parametrize('step', ['upload', 'patch', 'import'])
@pytest.mark.parametrize(
    'failure', [KeyboardInterrupt(), glance_exc.HTTPBadGateway(), OSError('no room')]
)
def test_what_is_half_made_is_deleted(
    glance: FakeGlance, tmp_path: Path, step: str, failure: BaseException
) -> None:
    glance.fails = {step: failure}
    there = {*tmp_path.iterdir()}
    with pytest.raises(type(failure)):
        if step == 'import':
            work(glance).by_glance('lab', FakeClock())
        else:
            work(glance).here(str(tmp_path))
    assert glance.images == {}
    assert {*tmp_path.iterdir()} == there


def test_a_user_who_may_not_publish_gets_a_private_sibling(
    glance: FakeGlance, tmp_path: Path
) -> None:
    glance.fails = {'patch': glance_exc.HTTPForbidden()}
    assert work(glance).here(str(tmp_path)) == 'new'


def test_a_user_who_may_not_make_it_is_told_what_to_do(
    glance: FakeGlance, tmp_path: Path
) -> None:
    glance.fails = {'post': glance_exc.HTTPForbidden()}
    with pytest.raises(NoSiblingError, match='--mine'):
        work(glance).here(str(tmp_path))


def test_bytes_that_are_not_the_images_leave_nothing(
    glance: FakeGlance, tmp_path: Path
) -> None:
    glance.digest = 'another'
    with pytest.raises(NoSiblingError, match='hash'):
        work(glance).here(str(tmp_path))
    assert glance.images == {}


def test_a_download_is_as_long_as_the_image(glance: FakeGlance, tmp_path: Path) -> None:
    wanted = work(glance)
    glance.sent.append(b'more')
    with pytest.raises(NoSiblingError, match='more than it says'):
        wanted.here(str(tmp_path))


def test_without_room_nothing_is_begun(
    glance: FakeGlance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type('Usage', (), {'free': 3})
    monkeypatch.setattr(conversion.shutil, 'disk_usage', lambda _: usage)
    with pytest.raises(NoSiblingError, match='--directory'):
        work(glance).here(str(tmp_path))


def test_glance_is_asked_to_fetch_it_from_itself(glance: FakeGlance) -> None:
    made = glance.images[work(glance).by_glance('lab', FakeClock())]
    assert made['method'] == 'glance-download'
    assert made['asked'] == {
        'remote_region': 'lab',
        'remote_image_id': 'old',
        'remote_service_interface': 'public',
        'stores': ['images'],
    }


def not_offered(glance: FakeGlance) -> str:
    glance.methods = ['copy-image']
    return 'enabled_import_methods'


def not_converted(glance: FakeGlance) -> str:
    glance.imports_as = {'status': 'active', 'disk_format': 'qcow2'}
    return 'image_conversion'


def not_imported(glance: FakeGlance) -> str:
    glance.imports_as = {'status': 'queued'}
    glance.task = 'failure'
    return 'log of glance-api'


@pytest.mark.parametrize('lacking', [not_offered, not_converted, not_imported])
def test_a_glance_that_does_not_convert_is_told_and_nothing_is_left(
    glance: FakeGlance, lacking: Any
) -> None:
    why = lacking(glance)
    with pytest.raises(NoSiblingError, match=why):
        work(glance).by_glance('lab', FakeClock())
    assert glance.images == {}


def test_an_interrupted_conversion_ends_qemu_img(raw: Path) -> None:
    """However long it would have taken."""
    sleeping = ['sleep', '60']
    began = threading.Event()

    def interrupt(_: int) -> None:
        began.set()
        raise KeyboardInterrupt

    with contextlib.suppress(KeyboardInterrupt):
        untrusted_disk._run(sleeping, raw, interrupt)
    assert began.is_set()
