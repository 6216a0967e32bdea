"""What many volumes are made of gets into every pool, once and by itself."""

import threading
from typing import Any

import pytest

from eic_plugins.model import KnownPool
from eic_plugins.precache.spread_rules import Rule, lacking, neighbours, share
from eic_plugins.precache.spreader import Spreader
from eic_plugins.volume.pools.stats_publisher import StatsPublisher
from tests.unit.fake_clock import FakeClock

RULE = Rule(volumes=8, within=3600, copies=2)
IMAGE, OTHER = 'image', 'other'
MANY = 1000


def pool(
    name: Any,
    cached: Any = (),
    cluster: Any = 'a',
    backend: Any = 'host@gold',
    kind: Any = 'files',
    svm: Any = 'svm',
) -> Any:
    return KnownPool(
        f'{backend}#{name}', cluster, svm, f'fv-{name}', frozenset(cached), kind=kind
    )


def missing(volumes: Any, own: Any, cluster: Any = None, rule: Any = RULE) -> Any:
    return [
        (image_id, each.name.partition('#')[2])
        for image_id, each in lacking(
            volumes, rule, own, own if cluster is None else cluster
        )
    ]


OWN = (pool('one', [IMAGE]), pool('two'), pool('three'))


@pytest.mark.parametrize(
    ('count', 'more'), [(0, 0), (7, 0), (8, 1), (15, 1), (16, 2), (1000, 2)]
)
def test_for_each_so_many_volumes_one_pool_more_is_to_have_it(
    count: int, more: int
) -> None:
    found = missing({IMAGE: count}, OWN)
    assert found == missing({IMAGE: 1000}, OWN)[:more]
    assert len(found) == more


def test_a_hundred_pools_get_no_more_copies_than_there_is_demand_for() -> None:
    own = (pool('first', [IMAGE]), *(pool(f'p{n}') for n in range(99)))
    assert len(missing({IMAGE: 25}, own)) == 3


def test_backends_agree_on_who_is_next_without_talking() -> None:
    one = (pool('one', [IMAGE]), pool('two'), pool('three'))
    other = tuple(pool(name, backend='host@silver') for name in ('four', 'five'))
    cluster = (*one, *other)
    for count in range(8, 40, 8):
        found = [
            *missing({IMAGE: count}, one, cluster),
            *missing({IMAGE: count}, other, cluster[::-1]),
        ]
        assert len(found) == count // 8
        assert len(set(found)) == len(found)


def test_images_do_not_all_begin_with_the_same_pool() -> None:
    images = [f'image-{number}' for number in range(40)]
    own = (pool('one', images), *(pool(f'p{n}') for n in range(3)))
    assert {name for _, name in missing(dict.fromkeys(images, 8), own)} == {
        'p0',
        'p1',
        'p2',
    }


def test_what_no_pool_of_the_cluster_has_cannot_be_copied() -> None:
    own = (pool('one'), pool('two'))
    assert missing({IMAGE: 99}, own) == []
    elsewhere = pool('far', [IMAGE], backend='host@silver')
    assert sorted(missing({IMAGE: 99}, own, (*own, elsewhere))) == [
        (IMAGE, 'one'),
        (IMAGE, 'two'),
    ]


def test_the_image_that_most_volumes_have_is_first() -> None:
    own = (pool('one', [IMAGE, OTHER]), pool('two'))
    assert missing({IMAGE: 8, OTHER: 9}, own) == [(OTHER, 'two'), (IMAGE, 'two')]


def test_pools_of_another_cluster_are_no_neighbours() -> None:
    near = pool('near', backend='host@silver')
    assert neighbours(OWN, (*OWN, near, pool('far', cluster='b'))) == [*OWN, near]


def test_files_come_from_the_whole_cluster_and_luns_from_their_svm() -> None:
    files = [pool('a'), pool('b', svm='other')]
    luns = [pool('c', kind='luns'), pool('d', kind='luns')]
    far = pool('e', kind='luns', svm='other')
    every = (*files, *luns, far, pool('f', kind='namespaces'))
    assert neighbours(files[:1], every) == files
    assert neighbours(luns[:1], every) == luns


@pytest.mark.parametrize(('backends', 'copies'), [(1, 2), (12, 2), (13, 1), (60, 1)])
def test_all_backends_together_leave_half_of_the_clusters_copies(
    backends: int, copies: int
) -> None:
    cluster = [pool('p', backend=f'h@b{number}') for number in range(backends)]
    assert share(RULE, cluster) == copies


class Cloud:
    """A backend's pools, and Cinder's database."""

    def __init__(self, names: Any = ('one', 'two', 'three')) -> None:
        self.cached = {name: set() for name in names}
        self.others = ()
        self.counted = {}
        self.asked = []
        self.copied = []
        self.failure = False
        self.clock = FakeClock()
        self.spreader = Spreader(self, RULE, self.clock)

    def own(self) -> Any:
        return [pool(name, cached) for name, cached in self.cached.items()]

    def deployed(self) -> Any:
        return (*self.own(), *self.others)

    def volumes(self, names: Any) -> Any:
        self.asked.append(sorted(names))
        if isinstance(self.counted, Exception):
            raise self.counted
        return self.counted

    def spread(self, image_id: Any, name: Any) -> Any:
        self.copied.append((image_id, name))
        if isinstance(self.failure, Exception):
            raise self.failure
        if not self.failure:
            self.cached[name].add(image_id)
        return bool(self.failure)

    def settle(self) -> None:
        self.spreader.look()
        while self.spreader.waiting:
            self.spreader.fill_next()
            self.spreader.look()


@pytest.fixture
def cloud() -> Cloud:
    found = Cloud()
    found.cached['one'].add(IMAGE)
    return found


def test_each_pool_gets_one_copy_and_then_there_is_nothing_to_do(cloud: Cloud) -> None:
    cloud.counted = {IMAGE: MANY}
    for _ in range(3):
        cloud.settle()
    assert sorted(cloud.copied) == [(IMAGE, 'three'), (IMAGE, 'two')]


def test_a_look_is_one_query_for_all_pools_of_the_cluster(cloud: Cloud) -> None:
    cloud.others = (pool('x', backend='host@silver'), pool('y', cluster='b'))
    cloud.spreader.look()
    assert cloud.asked == [
        ['host@gold#one', 'host@gold#three', 'host@gold#two', 'host@silver#x']
    ]


def test_no_more_copies_are_under_way_than_the_share(cloud: Cloud) -> None:
    cloud.cached.update({f'more-{number}': set() for number in range(5)})
    cloud.counted = {IMAGE: MANY}
    for _ in range(3):
        cloud.spreader.look()
        assert cloud.spreader.waiting == RULE.copies
    cloud.settle()
    assert len(cloud.copied) == 7
    assert len(set(cloud.copied)) == 7


def test_volumes_that_are_being_made_count(cloud: Cloud) -> None:
    """Cinder's database does not know their image before they are made."""
    cloud.counted = {IMAGE: 3}
    with (
        cloud.spreader.making(IMAGE),
        cloud.spreader.making(IMAGE),
        cloud.spreader.making(IMAGE),
        cloud.spreader.making(IMAGE),
    ):
        cloud.settle()
        assert cloud.copied == []
        with cloud.spreader.making(IMAGE):
            cloud.settle()
    assert len(cloud.copied) == 1


def test_a_volume_that_is_made_does_not_count_twice(cloud: Cloud) -> None:
    cloud.counted = {IMAGE: 7}
    with cloud.spreader.making(OTHER):
        pass
    for _ in range(3):
        with cloud.spreader.making(IMAGE):
            pass
    cloud.settle()
    assert cloud.copied == []
    assert cloud.spreader.images_in_making == frozenset()


def test_a_restart_finds_what_was_left_to_do(cloud: Cloud) -> None:
    cloud.counted = {IMAGE: MANY}
    cloud.spreader.look()
    cloud.spreader.fill_next()
    again = Cloud()
    again.cached, again.counted = cloud.cached, cloud.counted
    again.settle()
    assert sorted([*cloud.copied, *again.copied]) == [(IMAGE, 'three'), (IMAGE, 'two')]
    assert len(again.copied) == 1


@pytest.mark.parametrize('failure', [True, OSError('no answer')])
def test_a_copy_that_failed_is_left_alone_for_a_while(
    cloud: Cloud, failure: Any
) -> None:
    cloud.counted, cloud.failure = {IMAGE: MANY}, failure
    for _ in range(3):
        cloud.settle()
    assert sorted(cloud.copied) == [(IMAGE, 'three'), (IMAGE, 'two')]
    cloud.failure, cloud.clock.now = False, 601.0
    cloud.settle()
    assert len(cloud.copied) == 4


def test_a_database_that_does_not_answer_is_said_once(
    cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    cloud.counted = OSError('gone')
    for _ in range(3):
        cloud.spreader.look()
    assert [record.levelname for record in caplog.records] == ['WARNING']
    cloud.counted = {IMAGE: MANY}
    cloud.settle()
    assert len(cloud.copied) == 2


def test_only_what_a_pool_lacks_is_a_reason_to_look(cloud: Cloud) -> None:
    with cloud.spreader.making(IMAGE):
        assert cloud.spreader.look_is_due
    for cached in cloud.cached.values():
        cached.add(IMAGE)
    cloud.spreader.look()
    asked = len(cloud.asked)
    with cloud.spreader.making(IMAGE):
        assert not cloud.spreader.look_is_due
    assert len(cloud.asked) == asked


def test_a_hint_is_followed_by_a_look_and_the_copies() -> None:
    cloud = Cloud()
    cloud.cached['one'].add(IMAGE)
    cloud.counted = {IMAGE: MANY}
    done = threading.Event()
    spread = cloud.spread

    def note(image_id: Any, name: Any) -> Any:
        failed = spread(image_id, name)
        if len(cloud.copied) == 2:
            done.set()
        return failed

    cloud.spread = note
    cloud.spreader = Spreader(cloud, RULE)
    cloud.spreader.start(3600)
    with cloud.spreader.making(IMAGE):
        pass
    assert done.wait(30)


class Later:
    """Time, and what is to be called when it has passed."""

    def __init__(self) -> None:
        self.clock = FakeClock(100.0)
        self.pending = []
        self.published = 0
        self.error = None
        self.publish = self.publish_once
        self.publisher = StatsPublisher(
            self.tell,
            self.clock,
            lambda pause, what: self.pending.append((pause, what)),
        )

    def tell(self) -> None:
        self.publish()

    def publish_once(self) -> None:
        self.published += 1
        if self.error:
            raise self.error

    def run(self) -> None:
        while self.pending:
            pause, what = self.pending.pop(0)
            self.clock.now += pause
            what()


def test_news_is_told_at_once_and_then_once_in_two_seconds() -> None:
    later = Later()
    later.publisher.publish_soon()
    assert [pause for pause, _ in later.pending] == [0.0]
    later.run()
    for _ in range(10):
        later.publisher.publish_soon()
    assert [pause for pause, _ in later.pending] == [2.0]
    later.run()
    assert later.published == 2


def test_what_comes_while_it_is_told_is_told_again() -> None:
    later = Later()

    def and_more() -> None:
        later.publish = later.publish_once
        later.publish()
        later.publisher.publish_soon()

    later.publish = and_more
    later.publisher.publish_soon()
    later.run()
    assert later.published == 2


def test_a_message_bus_that_is_gone_is_no_error() -> None:
    later = Later()
    later.error = OSError('gone')
    for _ in range(2):
        later.publisher.publish_soon()
        later.run()
    assert later.published == 2
