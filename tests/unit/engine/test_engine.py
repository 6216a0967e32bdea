"""Either the volume's file is right, or there is none and Cinder downloads."""

import contextlib
import dataclasses
import hashlib
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eic_plugins.engine import routes
from eic_plugins.engine.demand import Demand
from eic_plugins.engine.denials import SECONDS, Denials
from eic_plugins.engine.engine import Engine
from eic_plugins.engine.failures import (
    DownloadError,
    ImageRefusedError,
    SignatureError,
    TooLargeError,
)
from eic_plugins.engine.pool_cache import (
    LockLostError,
    LocksUnavailableError,
    LockTimeoutError,
    NoRoomError,
    PoolCache,
)
from eic_plugins.engine.routes import FillLimits
from eic_plugins.engine.toolbox import Toolbox
from eic_plugins.glance.image_locations import Location
from eic_plugins.glance.locations import LocationReader
from eic_plugins.glance.locations.file import FileLocation
from eic_plugins.model import Reason, Refusal, StoredObject
from eic_plugins.ontap.files import SvmNotPeeredError
from eic_plugins.ontap.session import (
    OntapForbiddenError,
    OntapRejectedError,
    OntapTimeoutError,
    OntapUnreachableError,
)
from eic_plugins.storage.file_records import format_record, place_of
from eic_plugins.storage.files import FileStorage
from eic_plugins.storage.inspection import UnsafeImageError
from eic_plugins.storage.interface import Filled, Record
from eic_plugins.storage.mount import ShareMount
from tests.unit.factories import (
    GIB,
    SEALS,
    SIGNATURE,
    cached,
    flexvol,
    image,
    pool,
)
from tests.unit.fake_clock import FakeClock
from tests.unit.fake_engine import (
    FakeHeld,
    FakeNeighbours,
    FakeSource,
    FakeVolume,
    no_volumes,
)
from tests.unit.fake_files import FakeFiles

SIZE = 300_000
RAW = image(size=SIZE)
NFS = {
    'share_location': 'nfs://127.0.11.2/images',
    'type': 'nfs',
    'mountpoint': '/glance',
}
VOLUME = 'volume-1'
CONTENT = b'\x07' * SIZE


class FakeNamespace:
    """Every copy is where the test says."""

    def __init__(self, where: Any) -> None:
        self.where = where

    def locate(self, copy: Any) -> Any:
        if isinstance(self.where, BaseException):
            raise self.where
        if isinstance(self.where, Refusal):
            return self.where
        return StoredObject(self.where, copy.path.removeprefix('/images/'))


class Cluster:
    """Two FlexVols, one pool on gold_vol, Glance's image on images_vol."""

    def __init__(self, root: Any, glance_on: Any = 'images_vol') -> None:
        self.roots = {name: root / name for name in ('gold_vol', 'images_vol')}
        for path in self.roots.values():
            path.mkdir()
        (self.roots[glance_on] / RAW.id).write_bytes(CONTENT)
        self.files = FakeFiles(
            {flexvol(name).uuid: path for name, path in self.roots.items()}
        )
        self.namespace = FakeNamespace(flexvol(glance_on))
        self.asked_glance = 0
        self.locks = {}
        self.mutex = threading.Lock()
        self.lock_error = None
        self.peered = set()
        self.downloads = []
        self.download_error = None
        self.elsewhere = []
        self.verified = []
        self.signature_error = None
        self.full, self.wants = False, []
        self.cache = self.cache_of('gold_vol')
        self.engine = Engine(
            Toolbox(
                self.files,
                self.namespace,
                self,
                LocationReader({'file': FileLocation()}),
                routes.load(),
                FillLimits(clone=1, copy=1),
            )
        )

    def may_copy(self, own: Any, other: Any) -> Any:
        return other in self.peered

    def cache_of(self, name: Any) -> Any:
        return PoolCache(
            FileStorage(
                pool(name),
                ShareMount(str(self.roots[name]), print),
                self.files,
                1,
                SEALS,
            ),
            self,
            self,
        )

    def taken(self, _cache: Any, want: Any) -> Any:
        self.wants.append(want)
        if want.needed and self.full:
            raise NoRoomError('the pool is full')
        return contextlib.nullcontext()

    @contextlib.contextmanager
    def held(self, name: Any, *, wait: Any) -> Iterator[Any]:
        if self.lock_error:
            raise self.lock_error
        with self.mutex:
            lock = self.locks.setdefault(name, threading.Lock())
        with lock:
            yield FakeHeld()

    def locations(self) -> Any:
        self.asked_glance += 1
        return [Location(f'file:///glance/{RAW.id}', NFS)]

    def download(self, target: Any) -> Any:
        self.downloads.append(target)
        path = self.roots[target.flexvol.name] / target.name
        path.write_bytes(CONTENT)
        if self.download_error:
            raise self.download_error
        return Filled(SIZE)

    locate_volume = staticmethod(no_volumes)

    def search(self, _image: Any) -> Any:
        return self.elsewhere

    def verify(self, path: Any) -> None:
        self.verified.append(path.read_bytes() == CONTENT)
        if self.signature_error:
            raise self.signature_error

    def demand(self, of: Any = RAW, **fields: Any) -> Any:
        source = FakeSource(
            fields.pop('download', self.download),
            self.locations,
            fields.pop('verify', None),
            fields.pop('locate_volume', self.locate_volume),
        )
        return Demand(of, source, **{'size': 1, **fields})

    def create(
        self, name: Any = VOLUME, of: Any = RAW, at: Any = 'gold_vol', **fields: Any
    ) -> Any:
        other = 'images_vol' if at == 'gold_vol' else 'gold_vol'
        return self.engine.create(
            FakeVolume(name),
            self.demand(of, **fields),
            self.cache_of(at),
            FakeNeighbours(lambda: [self.cache_of(other)], self.search),
        )

    def content(self, name: Any = VOLUME, at: Any = 'gold_vol') -> Any:
        with (self.roots[at] / name).open('rb') as stream:
            return stream.read(SIZE)

    def leftovers(self) -> Any:
        known = {RAW.id, RAW.cached_name, f'.eic-{RAW.id}.json'}
        return {
            path.name for root in self.roots.values() for path in root.iterdir()
        } - known


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path)


@pytest.fixture
def same_flexvol(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path, glance_on='gold_vol')


def reasons(outcome: Any) -> Any:
    return {str(refusal.subject): refusal.reason for refusal in outcome.refusals}


def test_the_first_volume_in_another_flexvol_is_a_copy_then_a_clone(
    cluster: Cluster,
) -> None:
    outcome = cluster.create()
    assert outcome.route == 'copy_offload'
    assert [call[0] for call in cluster.files.calls] == ['copy', 'rename', 'clone']
    assert cluster.content() == CONTENT
    assert outcome.bytes_kept_off_host == SIZE


def test_the_first_volume_in_the_images_flexvol_is_two_clones(
    same_flexvol: Cluster,
) -> None:
    outcome = same_flexvol.create()
    assert outcome.route == 'flexclone'
    assert same_flexvol.files.done('clone') == 2
    assert same_flexvol.files.done('copy') == 0
    assert same_flexvol.content() == CONTENT


def test_a_hit_is_one_call_and_asks_nobody(cluster: Cluster) -> None:
    cluster.create()
    cluster.files.calls.clear()
    cluster.asked_glance = 0
    outcome = cluster.create('volume-2')
    assert outcome.route == 'cached'
    assert cluster.files.calls == [('clone', RAW.cached_name, 'volume-2')]
    assert cluster.asked_glance == 0
    assert cluster.content('volume-2') == CONTENT


def test_the_volume_has_its_own_size_and_the_cached_image_the_images(
    cluster: Cluster,
) -> None:
    cluster.create()
    root = cluster.roots['gold_vol']
    assert (root / VOLUME).stat().st_size == GIB
    assert (root / RAW.cached_name).stat().st_size == SIZE


def test_another_pools_cached_image_is_copied_when_glance_has_no_location(
    cluster: Cluster,
) -> None:
    cluster.create()
    cluster.namespace.where = Refusal.of_location(Reason.OTHER_CLUSTER)
    outcome = cluster.create('volume-9', at='images_vol')
    assert outcome.route == 'copy_offload'
    assert cluster.files.calls[-3][:2] == ('copy', RAW.cached_name)
    assert cluster.downloads == []


def test_a_hit_does_not_look_at_other_pools(cluster: Cluster) -> None:
    cluster.create()
    outcome = cluster.engine.create(
        FakeVolume('volume-2'),
        cluster.demand(),
        cluster.cache,
        FakeNeighbours(pytest.fail, pytest.fail),
    )
    assert outcome.route == 'cached'


def test_a_cached_image_that_is_larger_than_the_volume_is_not_cloned(
    cluster: Cluster,
) -> None:
    unknown = image(size=0, virtual_size=None, disk_format='qcow2')
    huge = cluster.roots['gold_vol'] / unknown.cached_name
    with huge.open('wb') as stream:
        stream.truncate(GIB + 1)
    (cluster.roots['gold_vol'] / f'.eic-{unknown.id}.json').write_bytes(
        format_record(
            place_of(pool().stored(unknown.cached_name), unknown.id),
            Record(unknown.identity, GIB + 1),
            SEALS,
        )
    )
    assert reasons(cluster.create(of=unknown)) == {'all': Reason.IMAGE_TOO_LARGE}


def test_what_cannot_be_cloned_is_left_to_cinder_with_no_call(cluster: Cluster) -> None:
    outcome = cluster.create(encrypted=True)
    assert outcome.left_to_cinder
    assert reasons(outcome) == {'all': Reason.ENCRYPTED}
    assert cluster.files.calls == []
    assert outcome.bytes_kept_off_host == 0


def test_an_image_in_a_peered_svm_is_copied(cluster: Cluster) -> None:
    there = flexvol('images_vol', svm='svm_silver')
    cluster.namespace.where = there
    cluster.files.roots[there.uuid] = cluster.roots['images_vol']
    first = cluster.create()
    assert first.route == 'download'
    assert reasons(first)['copy_offload'] is Reason.SVM_NOT_PEERED
    cluster.cache.evict(next(cluster.cache.storage.usages()))
    cluster.peered.add('svm_silver')
    assert cluster.create('volume-2').route == 'copy_offload'
    assert cluster.content() == CONTENT


def test_an_image_on_another_cluster_is_downloaded_into_the_cached_image(
    cluster: Cluster,
) -> None:
    cluster.namespace.where = Refusal.of_location(Reason.OTHER_CLUSTER)
    outcome = cluster.create()
    assert outcome.route == 'download'
    assert reasons(outcome)['copy_offload'] is Reason.OTHER_CLUSTER
    assert [call[0] for call in cluster.files.calls] == ['rename', 'clone']
    assert cluster.content() == CONTENT
    assert outcome.bytes_kept_off_host == 0
    assert cluster.create('volume-2').route == 'cached'


def _not_permitted(*_names: Any) -> None:
    raise PermissionError('not yours')


FORBIDDEN = OntapForbiddenError(403, '6', 'no: POST /api/x')


@pytest.mark.parametrize('error', [FORBIDDEN, OntapRejectedError(500, '1', 'no')])
@pytest.mark.parametrize('look', ['locate', 'recall', 'search'])
def test_a_look_that_only_could_have_helped_costs_nothing(
    cluster: Cluster,
    monkeypatch: pytest.MonkeyPatch,
    look: str,
    error: OntapForbiddenError | OntapRejectedError,
) -> None:
    def refused(*_arguments: Any) -> None:
        raise error

    if look == 'locate':
        cluster.namespace.where = error
    else:
        cluster.namespace.where = Refusal.of_location(Reason.OTHER_CLUSTER)
    if look == 'recall':
        known = PoolCache.recall
        monkeypatch.setattr(
            PoolCache,
            'recall',
            lambda cache, *rest: (
                refused() if 'images' in cache.pool.name else known(cache, *rest)
            ),
        )
    if look == 'search':
        monkeypatch.setattr(cluster, 'search', refused)
    outcome = cluster.create()
    assert outcome.route == 'download'
    assert len(cluster.downloads) == 1
    assert cluster.content() == CONTENT
    if look == 'locate':
        assert reasons(outcome)['copy_offload'] is (
            Reason.PERMISSION_DENIED if error is FORBIDDEN else Reason.LOOKUP_FAILED
        )


def test_a_route_that_is_forbidden_is_tried_once(cluster: Cluster) -> None:
    for name in ('a', 'b'):
        cluster.files.fail('copy', FORBIDDEN)
        outcome = cluster.create(
            f'volume-{name}', of=dataclasses.replace(RAW, os_hash_value=name)
        )
        assert outcome.route == 'download'
        assert reasons(outcome)['copy_offload'] is Reason.PERMISSION_DENIED
        assert [r.detail for r in outcome.refusals if r.route == 'copy_offload'] == [
            str(FORBIDDEN)
        ]
    assert cluster.files.done('copy') == 1


def test_clones_that_are_forbidden_cost_one_fill(cluster: Cluster) -> None:
    cluster.namespace.where = Refusal.of_location(Reason.OTHER_CLUSTER)
    cluster.files.fail('clone', FORBIDDEN)
    for name in ('a', 'b'):
        outcome = cluster.create(f'volume-{name}')
        assert outcome.left_to_cinder
        assert {each.reason for each in outcome.refusals} == {Reason.PERMISSION_DENIED}
    assert len(cluster.downloads) == 1


def test_what_is_forbidden_is_tried_again_when_the_role_may_have_changed() -> None:
    clock = FakeClock()
    known = Denials(clock)
    refusal = Refusal.of_everything(Reason.PERMISSION_DENIED)
    known.add('download', refusal)
    assert known.find('download') is refusal
    assert known.find('flexclone') is None
    clock.now += SECONDS
    assert known.find('download') is None


ONTAP_ERRORS = [
    OntapRejectedError(500, '917812', 'no space left'),
    OntapUnreachableError('connection reset'),
    OntapTimeoutError('job had not ended'),
]


@pytest.mark.parametrize('error', ONTAP_ERRORS)
@pytest.mark.parametrize('after_effect', [False, True])
@pytest.mark.parametrize('operation', ['copy', 'rename', 'clone'])
def test_any_call_that_fails_leaves_nothing_and_the_request_to_cinder(
    cluster: Cluster,
    operation: str,
    error: OntapRejectedError | OntapTimeoutError | OntapUnreachableError,
    after_effect: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if operation == 'rename':
        monkeypatch.setattr(ShareMount, 'rename', _not_permitted)
    cluster.download_error = DownloadError('Glance is down, too')
    for _ in range(2):
        cluster.files.fail(operation, error, after_effect)
    outcome = cluster.create()
    assert outcome.left_to_cinder
    assert outcome.refusals
    assert cluster.leftovers() == set()


@pytest.mark.parametrize('error', ONTAP_ERRORS)
@pytest.mark.parametrize('operation', ['copy', 'rename', 'clone'])
def test_the_volume_after_a_failure_is_right(
    cluster: Cluster,
    operation: str,
    error: OntapRejectedError | OntapTimeoutError | OntapUnreachableError,
) -> None:
    cluster.files.fail(operation, error, after_effect=True)
    cluster.create()
    cluster.files.errors.clear()
    outcome = cluster.create('volume-2')
    assert not outcome.left_to_cinder
    assert cluster.content('volume-2') == CONTENT


def test_a_failed_flexclone_tries_no_route_that_cannot_help(
    same_flexvol: Cluster,
) -> None:
    same_flexvol.files.fail('clone', OntapRejectedError(500, '1', 'busy'))
    outcome = same_flexvol.create()
    assert outcome.route == 'download'
    assert reasons(outcome) == {
        'flexclone': Reason.FILL_FAILED,
        'cached': Reason.NOT_CACHED,
        'copy_offload': Reason.SAME_FLEXVOL,
        'adopt': Reason.NO_STOCK_FILE,
    }
    assert same_flexvol.content() == CONTENT


def test_a_peering_that_ended_is_named_as_the_reason(cluster: Cluster) -> None:
    """It was looked up when it was still there."""
    cluster.files.fail('copy', SvmNotPeeredError(400, '7012362', 'not peered'))
    outcome = cluster.create()
    assert outcome.route == 'download'
    assert reasons(outcome)['copy_offload'] is Reason.SVM_NOT_PEERED


def test_a_failed_copy_is_followed_by_the_download(cluster: Cluster) -> None:
    cluster.files.fail('copy', OntapRejectedError(500, '1', 'busy'))
    assert cluster.create().route == 'download'
    assert cluster.content() == CONTENT
    assert cluster.leftovers() == {VOLUME}


def test_a_download_that_fails_is_left_to_cinder_with_nothing_left(
    cluster: Cluster,
) -> None:
    cluster.namespace.where = Refusal.of_location(Reason.OTHER_CLUSTER)
    cluster.download_error = DownloadError('503 Service Unavailable')
    outcome = cluster.create()
    assert outcome.left_to_cinder
    assert reasons(outcome)['download'] is Reason.DOWNLOAD_FAILED
    assert cluster.leftovers() == set()


@pytest.mark.parametrize(
    'content',
    [b'QFI\xfb' + b'\0' * (SIZE - 4), CONTENT + b'\0', CONTENT[1:]],
    ids=['another format', 'longer', 'shorter'],
)
def test_a_copy_that_is_not_the_image_takes_only_itself_out(
    cluster: Cluster, content: bytes
) -> None:
    """It says nothing of the image: Glance sends that."""
    (cluster.roots['images_vol'] / RAW.id).write_bytes(content)
    outcome = cluster.create()
    assert outcome.route == 'download'
    assert reasons(outcome)['copy_offload'] is Reason.INSPECTION_FAILED
    assert cluster.content() == CONTENT
    assert cluster.leftovers() == {VOLUME}


@pytest.mark.parametrize(
    ('error', 'reason'),
    [
        (ImageRefusedError(Reason.IMAGE_REFUSED, 'why'), Reason.IMAGE_REFUSED),
        (ImageRefusedError(Reason.CONVERSION_FAILED, 'why'), Reason.CONVERSION_FAILED),
        (SignatureError('why'), Reason.SIGNATURE_INVALID),
        (UnsafeImageError('why'), Reason.INSPECTION_FAILED),
    ],
)
def test_what_glance_sent_and_was_refused_is_not_fetched_again(
    cluster: Cluster,
    error: ImageRefusedError | SignatureError | UnsafeImageError,
    reason: Reason,
) -> None:
    cluster.namespace.where = Refusal.of_location(Reason.OTHER_CLUSTER)
    cluster.download_error = error
    first, second = cluster.create(), cluster.create('volume-2')
    assert reasons(first) == {'download': reason}
    assert second.refusals == (Refusal.of_everything(reason, 'why'),)
    assert second.left_to_cinder
    assert len(cluster.downloads) == 1
    assert cluster.leftovers() == set()
    changed = dataclasses.replace(RAW, os_hash_value='other')
    cluster.create('volume-3', of=changed)
    assert len(cluster.downloads) == 2


def test_a_download_that_failed_by_itself_is_tried_again(cluster: Cluster) -> None:
    cluster.namespace.where = Refusal.of_location(Reason.OTHER_CLUSTER)
    cluster.download_error = DownloadError('Glance is away')
    cluster.create()
    cluster.download_error = None
    assert cluster.create('volume-2').route == 'download'


def test_a_disk_too_large_for_one_volume_is_not_fetched_for_smaller_ones(
    cluster: Cluster,
) -> None:
    cluster.namespace.where = Refusal.of_location(Reason.OTHER_CLUSTER)
    cluster.download_error = TooLargeError(3 * GIB)
    for size, downloads in ((1, 1), (2, 1), (3, 2)):
        outcome = cluster.create(f'volume-{size}', size=size)
        assert {each.reason for each in outcome.refusals} == {Reason.IMAGE_TOO_LARGE}
        assert len(cluster.downloads) == downloads


def test_who_has_waited_for_a_refused_image_leaves_it_to_cinder(
    cluster: Cluster,
) -> None:
    cluster.namespace.where = Refusal.of_location(Reason.OTHER_CLUSTER)
    cluster.download_error = ImageRefusedError(Reason.IMAGE_REFUSED, 'why')
    begun, real = threading.Event(), cluster.download

    def slow(target: Any) -> Any:
        begun.wait(5)
        return real(target)

    outcomes = []
    threads = [
        threading.Thread(
            target=lambda number=number: outcomes.append(
                cluster.create(f'volume-{number}', download=slow)
            )
        )
        for number in range(6)
    ]
    for thread in threads:
        thread.start()
    begun.set()
    for thread in threads:
        thread.join(10)
    assert [outcome.left_to_cinder for outcome in outcomes] == [True] * 6
    assert len(cluster.downloads) == 1


def test_what_cinder_will_refuse_is_not_fetched_but_what_is_cached_is_served(
    cluster: Cluster,
) -> None:
    refused = Refusal.of_everything(Reason.CONVERSION_DISABLED)
    outcome = cluster.create(refused=refused)
    assert outcome.refusals == (refused,)
    assert cluster.files.calls == []
    cluster.create()
    assert cluster.create('volume-2', refused=refused).route == 'cached'


def test_a_copy_that_cannot_be_read_is_downloaded_into_a_file_of_ones_own(
    same_flexvol: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def foreign(mount: Any, name: Any) -> None:
        if not same_flexvol.downloads:
            raise PermissionError(f'{name} is of user glance')

    monkeypatch.setattr(ShareMount, 'make_accessible', foreign)
    outcome = same_flexvol.create()
    assert outcome.route == 'download'
    assert reasons(outcome)['flexclone'] is Reason.NOT_READABLE
    assert same_flexvol.create('volume-2').route == 'cached'
    assert same_flexvol.content('volume-2') == CONTENT


def test_a_cached_image_evicted_under_the_clone_is_made_again(cluster: Cluster) -> None:
    """The mount still shows it, as an NFS client may for a while."""
    cluster.create()
    cluster.files.fail('clone', OntapRejectedError(400, '13565952', 'failed'))
    cluster.files.vanished.add(RAW.cached_name)
    outcome = cluster.create('volume-2')
    assert outcome.route == 'copy_offload'
    assert cluster.content('volume-2') == CONTENT


def test_a_clone_of_the_wrong_size_is_removed(cluster: Cluster) -> None:
    cluster.create()
    real_copy = cluster.files._copy

    def truncated(source: Any, destination: Any) -> None:
        real_copy(source, destination)
        with cluster.files._path(destination).open('r+b') as stream:
            stream.truncate(10)

    cluster.files._copy = truncated
    outcome = cluster.create('volume-2')
    assert outcome.left_to_cinder
    assert reasons(outcome) == {'cached': Reason.CLONE_FAILED}
    assert cluster.leftovers() == {VOLUME}


@pytest.mark.parametrize(
    ('error', 'reason'),
    [
        (LockTimeoutError('held'), Reason.WAIT_TIMED_OUT),
        (LocksUnavailableError('no answer'), Reason.LOCKS_UNAVAILABLE),
    ],
)
def test_a_lock_that_is_not_to_be_had_leaves_the_request_to_cinder(
    error: Exception, reason: Reason, cluster: Cluster
) -> None:
    cluster.lock_error = error
    outcome = cluster.create()
    assert outcome.left_to_cinder
    assert reasons(outcome)['copy_offload'] is reason
    assert cluster.files.calls == []


def test_a_download_whose_lock_is_not_to_be_had_is_left_to_cinder(
    cluster: Cluster,
) -> None:
    cluster.namespace.where = Refusal.of_location(Reason.OTHER_CLUSTER)
    cluster.lock_error = LocksUnavailableError('no answer')
    outcome = cluster.create()
    assert outcome.left_to_cinder
    assert reasons(outcome)['download'] is Reason.LOCKS_UNAVAILABLE


def test_what_is_cached_needs_no_lock(cluster: Cluster) -> None:
    cluster.create()
    cluster.lock_error = LocksUnavailableError('no answer')
    assert cluster.create('volume-2').route == 'cached'


def test_a_lock_that_is_lost_again_and_again_is_a_reason(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(_held: object) -> bool:
        raise LockLostError('another host has it')

    monkeypatch.setattr(FakeHeld, 'confirm', lost)
    outcome = cluster.create()
    assert outcome.left_to_cinder
    assert reasons(outcome)['copy_offload'] is Reason.LOCK_LOST
    assert cluster.leftovers() == set()


def test_a_cluster_that_does_not_answer_leaves_the_request_to_cinder(
    cluster: Cluster,
) -> None:
    cluster.namespace.where = OntapUnreachableError('timed out')
    outcome = cluster.create()
    assert reasons(outcome) == {'all': Reason.ONTAP_UNREACHABLE}


def test_a_size_that_cannot_be_set_removes_the_clone(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.create()

    def refuse(_self: Any, _name: Any, _size: Any) -> None:
        raise OSError('read-only file system')

    monkeypatch.setattr(ShareMount, 'resize', refuse)
    outcome = cluster.create('volume-2')
    assert outcome.left_to_cinder
    assert cluster.leftovers() == {VOLUME}


def test_a_hit_says_that_the_image_is_in_use_before_it_clones(cluster: Cluster) -> None:
    """So that no eviction can take it in between."""
    cluster.create()
    record = cluster.roots['gold_vol'] / f'.eic-{RAW.id}.json'
    os.utime(record, (1, 1))
    seen = []
    clone = cluster.files.clone

    def watched(*args: Any) -> None:
        seen.append(record.stat().st_mtime)
        clone(*args)

    cluster.files.clone = watched
    cluster.create('volume-2')
    assert seen[0] > 1


def test_an_image_that_is_evicted_after_the_look_is_made_again(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.create()
    touch = PoolCache.touch

    def evicted(self, of: Any) -> Any:
        monkeypatch.setattr(PoolCache, 'touch', touch)
        self.evict(next(self.storage.usages()))
        return self.touch(of)

    monkeypatch.setattr(PoolCache, 'touch', evicted)
    outcome = cluster.create('volume-2')
    assert outcome.route == 'copy_offload'
    assert cluster.content('volume-2') == CONTENT


def test_twenty_first_volumes_over_two_pools_are_one_download(cluster: Cluster) -> None:
    """The other pool copies what was downloaded."""
    cluster.namespace.where = Refusal.of_location(Reason.OTHER_CLUSTER)
    outcomes = []
    threads = [
        threading.Thread(
            target=lambda n=n: outcomes.append(
                cluster.create(f'volume-{n}', at=('gold_vol', 'images_vol')[n % 2])
            )
        )
        for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(cluster.downloads) == 1
    assert cluster.files.done('copy') == 1
    assert sorted(outcome.route for outcome in outcomes) == [
        *['cached'] * 18,
        'copy_offload',
        'download',
    ]
    assert all(
        cluster.content(f'volume-{n}', ('gold_vol', 'images_vol')[n % 2]) == CONTENT
        for n in range(20)
    )


def test_the_rest_of_the_cluster_is_searched_before_a_download_alone(
    cluster: Cluster,
) -> None:
    cluster.namespace.where = Refusal.of_location(Reason.OTHER_CLUSTER)
    there = cached(pool('silver_vol'), RAW)
    cluster.elsewhere = [there]
    cluster.files.roots[there.stored.flexvol.uuid] = cluster.roots['images_vol']
    (cluster.roots['images_vol'] / RAW.cached_name).write_bytes(CONTENT)
    assert cluster.create().route == 'copy_offload'
    assert cluster.downloads == []
    assert cluster.content() == CONTENT


SIGNED = dataclasses.replace(RAW, properties=SIGNATURE)


def test_a_signed_image_is_verified_once_when_it_is_cached(cluster: Cluster) -> None:
    first = cluster.create(of=SIGNED, verify=cluster.verify)
    again = cluster.create('volume-2', of=SIGNED, verify=cluster.verify)
    assert [first.route, again.route] == ['copy_offload', 'cached']
    assert cluster.verified == [True]
    assert first.signature_verified
    assert again.signature_verified


def test_an_image_with_a_wrong_signature_is_left_to_cinder(cluster: Cluster) -> None:
    cluster.signature_error = SignatureError('wrong')
    outcome = cluster.create(of=SIGNED, verify=cluster.verify)
    assert outcome.left_to_cinder
    assert reasons(outcome)['copy_offload'] is Reason.SIGNATURE_INVALID
    assert cluster.leftovers() == set()


def test_a_copy_of_what_was_verified_is_not_read_again(cluster: Cluster) -> None:
    cluster.create(of=SIGNED, verify=cluster.verify)
    cluster.namespace.where = Refusal.of_location(Reason.OTHER_CLUSTER)
    outcome = cluster.create(
        'volume-2', of=SIGNED, at='images_vol', verify=cluster.verify
    )
    assert cluster.verified == [True]
    assert outcome.signature_verified


HASHED = dataclasses.replace(
    RAW, os_hash_algo='sha256', os_hash_value=hashlib.sha256(CONTENT).hexdigest()
)


def test_a_file_of_the_stock_driver_is_adopted_in_the_images_size(
    cluster: Cluster,
) -> None:
    """It has the size of the volume that it was made for."""
    cluster.namespace.where = Refusal.of_location(Reason.OTHER_CLUSTER)
    (cluster.roots['gold_vol'] / RAW.cached_name).write_bytes(CONTENT + b'\0' * 999)
    assert cluster.create(of=HASHED).route == 'adopt'
    assert cluster.downloads == []
    assert cluster.content() == CONTENT
    assert cluster.cache.find(HASHED).virtual_size == SIZE


def test_a_file_of_the_stock_driver_with_other_bytes_is_replaced(
    cluster: Cluster,
) -> None:
    cluster.namespace.where = Refusal.of_location(Reason.OTHER_CLUSTER)
    (cluster.roots['gold_vol'] / RAW.cached_name).write_bytes(b'\x08' * SIZE)
    outcome = cluster.create(of=HASHED)
    assert outcome.route == 'download'
    assert reasons(outcome)['adopt'] is Reason.INSPECTION_FAILED
    assert cluster.content() == CONTENT


def test_precaching_makes_the_cached_image_and_no_volume(cluster: Cluster) -> None:
    outcome = cluster.engine.precache(
        cluster.demand(size=None),
        cluster.cache,
        FakeNeighbours(lambda: [], cluster.search),
    )
    assert outcome.route == 'copy_offload'
    assert cluster.cache.find(RAW)
    assert cluster.leftovers() == set()


def test_twenty_first_volumes_at_once_copy_once(cluster: Cluster) -> None:
    outcomes = []
    threads = [
        threading.Thread(
            target=lambda n=n: outcomes.append(cluster.create(f'volume-{n}'))
        )
        for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert cluster.files.done('copy') == 1
    routes_taken = sorted(outcome.route for outcome in outcomes)
    assert routes_taken == ['cached'] * 19 + ['copy_offload']
    assert all(cluster.content(f'volume-{n}') == CONTENT for n in range(20))


def test_an_outcome_names_what_it_filled_and_a_hit_fills_nothing(
    cluster: Cluster,
) -> None:
    assert cluster.create().fills == ('copy_offload',)
    assert cluster.create('volume-2').fills == ()


def test_a_cached_image_made_for_a_volume_that_failed_is_in_its_outcome(
    cluster: Cluster,
) -> None:
    cluster.files.fail('clone', OntapRejectedError(500, '917812', 'no'))
    outcome = cluster.create()
    assert outcome.left_to_cinder
    assert outcome.fills == ('copy_offload',)


def test_near_a_limit_for_clones_even_a_hit_is_left_to_cinder(cluster: Cluster) -> None:
    cluster.create()
    cluster.files.calls.clear()
    outcome = cluster.create('volume-2', clone_limit_reached=True)
    assert reasons(outcome) == {'all': Reason.CLONE_LIMIT_REACHED}
    assert cluster.files.calls == []


def test_a_full_pool_is_left_to_cinder_before_a_byte_is_fetched(
    cluster: Cluster,
) -> None:
    cluster.full = True
    outcome = cluster.create()
    assert outcome.left_to_cinder
    assert reasons(outcome)['copy_offload'] is Reason.NO_ROOM
    assert reasons(outcome)['download'] is Reason.NO_ROOM
    assert cluster.downloads == []
    assert cluster.files.calls == []
    assert cluster.leftovers() == set()


def test_what_shares_the_bytes_of_a_file_is_made_in_a_full_pool(
    same_flexvol: Cluster,
) -> None:
    same_flexvol.full = True
    assert same_flexvol.create().route == 'flexclone'
    assert [(want.needed, want.size) for want in same_flexvol.wants] == [(0, SIZE)]


@pytest.mark.parametrize(
    ('fields', 'size', 'needed'),
    [
        ({'disk_format': 'qcow2', 'size': 1000, 'virtual_size': SIZE}, 1, SIZE),
        ({'disk_format': 'qcow2', 'size': 1000}, 3, 3 * GIB),
        ({'disk_format': 'qcow2', 'size': 1000}, None, 1000),
        (
            {'disk_format': 'raw', 'container_format': 'compressed', 'size': 1000},
            2,
            2 * GIB,
        ),
    ],
)
def test_the_room_looked_for_is_that_of_the_disk_not_of_the_upload(
    cluster: Cluster, fields: dict[str, Any], size: int | None, needed: int
) -> None:
    cluster.full = True
    cluster.create(of=image(**fields), size=size)
    assert {want.needed for want in cluster.wants} == {needed}


def test_only_what_a_volume_asks_for_may_make_others_go(cluster: Cluster) -> None:
    cluster.engine.precache(
        cluster.demand(size=None),
        cluster.cache,
        FakeNeighbours(lambda: [], cluster.search),
    )
    assert [want.evicts for want in cluster.wants] == [False]
    cluster.create(at='images_vol', of=image(size=SIZE, os_hash_value='other'))
    assert {want.evicts for want in cluster.wants[1:]} == {True}


def test_what_one_volume_was_made_of_is_known_to_have_served_one(
    cluster: Cluster,
) -> None:
    cluster.create()
    record = cluster.roots['gold_vol'] / f'.eic-{RAW.id}.json'
    content = json.loads(record.read_text())
    assert record.stat().st_mtime == pytest.approx(content['made'], abs=0.01)
    (usage,) = cluster.cache.storage.usages()
    assert usage.served_once
    record.write_text(json.dumps({**content, 'made': content['made'] - 60}))
    os.utime(record, (content['made'] - 60, content['made'] - 60))
    cluster.create('volume-2')
    (usage,) = cluster.cache.storage.usages()
    assert not usage.served_once


def spread(cluster: Any, at: Any = 'gold_vol', **fields: Any) -> Any:
    other = 'images_vol' if at == 'gold_vol' else 'gold_vol'
    return cluster.engine.spread(
        cluster.demand(size=None, **fields),
        cluster.cache_of(at),
        FakeNeighbours(lambda: [cluster.cache_of(other)], cluster.search),
    )


def test_what_is_spread_is_copied_from_where_it_is_cached(cluster: Cluster) -> None:
    cluster.create(at='images_vol')
    cluster.files.calls.clear()
    assert spread(cluster).route == 'copy_offload'
    assert [call[:2] for call in cluster.files.calls] == [
        ('copy', RAW.cached_name),
        ('rename', cluster.files.calls[0][2]),
    ]
    assert cluster.cache.find(RAW)
    assert spread(cluster).route == 'cached'


def test_what_is_spread_may_be_cached_by_another_backend(cluster: Cluster) -> None:
    cluster.create(at='images_vol')
    cluster.elsewhere = [cluster.cache_of('images_vol').find(RAW)]
    cluster.namespace.where = Refusal.of_location(Reason.OTHER_CLUSTER)
    outcome = cluster.engine.spread(
        cluster.demand(size=None),
        cluster.cache,
        FakeNeighbours(lambda: [], cluster.search),
    )
    assert outcome.route == 'copy_offload'
    assert cluster.cache.find(RAW)


def test_nothing_is_downloaded_to_spread_it(cluster: Cluster) -> None:
    cluster.namespace.where = Refusal.of_location(Reason.OTHER_CLUSTER)
    assert spread(cluster).left_to_cinder
    (cluster.roots['gold_vol'] / RAW.cached_name).write_bytes(CONTENT)
    assert spread(cluster).left_to_cinder, 'reading a stock file is work of a host'
    assert cluster.downloads == []
    assert cluster.files.calls == []


def test_who_spreads_waits_for_nobody(cluster: Cluster) -> None:
    cluster.create(at='images_vol')
    waits = []

    @contextlib.contextmanager
    def held(_name: Any, *, wait: Any) -> Iterator[Any]:
        waits.append(wait)
        if not wait:
            raise LockTimeoutError('a volume makes it')
        yield FakeHeld()

    cluster.held = held
    outcome = spread(cluster)
    assert reasons(outcome)['copy_offload'] is Reason.WAIT_TIMED_OUT
    assert set(waits) == {False}
