"""Publishing a cached image in a pool of namespaces, which have no rename."""

from pathlib import Path
from typing import Any

import pytest

from eic_plugins.ontap.block import Namespaces
from eic_plugins.ontap.jobs import JobUnknownError
from eic_plugins.ontap.session import (
    OntapForbiddenError,
    OntapRejectedError,
    OntapUnreachableError,
)
from eic_plugins.storage.interface import Record
from eic_plugins.storage.seen import SeenDevices
from tests.unit.fake_clock import FakeClock
from tests.unit.fake_luns import NamespaceSession
from tests.unit.storage.test_block import RAW, SIZE, Svm

FILL = f'eic-fill-{RAW.id}-0badcafe'
FINAL = f'/vol/gold_vol/{RAW.cached_name}'
RECORD = Record(RAW.identity, SIZE)
LOST = OntapUnreachableError('lost')
REFUSED = OntapRejectedError(500, '1', 'refused')


@pytest.fixture
def svm(tmp_path: Path) -> Svm:
    found = Svm(tmp_path)
    found.session = NamespaceSession()
    found.luns = Namespaces(found.session, 'svm_gold', clock=FakeClock())
    found.seen = SeenDevices(found.luns)
    return found


def fill(cache: Any, name: str = FILL) -> Any:
    """A finished fill: its place, before it is published."""
    with cache.storage.writable(name, SIZE) as path:
        path.write_bytes(b'\x07' * SIZE)
    return cache.pool.stored(name)


def test_it_is_cloned_to_its_name_recorded_and_deleted(svm: Svm) -> None:
    cache = svm.cache()
    target = fill(cache)
    svm.session.calls.clear()
    record = cache.storage.publish(target, RAW, RECORD)
    assert svm.session.verbs() == ['POST', 'PATCH', 'DELETE']
    assert svm.names() == [FINAL]
    assert record.uuid == svm.session.luns[FINAL]['uuid']
    assert svm.other_host().find(RAW)


def test_a_hit_is_two_calls_as_before(svm: Svm) -> None:
    svm.create()
    svm.session.calls.clear()
    assert svm.create('volume-2').route == 'cached'
    assert svm.session.verbs() == ['POST', 'PATCH']


def test_a_clone_without_its_record_is_not_believed_and_is_swept(svm: Svm) -> None:
    """What a crash between the two calls leaves."""
    cache = svm.cache()
    svm.luns.clone(fill(cache), cache.pool.stored(RAW.cached_name), 1)
    assert svm.other_host().find(RAW) is None
    svm.other_host().sweep(2e9)
    assert svm.names() == []


def test_what_has_a_comment_of_somebody_else_is_not_swept(svm: Svm) -> None:
    cache = svm.cache()
    fill(cache, RAW.cached_name)
    svm.session.luns[FINAL]['comment'] = 'of the administrator'
    cache.sweep(2e9)
    assert svm.names() == [FINAL]


def test_what_has_the_name_without_a_record_is_replaced(svm: Svm) -> None:
    cache = svm.cache()
    fill(cache, RAW.cached_name)
    stale = svm.session.luns[FINAL]['uuid']
    cache.storage.publish(fill(cache), RAW, RECORD)
    assert svm.names() == [FINAL]
    assert svm.session.luns[FINAL]['uuid'] != stale


@pytest.mark.parametrize('error', [REFUSED, LOST])
@pytest.mark.parametrize('verb', ['POST', 'DELETE'])
def test_one_fault_costs_no_cached_image(svm: Svm, verb: str, error: Exception) -> None:
    cache = svm.cache()
    target = fill(cache)
    svm.session.errors = [(verb, error)]
    cache.storage.publish(target, RAW, RECORD)
    cache.sweep(2e9)
    assert svm.names() == [FINAL]
    assert svm.other_host().find(RAW)


def test_a_record_that_is_refused_once_is_written_to_another_clone(svm: Svm) -> None:
    cache = svm.cache()
    target = fill(cache)
    svm.session.errors = [('PATCH', REFUSED)]
    cache.storage.publish(target, RAW, RECORD)
    assert svm.names() == [FINAL]
    assert svm.other_host().find(RAW)


def test_a_record_that_is_lost_leaves_no_clone(svm: Svm) -> None:
    cache = svm.cache()
    target = fill(cache)
    svm.session.errors = [('PATCH', LOST)]
    with pytest.raises(OntapUnreachableError):
        cache.storage.publish(target, RAW, RECORD)
    assert svm.names() == [f'/vol/gold_vol/{FILL}']


def test_an_answer_that_is_lost_after_the_record_was_written_costs_nothing(
    svm: Svm, monkeypatch: pytest.MonkeyPatch
) -> None:
    patch = svm.session.patch

    def lost(path: Any, body: Any, **query: Any) -> Any:
        patch(path, body, **query)
        raise LOST

    cache = svm.cache()
    target = fill(cache)
    monkeypatch.setattr(svm.session, 'patch', lost)
    cache.storage.publish(target, RAW, RECORD)
    assert svm.other_host().find(RAW)


@pytest.mark.parametrize('error', [LOST, JobUnknownError('gone')])
def test_a_clone_whose_end_is_not_known_is_never_something_stale(
    svm: Svm, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Every clone is made, or was there before, and no answer says which."""
    post = svm.session.post

    def mute(path: Any, body: Any, patience: Any, **query: Any) -> Any:
        if body['name'] not in svm.session.luns:
            post(path, body, patience, **query)
        raise error

    cache = svm.cache()
    fill(cache, RAW.cached_name)
    stale = svm.session.luns[FINAL]['uuid']
    target = fill(cache)
    monkeypatch.setattr(svm.session, 'post', mute)
    record = cache.storage.publish(target, RAW, RECORD)
    assert record.uuid != stale
    assert svm.names() == [FINAL]
    assert svm.other_host().find(RAW)


def test_who_comes_second_takes_what_is_there(svm: Svm) -> None:
    first, second = svm.cache(), svm.other_host()
    target, late = fill(first), fill(second, f'{FILL}2')
    made = first.storage.publish(target, RAW, RECORD)
    assert second.storage.publish(late, RAW, RECORD).uuid == made.uuid
    assert svm.names() == [FINAL]


def test_who_is_overtaken_between_two_calls_fails_or_takes_what_is_there(
    svm: Svm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that lost its lease publishes in the middle of another's publishing."""
    first, second = svm.cache(), svm.other_host()
    target, late = fill(first), fill(second, f'{FILL}2')
    patch = svm.session.patch

    def overtaken(path: Any, body: Any, **query: Any) -> Any:
        monkeypatch.setattr(svm.session, 'patch', patch)
        second.storage.publish(late, RAW, RECORD)
        return patch(path, body, **query)

    monkeypatch.setattr(svm.session, 'patch', overtaken)
    record = first.storage.publish(target, RAW, RECORD)
    assert svm.names() == [FINAL]
    assert record.uuid == svm.session.luns[FINAL]['uuid']
    assert svm.other_host().find(RAW)


def test_a_role_that_forbids_the_record_leaves_no_clone(svm: Svm) -> None:
    forbidden = OntapForbiddenError(403, '6', 'not authorized')
    cache = svm.cache()
    target = fill(cache)
    svm.session.errors = [('PATCH', forbidden), ('PATCH', forbidden)]
    with pytest.raises(OntapForbiddenError):
        cache.storage.publish(target, RAW, RECORD)
    cache.storage.remove(target.name)
    assert svm.names() == []
