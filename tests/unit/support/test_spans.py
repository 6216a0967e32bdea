"""EIC's parts of a trace of osprofiler."""

from collections.abc import Iterator
from typing import Any

import pytest

from eic_plugins.middleware.boot_facts import ImageForUser
from eic_plugins.middleware.lookup import Lookup, LookupLimits
from eic_plugins.middleware.remotes import Remote
from eic_plugins.support import spans
from eic_plugins.support.spans import span

profiler = pytest.importorskip('osprofiler.profiler')
traces = pytest.importorskip('tests.traces')
SECRET = 'https://user:password@somewhere'


@pytest.fixture
def told() -> Iterator[list[dict[str, Any]]]:
    with traces.collected() as sent:
        yield sent


def test_a_span_has_its_beginning_and_its_end(told: list[dict[str, Any]]) -> None:
    profiler.init('key')
    with span('eic-image', image='one') as end:
        end['route'] = 'cached'
    assert [(each['name'], each['info']['eic']) for each in told] == [
        ('eic-image-start', {'image': 'one'}),
        ('eic-image-stop', {'route': 'cached'}),
    ]


def test_a_span_in_a_span_is_below_it(told: list[dict[str, Any]]) -> None:
    profiler.init('key')
    with span('eic-image'), span('eic-ontap'):
        pass
    outer, inner = told[0], told[1]
    assert inner['parent_id'] == outer['trace_id']


def test_an_error_ends_it_and_only_its_class_is_told(
    told: list[dict[str, Any]],
) -> None:
    profiler.init('key')
    with pytest.raises(ValueError, match='somewhere'), span('eic-image'):
        raise ValueError(SECRET)
    assert told[-1]['info']['eic'] == {'error': 'ValueError'}
    assert SECRET not in str(told)


def test_without_a_trace_nothing_is_told(told: list[dict[str, Any]]) -> None:
    with span('eic-image') as end:
        end['route'] = 'cached'
    assert told == []


def test_without_osprofiler_nothing_is_done(
    told: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    profiler.init('key')
    monkeypatch.setattr(spans, '_profiler', None)
    with span('eic-image') as end:
        end['route'] = 'cached'
    assert told == []


def test_a_filter_tells_of_its_look_up_the_image_and_not_who_asked(
    told: list[dict[str, Any]],
) -> None:
    remote = Remote('Glance', 'x', failures=1, reset=1.0)
    lookup: Lookup[ImageForUser, str] = Lookup(LookupLimits(2, ttl=60.0), remote)
    key = ImageForUser('a-user', 'a-project', frozenset({'member'}), 'an-image')
    profiler.init('key')
    for _ in range(2):
        assert lookup.within(5, 'a-project', key, lambda _: 'found') == 'found'
    # The second time it is remembered: nothing is asked.
    assert [(each['name'], each['info']['eic']) for each in told] == [
        ('eic-lookup-start', {'image': 'an-image'}),
        ('eic-lookup-stop', {}),
    ]
