"""What a pool tells the scheduler is small, true, and soon true again."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from eic_plugins.scheduler import reported_images
from eic_plugins.support.id_filter import Wanted
from eic_plugins.volume.pools.capability import PoolCapabilities
from tests.unit.factories import pool
from tests.unit.fake_clock import FakeClock


class Lifs:
    def lifs_of(self, svm: Any) -> Any:
        return (f'{svm}-lif',)


class Cache:
    def __init__(self, *ids: Any) -> None:
        self.pool = pool()
        self.ids = list(ids)
        self.scans = 0
        self.storage = self
        self.kind = 'files'

    def image_ids(self) -> Any:
        self.scans += 1
        return iter(self.ids)


def test_a_pool_says_where_it_is_and_what_it_has() -> None:
    cache = Cache('old')
    report = PoolCapabilities(Lifs())
    report.add(cache.pool.name, 'new')
    assert report.facts(cache) == {
        'cluster': 'cluster-a',
        'svm': 'svm_gold',
        'flexvol': cache.pool.flexvol.uuid,
        'directory': '',
        'junction_path': '/mnt/gold_vol',
        'servers': ['svm_gold-lif'],
        'cached': ['old'],
        'kind': 'files',
    }
    report.add(cache.pool.name, 'new')
    assert report.facts(cache)['cached'] == ['old', 'new']


def test_the_directory_is_read_again_after_a_while_only() -> None:
    clock = FakeClock()
    cache, report = Cache('a'), PoolCapabilities(Lifs(), clock=clock)
    report.facts(cache)
    cache.ids = ['b']
    assert report.facts(cache)['cached'] == ['a']
    clock.now = 601.0
    assert report.facts(cache)['cached'] == ['b']
    assert cache.scans == 2


def test_of_many_images_the_newest_are_listed_and_all_are_in_the_filter() -> None:
    cache, report = Cache(), PoolCapabilities(Lifs())
    report.facts(cache)
    for number in range(1000):
        report.add(cache.pool.name, f'image-{number}')
    report.add(cache.pool.name, 'image-7')
    found = report.facts(cache)
    assert found['cached'] == [f'image-{n}' for n in range(937, 1000)] + ['image-7']
    assert found['cached_filter']['count'] == 1000
    assert all(has(found, f'image-{number}') for number in range(1000))


@pytest.mark.parametrize('images', [100, 1000, 10_000, 20_000])
def test_a_report_is_bounded_however_many_images_there_are(images: int) -> None:
    cache = Cache(*(str(uuid.UUID(int=number)) for number in range(images)))
    found = PoolCapabilities(Lifs()).facts(cache)
    assert len(json.dumps(found)) < 2_900 + min(images * 20 // 8, 12_288)


def test_the_filter_is_made_again_only_when_images_come_or_go() -> None:
    cache, report = Cache(*map(str, range(100))), PoolCapabilities(Lifs())
    first = report.facts(cache)['cached_filter']
    report.add(cache.pool.name, '7')
    assert report.facts(cache)['cached_filter'] is first
    report.discard(cache.pool.name, '7')
    assert report.facts(cache)['cached_filter']['count'] == 99
    assert has(report.facts(cache), '8')


def has(facts: Any, image_id: str) -> bool:
    return reported_images.may_have(facts, Wanted(image_id))


def test_what_changes_while_the_directory_is_listed_is_reported_as_it_is() -> None:
    cache, report = Cache('old', 'evicted'), PoolCapabilities(Lifs())

    def listing() -> Iterator[Any]:
        yield 'old'
        report.add(cache.pool.name, 'new')
        report.discard(cache.pool.name, 'evicted')
        yield 'evicted'

    cache.image_ids = listing
    assert report.facts(cache)['cached'] == ['old', 'new']


def test_what_changed_before_the_listing_is_not_done_again() -> None:
    clock = FakeClock()
    cache, report = Cache(), PoolCapabilities(Lifs(), clock=clock)
    report.add(cache.pool.name, 'evicted by another host')
    report.facts(cache)
    clock.now = 601.0
    cache.ids = ['a']
    assert report.facts(cache)['cached'] == ['a']


def test_two_listings_at_once_lose_nothing_either() -> None:
    cache, report = Cache(), PoolCapabilities(Lifs())
    outer = iter(['first', 'second'])

    def listing() -> Iterator[Any]:
        name = next(outer, None)
        if name is None:
            return
        if name == 'first':
            report.facts(cache)
        report.add(cache.pool.name, name)
        yield from ()

    cache.image_ids = listing
    assert sorted(report.facts(cache)['cached']) == ['first', 'second']


def test_its_images_are_those_that_it_reports() -> None:
    cache, report = Cache('old'), PoolCapabilities(Lifs())
    assert report.images(cache.pool.name) == frozenset()
    report.facts(cache)
    assert report.images(cache.pool.name) == {'old'}
