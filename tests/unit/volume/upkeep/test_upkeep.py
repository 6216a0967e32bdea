"""Evictions and comparisons on files: a word for whatever there is."""

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eic_plugins.engine.pool_cache import LockTimeoutError, PoolCache
from eic_plugins.model import Image, StoredObject
from eic_plugins.ontap.session import OntapUnreachableError
from eic_plugins.storage.eviction import IN_USE_SECONDS
from eic_plugins.storage.files import FileStorage
from eic_plugins.storage.interface import Filled
from eic_plugins.storage.mount import ShareMount
from eic_plugins.support.clock import SYSTEM
from eic_plugins.volume.upkeep.eviction import Evicted, evict
from eic_plugins.volume.upkeep.paced_reading import Pace
from eic_plugins.volume.upkeep.verification import Verdict, before_reading, verify
from tests.unit.factories import SEALS, image, pool
from tests.unit.fake_engine import FakeFill, FakeHeld
from tests.unit.fake_files import FakeFiles

RAW = b'\x01' * 300_000
OF = image(
    size=len(RAW), os_hash_algo='sha256', os_hash_value=hashlib.sha256(RAW).hexdigest()
)


class Place:
    """A pool of files, and its locks."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.taken = False
        files = FakeFiles({pool().flexvol.uuid: root})
        storage = FileStorage(pool(), ShareMount(str(root), print), files, 1, SEALS)
        self.cache = PoolCache(storage, self)

    @contextlib.contextmanager
    def held(self, name: str, *, wait: bool) -> Iterator[FakeHeld]:
        if self.taken:
            raise LockTimeoutError(name)
        yield FakeHeld()

    def fill(self, of: Image = OF, idle: float = 3600) -> None:
        self.cache.ensure(of, FakeFill(self._write))
        then = SYSTEM.time() - idle
        for path in self.root.iterdir():
            os.utime(path, (then, then))

    def _write(self, target: StoredObject) -> Filled:
        (self.root / target.name).write_bytes(RAW)
        return Filled(len(RAW))

    def names(self) -> list[str]:
        return sorted(path.name for path in self.root.iterdir())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_what_nobody_uses_goes(place: Place) -> None:
    place.fill()
    found = evict(place.cache, OF.id)
    assert (found.word, found.word.is_well) == (Evicted.EVICTED, True)
    assert place.names() == []
    assert evict(place.cache, OF.id).word is Evicted.NOT_CACHED


@pytest.mark.parametrize('idle', [0, IN_USE_SECONDS - 5])
def test_what_was_used_a_moment_ago_stays(place: Place, idle: float) -> None:
    place.fill(idle=idle)
    before = place.names()
    assert evict(place.cache, OF.id).word is Evicted.IN_USE
    assert place.names() == before


def test_what_is_used_during_the_eviction_stays(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.fill()
    withdraw = place.cache.storage.withdraw_unused

    def used_first(usage: Any) -> bool:
        place.cache.storage.touch(OF.id)
        return withdraw(usage)

    monkeypatch.setattr(place.cache.storage, 'withdraw_unused', used_first)
    assert evict(place.cache, OF.id).word is Evicted.IN_USE
    assert place.cache.find(OF)


def test_what_has_no_record_of_ours_stays(place: Place) -> None:
    (place.root / OF.cached_name).write_bytes(RAW)
    assert evict(place.cache, OF.id).word is Evicted.NOT_EIC
    assert place.names() == [OF.cached_name]


def test_what_is_being_made_stays(place: Place) -> None:
    place.fill()
    place.taken = True
    assert evict(place.cache, OF.id).word is Evicted.BEING_MADE
    assert verify(place.cache, OF, Pace()).verdict is Verdict.BEING_MADE


def test_what_ontap_did_not_delete_is_told(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.fill()
    monkeypatch.setattr(place.cache.storage, 'remove_image', lambda _: None)
    found = evict(place.cache, OF.id)
    assert (found.word, found.word.is_well) == (Evicted.LEFT, False)


def test_an_error_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: str) -> None:
        raise OntapUnreachableError('it is silent')

    monkeypatch.setattr(place.cache.storage, 'refresh', broken)
    found = evict(place.cache, OF.id)
    assert (found.word, found.detail) == (Evicted.FAILED, 'it is silent')
    seen = verify(place.cache, OF, Pace())
    assert seen.verdict is Verdict.UNREADABLE
    assert 'it is silent' in seen.detail


def test_the_right_bytes_are_the_same_and_all_were_read(place: Place) -> None:
    place.fill()
    found = verify(place.cache, OF, Pace())
    assert (found.verdict, found.read) == (Verdict.SAME, len(RAW))


@pytest.mark.parametrize('at', [0, len(RAW) // 2, len(RAW) - 1])
def test_a_wrong_byte_is_different(place: Place, at: int) -> None:
    place.fill()
    with (place.root / OF.cached_name).open('r+b') as file:
        file.seek(at)
        file.write(b'\x02')
    found = verify(place.cache, OF, Pace())
    assert (found.verdict, found.verdict.is_well) == (Verdict.DIFFERENT, False)


@pytest.mark.parametrize(
    ('fields', 'verdict'),
    [
        ({'disk_format': 'qcow2'}, Verdict.CONVERTED),
        ({'container_format': 'compressed'}, Verdict.CONVERTED),
        ({'os_hash_value': None}, Verdict.NO_HASH),
        ({'os_hash_algo': None}, Verdict.NO_HASH),
        ({'os_hash_algo': 'rot13'}, Verdict.NO_HASH),
        ({}, None),
    ],
)
def test_what_cannot_be_compared_is_not_read(
    fields: dict[str, Any], verdict: Verdict | None
) -> None:
    known = {'os_hash_algo': 'sha512', 'os_hash_value': 'x'}
    assert before_reading(image(**{**known, **fields})) is verdict


def test_what_is_of_other_bytes_or_nobodys_is_not_read(place: Place) -> None:
    other = image(size=len(RAW), os_hash_algo='sha256', os_hash_value='f' * 64)
    assert verify(place.cache, OF, Pace()).verdict is Verdict.NOT_CACHED
    place.fill()
    assert verify(place.cache, other, Pace()).verdict is Verdict.OUTDATED
    (place.root / f'.eic-{OF.id}.json').write_text('{}')
    assert verify(place.cache, OF, Pace()).verdict is Verdict.NOT_EIC


def test_a_link_in_place_of_the_bytes_is_not_followed(
    place: Place, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place.fill()
    elsewhere = tmp_path_factory.mktemp('elsewhere') / 'file'
    elsewhere.write_bytes(RAW)
    (place.root / OF.cached_name).unlink()
    (place.root / OF.cached_name).symlink_to(elsewhere)
    assert verify(place.cache, OF, Pace()).verdict in {
        Verdict.NOT_EIC,
        Verdict.UNREADABLE,
    }


@pytest.mark.parametrize('word', [*Evicted, *Verdict])
def test_each_word_has_a_sentence(word: Evicted | Verdict) -> None:
    assert word.message
