"""What a service asked to delete while it was being made goes; nothing else."""

import logging
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

import pytest

from eic_plugins.middleware.deletion_rules import Next, VolumeState, decide
from eic_plugins.middleware.postponed import (
    PAUSE,
    RECALL,
    Asker,
    DeletionRefusedError,
    PostponedDeletions,
)
from eic_plugins.support.clock import SystemClock
from tests.unit.fake_clock import FakeClock

VOLUME, OTHER, MARK = 'volume', 'other', 'as it was'
STATES = [
    'creating',
    'downloading',
    'available',
    'error',
    'in-use',
    'reserved',
    'attaching',
    'detaching',
    'deleting',
    'error_deleting',
    'uploading',
    'backing-up',
    'retyping',
    'extending',
    'maintenance',
    'awaiting-transfer',
    'restoring-backup',
    'error_restoring',
    'managing',
]


def made(status: str = 'creating', used: bool = False, mark: str = MARK) -> VolumeState:
    return VolumeState(status, used, mark)


class Cinder:
    """Volumes, what is remembered, and what was asked."""

    def __init__(self, **volumes: VolumeState) -> None:
        self.volumes = volumes
        self.notes: dict[str, str] = {}
        self.deleted: list[str] = []
        self.askers: list[Asker | None] = []
        self.looks = 0
        self.broken: Exception | None = None
        self.meanwhile: list[Callable[[], object]] = []

    def _work(self) -> None:
        if self.broken:
            raise self.broken

    def states(self, volume_ids: Collection[str]) -> Mapping[str, VolumeState]:
        self._work()
        self.looks += 1
        seen = {each: self.volumes[each] for each in volume_ids if each in self.volumes}
        while self.meanwhile:
            self.meanwhile.pop()()
        return seen

    def note_deletion(self, volume_id: str, mark: str) -> None:
        self._work()
        self.notes[volume_id] = mark

    def noted_deletions(self) -> Mapping[str, str]:
        self._work()
        return dict(self.notes)

    def forget_deletion(self, volume_id: str) -> None:
        self._work()
        self.notes.pop(volume_id, None)

    def delete(self, volume_id: str, asker: Asker | None) -> None:
        self._work()
        self.askers.append(asker)
        if self.volumes[volume_id].status not in {'available', 'error'}:
            raise DeletionRefusedError('Volume status must be available')
        self.deleted.append(volume_id)
        del self.volumes[volume_id]


class Worker(FakeClock):
    """One process of cinder-api; its threads run when a test says so."""

    def __init__(self, cinder: Cinder) -> None:
        super().__init__()
        self.threads: list[Callable[[], None]] = []
        self.then: list[Callable[[], object]] = []
        self.has_threads = True
        self.counted: list[str] = []
        self.postponed = PostponedDeletions(
            cinder, self, self._start, self.counted.append
        )

    def _start(self, work: Callable[[], None]) -> None:
        if not self.has_threads:
            raise RuntimeError("can't start new thread")
        self.threads.append(work)

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.then.pop(0)()

    def run(self, *then: Callable[[], object]) -> None:
        """Its thread, with something that happens in each of its pauses."""
        self.then = list(then)
        while self.threads:
            self.threads.pop(0)()


@pytest.mark.parametrize('status', STATES)
def test_only_what_is_made_is_deleted_and_only_what_is_in_the_making_waited_for(
    status: str,
) -> None:
    expected = {
        'creating': Next.WAIT,
        'downloading': Next.WAIT,
        'available': Next.DELETE,
        'error': Next.DELETE,
    }
    assert decide(made(status), MARK) is expected.get(status, Next.FORGET)


@pytest.mark.parametrize('status', STATES)
@pytest.mark.parametrize('changed', [{'used': True}, {'mark': 'renamed'}])
def test_what_somebody_did_something_with_stays(
    status: str, changed: dict[str, Any]
) -> None:
    assert decide(made(status, **changed), MARK) is Next.FORGET


def test_what_is_gone_is_forgotten() -> None:
    assert decide(None, MARK) is Next.FORGET


@pytest.mark.parametrize('status', STATES)
def test_what_is_in_the_making_is_known_by_its_status(status: str) -> None:
    worker = Worker(Cinder(volume=made(status)))
    expected = MARK if status in {'creating', 'downloading'} else None
    assert worker.postponed.in_the_making(VOLUME) == expected
    assert worker.postponed.in_the_making(OTHER) is None


@pytest.mark.parametrize('end', ['available', 'error'])
def test_it_is_deleted_when_it_is_made(end: str) -> None:
    cinder = Cinder(volume=made())
    worker = Worker(cinder)
    worker.postponed.postpone(VOLUME, MARK)
    worker.run(
        lambda: cinder.volumes.update(volume=made('downloading')),
        lambda: cinder.volumes.update(volume=made(end)),
    )
    assert cinder.deleted == [VOLUME]
    assert cinder.notes == {}
    assert worker.pauses == [PAUSE] * 2
    assert worker.counted == ['postponed', 'deleted']


def test_it_stays_if_it_is_used_meanwhile() -> None:
    cinder = Cinder(volume=made())
    worker = Worker(cinder)
    worker.postponed.postpone(VOLUME, MARK)
    worker.run(lambda: cinder.volumes.update(volume=made('available', used=True)))
    assert cinder.deleted == []
    assert cinder.notes == {}
    assert worker.counted == ['postponed', 'forgotten']


def test_what_cinder_refuses_to_delete_counts_as_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_arguments: Any) -> None:
        raise DeletionRefusedError('no')

    cinder = Cinder(volume=made('available'))
    monkeypatch.setattr(cinder, 'delete', refuse)
    worker = Worker(cinder)
    worker.postponed.postpone(VOLUME, MARK)
    worker.run()
    assert worker.counted == ['postponed', 'refused']


def test_another_worker_deletes_it_if_this_one_ends() -> None:
    cinder = Cinder(volume=made())
    Worker(cinder).postponed.postpone(VOLUME, MARK)
    cinder.volumes['volume'] = made('available')
    later = Worker(cinder)
    later.postponed.recall()
    later.run()
    assert cinder.deleted == [VOLUME]


def test_a_worker_looks_for_those_of_others_rarely_and_has_no_thread_otherwise() -> (
    None
):
    cinder = Cinder(volume=made())
    worker = Worker(cinder)
    worker.postponed.recall()
    worker.run()
    looks = cinder.looks
    Worker(cinder).postponed.postpone(VOLUME, MARK)
    cinder.volumes['volume'] = made('error')
    worker.now = RECALL - 1
    worker.postponed.recall()
    assert worker.threads == []
    assert cinder.looks == looks
    worker.now = RECALL
    worker.postponed.recall()
    worker.run()
    assert cinder.deleted == [VOLUME]


def test_one_thread_looks_for_all() -> None:
    cinder = Cinder(volume=made(), other=made())
    worker = Worker(cinder)
    worker.postponed.postpone(VOLUME, MARK)
    worker.postponed.postpone(OTHER, MARK)
    assert len(worker.threads) == 1
    worker.run(
        lambda: cinder.volumes.update(volume=made('available')),
        lambda: cinder.volumes.update(other=made('available')),
    )
    assert cinder.deleted == [VOLUME, OTHER]
    assert cinder.looks == 3


def test_one_that_is_asked_for_during_a_look_is_not_forgotten() -> None:
    """Nova gives up many volumes at once, and its requests come together."""
    cinder = Cinder(volume=made(), other=made())
    worker = Worker(cinder)
    worker.postponed.postpone(VOLUME, MARK)
    cinder.meanwhile = [lambda: worker.postponed.postpone(OTHER, MARK)]
    worker.run(
        lambda: cinder.volumes.update(
            volume=made('available'), other=made('available')
        ),
    )
    assert cinder.deleted == [VOLUME, OTHER]


def test_what_two_workers_see_at_once_is_deleted_once() -> None:
    cinder = Cinder(volume=made())
    one, two = Worker(cinder), Worker(cinder)
    one.postponed.postpone(VOLUME, MARK)
    two.postponed.recall()
    cinder.volumes['volume'] = made('available')
    one.run()
    two.run()
    assert cinder.deleted == [VOLUME]


def test_without_the_database_it_waits_and_nothing_is_lost(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cinder = Cinder(volume=made('available'))
    cinder.notes[VOLUME] = MARK
    cinder.broken = OSError('the database went away')
    worker = Worker(cinder)
    assert worker.postponed.in_the_making(VOLUME) is None
    worker.postponed.recall()
    worker.run()
    assert [
        record.levelno for record in caplog.records if record.levelno > logging.INFO
    ] == [logging.WARNING] * 2
    cinder.broken = None
    worker.now = PAUSE
    worker.postponed.recall()
    worker.run()
    assert cinder.deleted == [VOLUME]


def test_what_the_database_did_not_take_this_process_remembers() -> None:
    cinder = Cinder(volume=made())
    cinder.broken = OSError('the database went away')
    worker = Worker(cinder)
    worker.postponed.postpone(VOLUME, MARK)

    def recover() -> None:
        cinder.broken = None
        cinder.volumes['volume'] = made('available')

    worker.run(recover)
    assert cinder.deleted == [VOLUME]


def test_what_cinder_refuses_after_all_stays() -> None:
    class Snapshots(Cinder):
        def delete(self, volume_id: str, asker: Asker | None) -> None:
            raise DeletionRefusedError('Volume must not have snapshots')

    cinder = Snapshots(volume=made('available'))
    worker = Worker(cinder)
    worker.postponed.postpone(VOLUME, MARK)
    worker.run()
    assert cinder.deleted == []
    assert cinder.notes == {}


def test_a_process_without_threads_tries_again_with_the_next_request() -> None:
    cinder = Cinder(volume=made('available'))
    worker = Worker(cinder)
    worker.has_threads = False
    worker.postponed.postpone(VOLUME, MARK)
    worker.has_threads = True
    worker.postponed.recall()
    worker.run()
    assert cinder.deleted == [VOLUME]


def test_who_asked_is_known_to_the_worker_that_was_asked_alone() -> None:
    cinder = Cinder(volume=made('available'), other=made('available'))
    asker = Asker('the context', 1e12)
    worker = Worker(cinder)
    worker.postponed.postpone(VOLUME, MARK, asker)
    cinder.notes[OTHER] = MARK
    worker.run()
    assert dict(zip(cinder.deleted, cinder.askers, strict=True)) == {
        VOLUME: asker,
        OTHER: None,
    }


@pytest.mark.parametrize(('left', 'may_ask'), [(3600, True), (30, False), (-1, False)])
def test_a_token_that_ends_soon_asks_for_nothing(left: float, may_ask: bool) -> None:
    assert Asker(None, time.time() + left).may_ask() is may_ask


class Hasty(SystemClock):
    """The clock of this host; whoever sleeps wakes up after a millisecond."""

    def sleep(self, _seconds: float) -> None:
        super().sleep(0.001)


def test_real_threads_end_and_start_again() -> None:
    cinder = Cinder()
    postponed = PostponedDeletions(cinder, Hasty())
    for number in range(20):
        volume_id = f'volume-{number}'
        cinder.volumes[volume_id] = made('available' if number % 2 else 'creating')
        postponed.postpone(volume_id, MARK)
        cinder.volumes[volume_id] = made('available')
        deadline = time.monotonic() + 20
        while volume_id not in cinder.deleted and time.monotonic() < deadline:
            time.sleep(0.001)
        assert volume_id in cinder.deleted
    assert len(cinder.deleted) == 20
