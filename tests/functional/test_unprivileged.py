"""cinder-volume is not root, and the share's root directory is."""

import contextlib
import os
import subprocess

import pytest

from eic_plugins.engine.pool_cache import PoolCache
from eic_plugins.model import Reason
from eic_plugins.storage.files import FileStorage
from eic_plugins.storage.interface import Filled, NotReadableError
from eic_plugins.storage.mount import ShareMount
from eic_plugins.volume.planning import seen_shares
from tests.unit.engine.test_engine import Cluster
from tests.unit.factories import SEALS, image, pool
from tests.unit.fake_engine import FakeFill, NoLocks
from tests.unit.fake_files import FakeFiles

NOBODY = 65534
SIZE = 300_000
RAW = image(size=SIZE)

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason='becoming another user needs root'
)


@contextlib.contextmanager
def user(number):
    before = os.geteuid()
    os.seteuid(0)
    os.seteuid(number)
    try:
        yield
    finally:
        os.seteuid(0)
        os.seteuid(before)


class Ontap(FakeFiles):
    """Whom ONTAP makes files for is not for a host's permissions to say."""

    def _do(self, operation, effect, *names):
        with user(0):
            super()._do(operation, effect, *names)


def by_rootwrap(*command):
    with user(0):
        subprocess.run(command, check=True, timeout=20)


def as_the_service(*command):
    done = subprocess.run(
        command, check=False, timeout=20, capture_output=True, user=NOBODY
    )
    if done.returncode:
        raise PermissionError(done.stderr.decode())


@pytest.fixture
def share(tmp_path):
    for directory in (*tmp_path.parents[:-2], tmp_path):
        directory.chmod(0o755)
    return tmp_path


def cache_on(share, run):
    place = pool()
    return PoolCache(
        FileStorage(
            place,
            ShareMount(str(share), run, 0o666),
            Ontap({place.flexvol.uuid: share}),
            1,
            SEALS,
        ),
        NoLocks(),
    )


def fill_as_glance(share):
    """ONTAP's clone has owner and mode of Glance's file."""

    def fill(target):
        with user(0):
            (share / target.name).write_bytes(b'\x01' * SIZE)
            (share / target.name).chmod(0o640)
        return Filled()

    return fill


def test_a_share_of_roots_gets_its_cached_image_through_rootwrap(share):
    cache = cache_on(share, by_rootwrap)
    with user(NOBODY):
        cached, made = cache.ensure(RAW, FakeFill(fill_as_glance(share)))
        assert made
        assert cache.find(RAW) == cached
        cache.touch(RAW)
        again, made_again = cache.ensure(RAW, FakeFill(pytest.fail))
    assert (again, made_again) == (cached, False)
    assert sorted(path.name for path in share.iterdir()) == [
        f'.eic-{RAW.id}.json',
        RAW.cached_name,
    ]


def test_a_share_of_roots_can_be_forgotten_through_rootwrap(share):
    cache = cache_on(share, by_rootwrap)
    with user(NOBODY):
        cache.ensure(RAW, FakeFill(fill_as_glance(share)))
        cache.forget(RAW)
        assert cache.find(RAW) is None


def test_without_rootwrap_the_reason_is_permissions_and_nothing_is_left(share):
    cache = cache_on(share, as_the_service)
    with user(NOBODY), pytest.raises(NotReadableError):
        cache.ensure(RAW, FakeFill(fill_as_glance(share)))
    assert list(share.iterdir()) == []


class FaithfulOntap(Ontap):
    """A clone has its source's owner and mode."""

    def _copy(self, source, destination):
        super()._copy(source, destination)
        found, made = self._path(source).stat(), self._path(destination)
        os.chown(made, found.st_uid, found.st_gid)
        made.chmod(found.st_mode)


def test_a_file_of_glances_own_costs_its_route_and_the_cache_is_filled(share):
    root = share / 'cluster'
    root.mkdir()
    cluster = Cluster(root, glance_on='gold_vol')
    cluster.files.__class__ = FaithfulOntap
    for flexvol in root.iterdir():
        flexvol.chmod(0o777)
    (root / 'gold_vol' / RAW.id).chmod(0o600)
    with user(NOBODY):
        outcomes = [cluster.create(f'volume-{number}') for number in range(3)]
    assert [outcome.route for outcome in outcomes] == ['download', 'cached', 'cached']
    assert {str(refusal.subject): refusal.reason for refusal in outcomes[0].refusals}[
        'flexclone'
    ] is Reason.NOT_READABLE
    assert len(cluster.downloads) == 1
    assert (root / 'gold_vol' / RAW.cached_name).stat().st_uid == NOBODY


def test_the_use_of_an_image_is_seen_on_a_file_that_is_glances_own(share):
    """The stock driver's cleaner goes by its access time."""
    cached = share / RAW.cached_name
    cached.write_bytes(b'bytes')
    cached.chmod(0o666)
    os.utime(cached, (1, 1))
    mount = ShareMount(str(share), as_the_service)
    with user(NOBODY):
        assert mount.touch(RAW.cached_name)
    assert cached.stat().st_atime > 1


def test_the_time_of_a_record_is_for_its_owner_to_choose(share):
    record = share / 'record'
    record.write_bytes(b'{}')
    record.chmod(0o666)
    os.utime(record, (1, 1))
    mount = ShareMount(str(share), as_the_service)
    with user(NOBODY):
        assert mount.touch('record', 5)
    assert record.stat().st_mtime == 1


def test_a_plan_of_somebody_who_may_not_look_into_the_mounts_looks_elsewhere(share):
    locked = share / 'mnt'
    locked.mkdir(0o700)
    with user(NOBODY):
        assert not seen_shares._is_readable(locked / 'share', RAW)
