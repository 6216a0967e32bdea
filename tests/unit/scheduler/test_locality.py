"""The weigher's order: cached, same FlexVol, same SVM, same cluster, far."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eic_plugins.model import ImageCopy
from eic_plugins.scheduler import locality

IMAGE = 'image-1'
COPY = ImageCopy('10.0.0.1', '/images/image-1')


def report(**fields: Any) -> Any:
    values = {
        'cluster': 'a',
        'flexvol': 'f',
        'junction_path': '/gold',
        'servers': ['10.0.0.1', '10.0.0.2'],
        'cached': [],
    }
    return {**values, **fields}


def test_the_nearer_a_pool_the_more_it_weighs() -> None:
    pools = [
        report(cluster='b', servers=['10.9.0.1']),
        report(servers=['10.0.1.1']),
        report(),
        report(junction_path='/images'),
        report(cached=[IMAGE]),
        {},
    ]
    assert locality.weigh(pools, IMAGE, [COPY]) == [
        locality.FAR,
        locality.SAME_CLUSTER,
        locality.SAME_SVM,
        locality.SAME_FLEXVOL,
        locality.CACHED,
        locality.FAR,
    ]


def test_pools_that_serve_in_constant_time_weigh_the_same() -> None:
    raw = ImageCopy(COPY.server, COPY.path, raw=True)
    pools = [report(cached=[IMAGE]), report(junction_path='/images'), report()]
    assert locality.weigh(pools, IMAGE, [raw]) == [
        locality.CACHED,
        locality.CACHED,
        locality.SAME_SVM,
    ]


@pytest.mark.parametrize('said', [1, 'true', [], None])
def test_only_what_is_said_to_be_raw_is(said: Any) -> None:
    hint = {'copies': [{'server': 'a', 'path': '/b', 'raw': said}]}
    assert locality.read_hint(hint) == (ImageCopy('a', '/b'),)


def test_a_cached_image_counts_without_any_hint() -> None:
    assert locality.weigh([report(cached=[IMAGE]), report()], IMAGE, ()) == [
        locality.CACHED,
        locality.FAR,
    ]


def test_a_junction_of_a_similar_name_holds_nothing() -> None:
    assert locality.weigh([report(junction_path='/image')], IMAGE, [COPY]) == [
        locality.SAME_SVM
    ]


def test_a_hint_survives_its_way_through_json() -> None:
    raw = ImageCopy('10.0.0.2', '/images/image-2', raw=True)
    hint = json.loads(json.dumps(locality.write_hint([COPY, raw])))
    assert locality.read_hint(hint) == (COPY, raw)


@pytest.mark.parametrize(
    'forged',
    [
        None,
        'text',
        [],
        {'copies': 'x'},
        {'copies': [1, {}, {'server': 1}]},
        {'copies': [{'server': 'a', 'path': 2}]},
    ],
)
def test_a_malformed_hint_counts_as_none(forged: Any) -> None:
    assert locality.read_hint(forged) == ()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(
    hint=json_values,
    facts=st.dictionaries(
        st.sampled_from(['cluster', 'junction_path']), st.none() | st.text(max_size=5)
    ),
)
def test_no_hint_breaks_the_weigher(hint: Any, facts: Any) -> None:
    copies = locality.read_hint(hint)
    weights = locality.weigh([facts, report()], IMAGE, copies)
    assert all(locality.FAR <= weight <= locality.CACHED for weight in weights)
