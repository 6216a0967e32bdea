"""Cached images as LUNs: what they are stands in their comment."""

import contextlib
import dataclasses
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eic_plugins.engine import routes
from eic_plugins.engine.demand import Demand
from eic_plugins.engine.engine import Engine
from eic_plugins.engine.pool_cache import PoolCache
from eic_plugins.engine.routes import FillLimits
from eic_plugins.engine.toolbox import Toolbox
from eic_plugins.glance.locations import LocationReader
from eic_plugins.model import (
    FlexVol,
    Pool,
    Reason,
    Refusal,
    VolumeProperties,
)
from eic_plugins.ontap.block import ROUNDING, Luns
from eic_plugins.ontap.session import (
    OntapRejectedError,
    OntapTimeoutError,
    OntapUnreachableError,
)
from eic_plugins.storage.block import BlockStorage, found_elsewhere
from eic_plugins.storage.block_records import format_comment, parse_comment
from eic_plugins.storage.eviction import Usage
from eic_plugins.storage.inspection import UnsafeImageError
from eic_plugins.storage.interface import (
    CannotGrowError,
    Filled,
    Record,
    VolumeNotMadeError,
)
from eic_plugins.storage.seals import Place
from eic_plugins.storage.seen import SeenDevices
from tests.unit.factories import GIB, SEALS, SIGNATURE, image
from tests.unit.fake_clock import FakeClock
from tests.unit.fake_engine import (
    FakeFill,
    FakeHeld,
    FakeNeighbours,
    FakeSource,
    FakeVolume,
)
from tests.unit.fake_luns import LunSession

SIZE = 300_000
RAW = image(size=SIZE)
CONTENT = b'\x07' * SIZE
DONE = {'state': 'complete'}


def flexvol(name: Any) -> Any:
    return FlexVol('cluster-a', 'svm_gold', name, f'fv-{name}', '')


class Svm:
    """Two block pools, a host to attach LUNs to, and an engine.

    ``seen`` is the host's memory; another host has another one.
    """

    def __init__(self, root: Any) -> None:
        self.root = root
        self.session = LunSession()
        self.luns = Luns(self.session, 'svm_gold', clock=FakeClock())
        self.seen = SeenDevices(self.luns)
        self.attached = []
        self.clock = FakeClock(1e9)
        self.mutex, self.locks = threading.Lock(), {}
        self.downloads = 0
        self.engine = Engine(
            Toolbox(
                self.luns,
                self,
                self,
                LocationReader({}),
                routes.load(),
                FillLimits(clone=1, copy=1),
            )
        )

    def locate(self, _copy: Any) -> Any:
        return Refusal.of_location(Reason.FILE_NOT_LUN)

    def may_copy(self, own: Any, other: Any) -> Any:
        return False

    @contextlib.contextmanager
    def attach(self, file: Any, device: Any) -> Iterator[Any]:
        path = self.root / device.uuid
        path.touch()
        self.attached.append(file.name)
        yield path

    @contextlib.contextmanager
    def held(self, name: Any, *, wait: Any) -> Iterator[Any]:
        with self.mutex:
            lock = self.locks.setdefault(name, threading.Lock())
        with lock:
            yield FakeHeld()

    def cache(self, name: Any = 'gold_vol', seen: Any = None) -> Any:
        return PoolCache(
            BlockStorage(
                Pool(name, flexvol(name)),
                self.luns,
                self.attach,
                1,
                SEALS,
                clock=self.clock,
                seen=seen or self.seen,
            ),
            self,
        )

    def other_host(self, name: Any = 'gold_vol') -> Any:
        return self.cache(name, SeenDevices(self.luns))

    def download(self, cache: Any, content: Any = CONTENT) -> Any:
        def fetch(target: Any) -> Any:
            self.downloads += 1
            with cache.storage.writable(target.name, SIZE) as path:
                path.write_bytes(content)
            return Filled(SIZE)

        return fetch

    def create(
        self,
        name: Any = 'volume-1',
        at: Any = 'gold_vol',
        content: Any = CONTENT,
        size: Any = 1,
    ) -> Any:
        cache = self.cache(at)
        other = 'gold_vol' if at == 'silver_vol' else 'silver_vol'
        return self.engine.create(
            FakeVolume(name),
            Demand(RAW, FakeSource(self.download(cache, content)), size=size),
            cache,
            FakeNeighbours(lambda: [self.cache(other)]),
        )

    def names(self) -> Any:
        return sorted(self.session.luns)


@pytest.fixture
def svm(tmp_path: Path) -> Svm:
    return Svm(tmp_path)


def reasons(outcome: Any) -> Any:
    return {str(refusal.subject): refusal.reason for refusal in outcome.refusals}


def test_the_first_volume_is_downloaded_into_a_lun_and_cloned(svm: Svm) -> None:
    outcome = svm.create()
    assert outcome.route == 'download'
    assert reasons(outcome)['copy_offload'] is Reason.NO_LOCATION
    assert svm.names() == [
        f'/vol/gold_vol/img-cache-{RAW.id}',
        '/vol/gold_vol/volume-1',
    ]
    assert svm.session.luns['/vol/gold_vol/volume-1']['space']['size'] == GIB
    assert svm.attached[0].startswith('eic-fill-')


def test_what_is_held_of_one_image_is_one_call_for_one_device(svm: Svm) -> None:
    svm.create()
    storage = svm.cache().storage
    svm.session.calls.clear()
    usage, record = storage.held_of(RAW.id)
    assert (usage, record) == next(storage.held())
    assert usage.image_id == RAW.id
    assert record.identity == RAW.identity
    assert storage.held_of('another') is None
    assert svm.session.verbs() == ['GET'] * 3


def test_a_hit_is_two_calls_and_attaches_nothing(svm: Svm) -> None:
    svm.create()
    svm.session.calls.clear()
    svm.attached.clear()
    outcome = svm.create('volume-2')
    assert outcome.route == 'cached'
    assert svm.session.verbs() == ['POST', 'PATCH']
    assert svm.attached == []


def test_the_first_hit_of_another_host_looks_once(svm: Svm) -> None:
    svm.create()
    svm.seen = SeenDevices(svm.luns)
    svm.session.calls.clear()
    assert svm.create('volume-2').route == 'cached'
    assert svm.create('volume-3').route == 'cached'
    assert svm.session.verbs() == ['GET', *['POST', 'PATCH'] * 2]


def test_what_another_host_has_evicted_meanwhile_is_made_again(svm: Svm) -> None:
    svm.create()
    (usage,) = svm.other_host().storage.usages()
    assert svm.other_host().evict(usage)
    outcome = svm.create('volume-2')
    assert (outcome.route, svm.downloads) == ('download', 2)
    assert reasons(outcome)['cached'] is Reason.CLONE_FAILED
    assert svm.names() == [
        f'/vol/gold_vol/img-cache-{RAW.id}',
        '/vol/gold_vol/volume-1',
        '/vol/gold_vol/volume-2',
    ]
    assert svm.create('volume-3').route == 'cached'


def test_an_eviction_that_is_cut_off_leaves_what_is_remembered_whole(svm: Svm) -> None:
    """The record is withdrawn, the bytes are there still."""
    svm.create()
    (usage,) = svm.other_host().storage.usages()
    assert svm.other_host().storage.withdraw_unused(usage)
    assert svm.create('volume-2').route == 'cached'
    assert svm.other_host().find(RAW) is None


def test_what_has_the_name_of_what_is_remembered_is_never_cloned_for_it(
    svm: Svm,
) -> None:
    """Evicted by another host and made again, of other bytes."""
    svm.create()
    remembered = svm.cache().find(RAW)
    other = svm.other_host()
    (usage,) = other.storage.usages()
    assert other.evict(usage)
    changed = image(size=SIZE, os_hash_value='changed')
    other.ensure(changed, FakeFill(svm.download(other)))
    made, _ = other.ensure(changed, FakeFill(svm.download(other)))
    assert made.stored.uuid != remembered.stored.uuid
    with pytest.raises(VolumeNotMadeError) as raised:
        svm.cache().storage.make_volume('volume-2', remembered, 1, VolumeProperties())
    assert raised.value.image_is_gone
    assert '/vol/gold_vol/volume-2' not in svm.names()
    svm.cache().forget(RAW)
    assert other.find(changed), 'what is not the remembered one keeps its record'


def test_a_remembered_record_of_other_bytes_is_looked_up_again(svm: Svm) -> None:
    svm.create()
    changed = image(size=SIZE, os_hash_value='changed')
    assert svm.cache().find(changed) is None
    other = svm.other_host()
    other.evict(*other.storage.usages())
    other.ensure(changed, FakeFill(svm.download(other)))
    assert svm.cache().find(changed)


def test_an_earlier_look_that_answers_later_hides_nothing(svm: Svm) -> None:
    """A slow answer of before the image was made does not undo that."""
    named = svm.luns.named

    def slow(name: Any) -> Any:
        found = named(name)
        svm.luns.named = named
        svm.create()
        return found

    svm.luns.named = slow
    svm.seen.look(RAW.id)
    assert svm.cache().storage.recall(RAW.id)


@pytest.mark.parametrize('size', [SIZE - 1, GIB + ROUNDING], ids=['short', 'long'])
def test_a_clone_that_has_not_the_size_it_must_have_is_no_volume(
    svm: Svm, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    svm.create()
    clone = svm.luns.clone
    monkeypatch.setattr(
        svm.luns, 'clone', lambda *args: dataclasses.replace(clone(*args), size=size)
    )
    outcome = svm.create('volume-2')
    assert outcome.left_to_cinder
    assert '/vol/gold_vol/volume-2' not in svm.names()


def test_what_is_copied_from_is_in_use_when_the_copy_begins(svm: Svm) -> None:
    """A use is written every ten minutes only, but for this."""
    svm.create()
    svm.clock.now += 300
    svm.create('volume-2', at='silver_vol')
    (usage,) = svm.cache().storage.usages()
    assert usage.last_used == svm.clock.now


def test_the_other_pool_copies_inside_the_cluster(svm: Svm) -> None:
    svm.create()
    svm.session.copy_states = [{'state': 'replicating'}, DONE]
    outcome = svm.create('volume-2', at='silver_vol')
    assert outcome.route == 'copy_offload'
    assert svm.downloads == 1
    assert f'/vol/silver_vol/img-cache-{RAW.id}' in svm.names()
    assert svm.cache('silver_vol').find(RAW).virtual_size == SIZE


@pytest.mark.parametrize(
    'state',
    [
        {'state': 'failed', 'failure': {'message': 'no space'}},
        {'state': 'paused_error', 'last_failure': {'message': 'no space'}},
        None,
    ],
)
def test_a_copy_that_fails_or_vanishes_is_removed_and_downloaded(
    svm: Svm, state: dict[str, Any] | None
) -> None:
    svm.create()
    svm.session.copy_states = [state]
    outcome = svm.create('volume-2', at='silver_vol')
    assert outcome.route == 'download'
    assert reasons(outcome)['copy_offload'] is Reason.FILL_FAILED
    assert not any('eic-fill' in name for name in svm.names())


def test_a_copy_that_takes_too_long_is_cancelled_by_its_deletion(svm: Svm) -> None:
    svm.create()
    svm.session.copy_states = [{'state': 'replicating'}] * 1000
    luns = Luns(svm.session, 'svm_gold', clock=FakeClock())
    with pytest.raises(OntapTimeoutError):
        luns.copy(
            svm.cache().find(RAW).stored,
            svm.cache('silver_vol').pool.stored('eic-fill-x-1'),
            60,
        )
    svm.cache('silver_vol').storage.remove('eic-fill-x-1')
    assert not any('eic-fill' in name for name in svm.names())


def test_twenty_first_volumes_over_two_pools_are_one_download_and_one_copy(
    svm: Svm,
) -> None:
    svm.session.copy_states = [DONE]
    outcomes = []
    threads = [
        threading.Thread(
            target=lambda n=n: outcomes.append(
                svm.create(f'volume-{n}', at=('gold_vol', 'silver_vol')[n % 2])
            )
        )
        for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert svm.downloads == 1
    assert sorted(outcome.route for outcome in outcomes) == [
        *['cached'] * 18,
        'copy_offload',
        'download',
    ]


def test_bytes_that_are_no_raw_disk_are_never_published(svm: Svm) -> None:
    outcome = svm.create(content=b'QFI\xfb' + bytes(SIZE - 4))
    assert outcome.left_to_cinder
    assert reasons(outcome)['download'] is Reason.INSPECTION_FAILED
    assert svm.names() == []


@pytest.mark.parametrize(
    'error', [OntapRejectedError(500, '1', 'busy'), OntapUnreachableError('lost')]
)
@pytest.mark.parametrize('verb', ['POST', 'PATCH'])
def test_a_call_that_fails_in_a_hit_leaves_nothing_of_the_volume(
    svm: Svm, verb: str, error: OntapRejectedError | OntapUnreachableError
) -> None:
    svm.create()
    svm.session.errors = [(verb, error)]
    outcome = svm.create('volume-2')
    assert outcome.left_to_cinder
    assert '/vol/gold_vol/volume-2' not in svm.names()


def test_a_lun_without_the_comment_is_no_cached_image_and_is_replaced(svm: Svm) -> None:
    svm.luns.create(svm.cache().pool.stored(RAW.cached_name), SIZE)
    assert svm.cache().find(RAW) is None
    assert svm.create().route == 'download'
    assert svm.cache().find(RAW)


def test_the_comment_fits_and_says_the_images_own_size(svm: Svm) -> None:
    svm.create()
    lun = svm.session.luns[f'/vol/gold_vol/img-cache-{RAW.id}']
    place = Place(flexvol('gold_vol').uuid, lun['uuid'], RAW.id)
    assert parse_comment(lun['comment'], place, SEALS) == Record(RAW.identity, SIZE)
    signed = dataclasses.replace(RAW, properties=SIGNATURE)
    longest = Record(signed.identity, 1 << 60, signed.signature)
    comment = format_comment(place, longest, SEALS, 2e9)
    assert len(comment) <= 254
    assert parse_comment(comment, place, SEALS) == longest


def test_a_use_is_written_once_in_ten_minutes_and_no_volume_waits_for_it(
    svm: Svm,
) -> None:
    svm.create()
    storage = svm.cache().storage
    svm.session.calls.clear()
    svm.clock.now += 599
    svm.create('volume-2')
    storage.write_uses()
    assert svm.session.verbs() == ['POST', 'PATCH']
    svm.clock.now += 2
    svm.create('volume-3')
    svm.session.calls.clear()
    assert [storage.write_uses(), storage.write_uses()] == [1, 0]
    assert svm.session.verbs() == ['PATCH']
    (usage,) = svm.other_host().storage.usages()
    assert usage.last_used == svm.clock.now


def test_a_use_that_is_not_written_yet_counts_where_it_was(svm: Svm) -> None:
    svm.create()
    svm.clock.now += 5
    svm.create('volume-2')
    (usage,) = svm.cache().storage.usages()
    assert usage.last_used == svm.clock.now


def test_a_use_of_what_is_gone_by_now_is_forgotten(svm: Svm) -> None:
    svm.create()
    svm.clock.now += 601
    svm.create('volume-2')
    other = svm.other_host()
    assert other.evict(*other.storage.usages())
    svm.cache().storage.write_uses()
    assert svm.seen.unwritten(flexvol('gold_vol')) == []


def test_a_use_that_cannot_be_written_is_written_next_time(svm: Svm) -> None:
    svm.create()
    svm.clock.now += 601
    svm.create('volume-2')
    svm.session.errors = [('PATCH', OntapUnreachableError('lost'))]
    with pytest.raises(OntapUnreachableError):
        svm.cache().storage.write_uses()
    svm.cache().storage.write_uses()
    (usage,) = svm.other_host().storage.usages()
    assert usage.last_used == svm.clock.now


def test_an_image_that_was_used_meanwhile_is_not_evicted(svm: Svm) -> None:
    svm.create()
    (usage,) = svm.cache().storage.usages()
    svm.clock.now += 601
    svm.create('volume-2')
    assert not svm.cache().evict(usage)
    assert svm.cache().find(RAW)


def test_an_evicted_image_is_gone_and_the_volumes_stay(svm: Svm) -> None:
    svm.create()
    (usage,) = svm.cache().storage.usages()
    assert svm.cache().evict(usage)
    assert svm.names() == ['/vol/gold_vol/volume-1']


def test_a_sweep_removes_what_a_killed_fill_left(svm: Svm) -> None:
    svm.create()
    cache = svm.cache()
    svm.luns.create(cache.pool.stored(f'eic-fill-{RAW.id}-0badcafe'), SIZE)
    cache.sweep(2e9)
    assert not any('eic-fill' in name for name in svm.names())
    assert cache.find(RAW)


def test_pools_of_other_backends_are_found_with_one_call(svm: Svm) -> None:
    svm.create()
    svm.session.calls.clear()
    seen = SeenDevices(svm.luns)
    assert svm.cache('silver_vol', seen).find(RAW) is None
    (found,) = found_elsewhere(RAW, [flexvol('gold_vol')], seen, SEALS)
    assert svm.session.verbs() == ['GET']
    assert found == svm.cache().find(RAW)
    assert found.stored.uuid
    changed = image(size=SIZE, os_hash_value='other')
    assert found_elsewhere(changed, [flexvol('gold_vol')], seen, SEALS) == ()


def test_a_size_that_is_not_known_makes_no_lun(svm: Svm) -> None:
    with pytest.raises(UnsafeImageError), svm.cache().storage.writable('x', 0):
        pytest.fail('there is nothing to write to')
    assert svm.names() == []


def test_what_is_not_there_can_be_evicted_and_removed(svm: Svm) -> None:
    assert svm.cache().evict(Usage(RAW.id, 0, 0))
    svm.cache().storage.remove('nothing')
    assert svm.names() == []


def test_what_a_pool_holds_is_one_call_for_all_images(svm: Svm) -> None:
    svm.create()
    svm.session.calls.clear()
    ((usage, record),) = svm.cache().storage.held()
    assert usage.image_id == RAW.id
    assert record == Record(RAW.identity, SIZE)
    assert svm.session.verbs() == ['GET']


def test_a_later_use_says_that_it_served_more_than_one(svm: Svm) -> None:
    def once() -> Any:
        (usage,) = svm.cache().storage.usages()
        assert (
            usage.size
            == usage.allocated
            == svm.session.luns[f'/vol/gold_vol/{RAW.cached_name}']['space']['size']
        )
        return usage.served_once

    svm.create()
    assert once()
    svm.clock.now += 601
    svm.create('volume-2')
    assert not once()
    svm.create('volume-3')
    assert not once()


def test_a_clone_that_cannot_grow_is_cinders_and_is_not_tried_again(svm: Svm) -> None:
    """LUNs outgrow their geometry from ONTAP 9.5; if one does not, a volume of
    a wrong size is never made, and no volume costs futile calls.
    """
    svm.create()
    svm.session.errors = [('PATCH', OntapRejectedError(400, '5374125', 'size'))]
    outcome = svm.create('volume-2', size=3)
    assert outcome.left_to_cinder
    assert reasons(outcome)['cached'] is Reason.CANNOT_GROW
    storage, cached = svm.cache().storage, svm.cache().find(RAW)
    svm.session.errors = [('PATCH', OntapRejectedError(400, '5374125', 'size'))]
    with pytest.raises(VolumeNotMadeError):
        storage.make_volume('volume-3', cached, 3, VolumeProperties())
    svm.session.calls.clear()
    with pytest.raises(VolumeNotMadeError) as raised:
        storage.make_volume('volume-3', cached, 4, VolumeProperties())
    assert isinstance(raised.value.cause, CannotGrowError)
    assert not raised.value.image_is_gone
    assert svm.session.calls == []
    storage.make_volume('volume-4', cached, 2, VolumeProperties())
    svm.clock.now += 601
    storage.make_volume('volume-5', cached, 4, VolumeProperties())
    assert [name.rpartition('/')[2] for name in svm.names()] == [
        f'img-cache-{RAW.id}',
        'volume-1',
        'volume-4',
        'volume-5',
    ]
