"""Either the volume's file is right, or there is none and Cinder downloads."""

import contextlib
import threading

import pytest

from eic_plugins import routes
from eic_plugins.cache import LockTimeoutError, PoolCache
from eic_plugins.engine import Engine, VolumeRequest
from eic_plugins.glance import Location
from eic_plugins.locations import LocationReader
from eic_plugins.locations.file import FileLocation
from eic_plugins.model import Reason, Refusal, StoredFile
from eic_plugins.mount import ShareMount
from eic_plugins.ontap.session import (
    OntapRejectedError,
    OntapTimeoutError,
    OntapUnreachableError,
)
from eic_plugins.routes import FillLimits
from tests.unit.factories import GIB, flexvol, image, pool
from tests.unit.fake_files import FakeFiles

SIZE = 300_000
RAW = image(size=SIZE)
NFS = {'share_location': 'nfs://127.0.11.2/images', 'type': 'nfs',
       'mountpoint': '/glance'}
VOLUME = 'volume-1'
CONTENT = b'\x07' * SIZE


class FakeNamespace:
    """Every copy is where the test says."""

    def __init__(self, where):
        self.where = where

    def locate(self, copy):
        if isinstance(self.where, BaseException):
            raise self.where
        if isinstance(self.where, Refusal):
            return self.where
        return StoredFile(self.where, copy.path.removeprefix('/images/'))


class Cluster:
    """Two FlexVols, one pool on gold_vol, Glance's image on images_vol."""

    def __init__(self, root, glance_on='images_vol'):
        self.roots = {name: root / name for name in ('gold_vol', 'images_vol')}
        for path in self.roots.values():
            path.mkdir()
        (self.roots[glance_on] / RAW.id).write_bytes(CONTENT)
        self.files = FakeFiles({flexvol(name).uuid: path
                                for name, path in self.roots.items()})
        self.namespace = FakeNamespace(flexvol(glance_on))
        self.asked_glance = 0
        self.mutex = threading.Lock()
        self.lock_error = None
        self.peered = set()
        self.cache = self.cache_of('gold_vol')
        self.engine = Engine(
            self.files, self.namespace, self, LocationReader({'file': FileLocation()}),
            routes.load(), FillLimits(clone=1, copy=1))

    def may_copy(self, own, other):
        return other in self.peered

    def cache_of(self, name):
        return PoolCache(pool(name), ShareMount(str(self.roots[name]), print),
                         self.files, self.lock)

    @contextlib.contextmanager
    def lock(self, _name, _wait):
        if self.lock_error:
            raise self.lock_error
        with self.mutex:
            yield

    def locations(self):
        self.asked_glance += 1
        return [Location(f'file:///glance/{RAW.id}', NFS)]

    def create(self, name=VOLUME, of=RAW, **fields):
        request = VolumeRequest(
            image=of, find_locations=self.locations, size=1, file_name=name,
            **fields)
        return self.engine.create(request, self.cache,
                                  lambda: [self.cache_of('images_vol')])

    def content(self, name=VOLUME):
        with (self.roots['gold_vol'] / name).open('rb') as stream:
            return stream.read(SIZE)

    def leftovers(self):
        known = {RAW.id, RAW.cached_name, f'.eic-{RAW.id}.json'}
        return {path.name for root in self.roots.values()
                for path in root.iterdir()} - known


@pytest.fixture
def cluster(tmp_path):
    return Cluster(tmp_path)


@pytest.fixture
def same_flexvol(tmp_path):
    return Cluster(tmp_path, glance_on='gold_vol')


def reasons(outcome):
    return {refusal.route: refusal.reason for refusal in outcome.refusals}


def test_the_first_volume_in_another_flexvol_is_a_copy_then_a_clone(cluster):
    outcome = cluster.create()
    assert outcome.route == 'copy_offload'
    assert [call[0] for call in cluster.files.calls] == [
        'copy', 'rename', 'clone']
    assert cluster.content() == CONTENT
    assert outcome.bytes_kept_off_host == SIZE


def test_the_first_volume_in_the_images_flexvol_is_two_clones(same_flexvol):
    outcome = same_flexvol.create()
    assert outcome.route == 'flexclone'
    assert same_flexvol.files.done('clone') == 2
    assert same_flexvol.files.done('copy') == 0
    assert same_flexvol.content() == CONTENT


def test_a_hit_is_one_call_and_asks_nobody(cluster):
    cluster.create()
    cluster.files.calls.clear()
    cluster.asked_glance = 0
    outcome = cluster.create('volume-2')
    assert outcome.route == 'cached'
    assert cluster.files.calls == [('clone', RAW.cached_name, 'volume-2')]
    assert cluster.asked_glance == 0
    assert cluster.content('volume-2') == CONTENT


def test_the_volume_has_its_own_size_and_the_cached_image_the_images(cluster):
    cluster.create()
    root = cluster.roots['gold_vol']
    assert (root / VOLUME).stat().st_size == GIB
    assert (root / RAW.cached_name).stat().st_size == SIZE


def test_another_pools_cached_image_is_copied_when_glance_has_no_location(cluster):
    cluster.create()
    cluster.namespace.where = Refusal('location', Reason.OTHER_CLUSTER)
    there, here = cluster.cache_of('gold_vol'), cluster.cache_of('images_vol')
    request = VolumeRequest(
        image=RAW, find_locations=cluster.locations, size=1,
        file_name='volume-9')
    outcome = cluster.engine.create(request, here, lambda: [there])
    assert outcome.route == 'copy_offload'
    assert cluster.files.calls[-3][:2] == ('copy', RAW.cached_name)


def test_a_hit_does_not_look_at_other_pools(cluster):
    cluster.create()
    request = VolumeRequest(image=RAW, find_locations=pytest.fail, size=1,
                            file_name='volume-2')
    outcome = cluster.engine.create(request, cluster.cache, pytest.fail)
    assert outcome.route == 'cached'


def test_a_cached_image_that_is_larger_than_the_volume_is_not_cloned(cluster):
    unknown = image(size=0, virtual_size=None, disk_format='qcow2')
    huge = cluster.roots['gold_vol'] / unknown.cached_name
    with huge.open('wb') as stream:
        stream.truncate(GIB + 1)
    (cluster.roots['gold_vol'] / f'.eic-{unknown.id}.json').write_text(
        f'{{"identity": "{unknown.identity}", "virtual_size": {GIB + 1}}}')
    assert reasons(cluster.create(of=unknown)) == {'all': Reason.IMAGE_TOO_LARGE}


def test_what_cannot_be_cloned_is_left_to_cinder_with_no_call(cluster):
    outcome = cluster.create(encrypted=True)
    assert outcome.is_download
    assert reasons(outcome) == {'all': Reason.ENCRYPTED}
    assert cluster.files.calls == []
    assert outcome.bytes_kept_off_host == 0


def test_an_image_in_a_peered_svm_is_copied(cluster):
    there = flexvol('images_vol', svm='svm_silver')
    cluster.namespace.where = there
    cluster.files.roots[there.uuid] = cluster.roots['images_vol']
    assert reasons(cluster.create())['copy_offload'] is Reason.SVM_NOT_PEERED
    cluster.peered.add('svm_silver')
    assert cluster.create().route == 'copy_offload'
    assert cluster.content() == CONTENT


def test_an_image_on_another_cluster_is_left_to_cinder(cluster):
    cluster.namespace.where = Refusal('location', Reason.OTHER_CLUSTER)
    outcome = cluster.create()
    assert outcome.is_download
    assert reasons(outcome)['copy_offload'] is Reason.OTHER_CLUSTER
    assert cluster.files.calls == []


ONTAP_ERRORS = [
    OntapRejectedError(500, '917812', 'no space left'),
    OntapUnreachableError('connection reset'),
    OntapTimeoutError('job had not ended'),
]


@pytest.mark.parametrize('error', ONTAP_ERRORS)
@pytest.mark.parametrize('after_effect', [False, True])
@pytest.mark.parametrize('operation', ['copy', 'rename', 'clone'])
def test_any_call_that_fails_leaves_nothing_and_the_request_to_cinder(
        cluster, operation, error, after_effect):
    for _ in range(2):
        cluster.files.fail(operation, error, after_effect)
    outcome = cluster.create()
    assert outcome.is_download
    assert outcome.refusals
    assert cluster.leftovers() == set()


@pytest.mark.parametrize('error', ONTAP_ERRORS)
@pytest.mark.parametrize('operation', ['copy', 'rename', 'clone'])
def test_the_volume_after_a_failure_is_right(cluster, operation, error):
    cluster.files.fail(operation, error, after_effect=True)
    cluster.create()
    cluster.files.errors.clear()
    outcome = cluster.create('volume-2')
    assert not outcome.is_download
    assert cluster.content('volume-2') == CONTENT


def test_a_failed_flexclone_still_tries_no_route_that_cannot_help(same_flexvol):
    same_flexvol.files.fail('clone', OntapRejectedError(500, '1', 'busy'))
    outcome = same_flexvol.create()
    assert outcome.is_download
    assert reasons(outcome) == {
        'flexclone': Reason.FILL_FAILED, 'cached': Reason.NOT_CACHED,
        'copy_offload': Reason.SAME_FLEXVOL}


def test_bytes_that_are_not_the_image_are_never_cloned(cluster):
    (cluster.roots['images_vol'] / RAW.id).write_bytes(b'QFI\xfb' + b'\0' * (SIZE - 4))
    outcome = cluster.create()
    assert outcome.is_download
    assert reasons(outcome)['copy_offload'] is Reason.INSPECTION_FAILED
    assert cluster.leftovers() == set()
    assert cluster.cache.find(RAW) is None


def test_a_cached_image_evicted_under_the_clone_is_made_again(cluster):
    """The mount still shows it, as an NFS client may for a while."""
    cluster.create()
    cluster.files.fail('clone', OntapRejectedError(400, '13565952', 'failed'))
    cluster.files.vanished.add(RAW.cached_name)
    outcome = cluster.create('volume-2')
    assert outcome.route == 'copy_offload'
    assert cluster.content('volume-2') == CONTENT


def test_a_clone_of_the_wrong_size_is_removed(cluster):
    cluster.create()
    real_copy = cluster.files._copy

    def truncated(source, destination):
        real_copy(source, destination)
        with cluster.files._path(destination).open('r+b') as stream:
            stream.truncate(10)
    cluster.files._copy = truncated
    outcome = cluster.create('volume-2')
    assert outcome.is_download
    assert reasons(outcome) == {'cached': Reason.CLONE_FAILED}
    assert cluster.leftovers() == {VOLUME}


def test_a_lock_that_is_not_to_be_had_leaves_the_request_to_cinder(cluster):
    cluster.lock_error = LockTimeoutError('held')
    outcome = cluster.create()
    assert reasons(outcome)['copy_offload'] is Reason.WAIT_TIMED_OUT
    assert cluster.files.calls == []


def test_a_cluster_that_does_not_answer_leaves_the_request_to_cinder(cluster):
    cluster.namespace.where = OntapUnreachableError('timed out')
    outcome = cluster.create()
    assert reasons(outcome) == {'all': Reason.ONTAP_UNREACHABLE}


def test_a_size_that_cannot_be_set_removes_the_clone(cluster):
    cluster.create()

    def refuse(_name, _size):
        raise OSError('read-only file system')
    cluster.cache.mount.resize = refuse
    outcome = cluster.create('volume-2')
    assert outcome.is_download
    assert cluster.leftovers() == {VOLUME}


def test_twenty_first_volumes_at_once_copy_once(cluster):
    outcomes = []
    threads = [threading.Thread(
        target=lambda n=n: outcomes.append(cluster.create(f'volume-{n}')))
        for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert cluster.files.done('copy') == 1
    routes_taken = sorted(outcome.route for outcome in outcomes)
    assert routes_taken == ['cached'] * 19 + ['copy_offload']
    assert all(cluster.content(f'volume-{n}') == CONTENT for n in range(20))
