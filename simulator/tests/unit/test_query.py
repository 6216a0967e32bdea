"""ONTAP's query language."""

from typing import Any

import pytest
from ontap_simulator.errors.common import InvalidValueError
from ontap_simulator.query import Query
from ontap_simulator.records import expand

RECORDS = [
    {
        'uuid': '1',
        'name': 'alpha',
        'size': 10 << 30,
        'svm': {'name': 'svm1'},
        'enabled': True,
        'style': 'flexvol',
        'aggregates': [{'name': 'a1'}],
    },
    {
        'uuid': '2',
        'name': 'beta',
        'size': 20 << 30,
        'svm': {'name': 'svm1'},
        'enabled': False,
        'style': 'flexgroup',
        'aggregates': [{'name': 'a1'}, {'name': 'a2'}],
    },
    {
        'uuid': '3',
        'name': 'a,b',
        'size': 5,
        'svm': {'name': 'svm2'},
        'enabled': True,
        'style': 'flexvol',
        'nas': {'path': '/a'},
    },
]


def names(text: str) -> list[str]:
    page = Query(text, '/things').page(RECORDS, ('name',))
    return [record['name'] for record in page['records']]


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('', ['alpha', 'beta', 'a,b']),
        ('name=alpha', ['alpha']),
        ('name=al*', ['alpha']),
        ('name=*a', ['alpha', 'beta']),
        ('name=alpha|beta', ['alpha', 'beta']),
        ('name=alpha,beta', ['alpha', 'beta']),
        ('name=!alpha', ['beta', 'a,b']),
        ('name=!alpha|beta', ['a,b']),
        ('name="a,b"', ['a,b']),
        ('name="al*"', []),
        ('name=', []),
        ('style=flex*', ['alpha', 'beta', 'a,b']),
        ('enabled=true', ['alpha', 'a,b']),
        ('enabled=False', ['beta']),
        ('svm.name=svm2', ['a,b']),
        ('aggregates.name=a2', ['beta']),
        ('size=>15GB', ['beta']),
        ('size=<=10GiB', ['alpha', 'a,b']),
        ('size=10GB', ['alpha']),
        ('size=5..10GB', ['alpha', 'a,b']),
        ('size=5', ['a,b']),
        ('nas.path=null', ['alpha', 'beta']),
        ('nas.path=!null', ['a,b']),
        ('name=al*&enabled=false', []),
        ('no.such.field=x', []),
        ('name=.lpha', []),
    ],
)
def test_filters_select_records(text: str, expected: list[str]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('order_by=name', ['a,b', 'alpha', 'beta']),
        ('order_by=size desc', ['beta', 'alpha', 'a,b']),
        ('order_by=svm.name desc,name', ['a,b', 'alpha', 'beta']),
    ],
)
def test_records_can_be_ordered(text: str, expected: list[str]) -> None:
    assert names(text) == expected


def select(text: str) -> dict[str, Any]:
    return Query(text).select(RECORDS[0], ('uuid',))


def test_only_the_identity_is_there_without_fields() -> None:
    assert select('') == {'uuid': '1'}


def test_fields_are_dotted_paths() -> None:
    assert select('fields=svm.name,size') == {
        'uuid': '1',
        'svm': {'name': 'svm1'},
        'size': 10 << 30,
    }


def test_a_field_may_be_a_subtree() -> None:
    assert select('fields=svm') == select('fields=svm.*')


def test_fields_reach_into_lists() -> None:
    assert select('fields=aggregates.name')['aggregates'] == [{'name': 'a1'}]


def test_star_is_every_field() -> None:
    assert select('fields=*') == RECORDS[0]


def test_fields_that_are_filtered_by_are_shown() -> None:
    assert select('enabled=true') == {'uuid': '1', 'enabled': True}


def test_fields_that_are_not_there_are_left_out() -> None:
    assert select('fields=nas.path,other') == {'uuid': '1'}


def test_selecting_does_not_change_the_record() -> None:
    before = repr(RECORDS)
    select('fields=svm.name,svm,aggregates.name')
    assert repr(RECORDS) == before


def test_a_page_ends_with_a_link_to_the_next() -> None:
    page = Query('max_records=2&name=*', '/things').page(RECORDS, ('name',))
    assert page['num_records'] == 2
    href = page['_links']['next']['href']
    assert href.startswith('/api/things?')
    following = Query(href.partition('?')[2], '/things').page(RECORDS, ('name',))
    assert [r['name'] for r in following['records']] == ['a,b']
    assert 'next' not in following['_links']


def test_return_records_false_gives_the_number_alone() -> None:
    assert Query('return_records=false').page(RECORDS, ()) == {'num_records': 3}


def test_question_mark_in_the_query_starts_another_parameter() -> None:
    query = Query('return_records=false?max_records=10000')
    assert query.page(RECORDS, ()) == {'num_records': 3}


@pytest.mark.parametrize(
    'text', ['max_records=x', 'return_records=maybe', 'max_records=-1']
)
def test_wrong_parameters_are_refused(text: str) -> None:
    with pytest.raises(InvalidValueError):
        Query(text).page(RECORDS, ())


@pytest.mark.parametrize('seconds', ['121', '-1', 'x'])
def test_return_timeout_is_at_most_two_minutes(seconds: str) -> None:
    with pytest.raises(InvalidValueError):
        _ = Query(f'return_timeout={seconds}').return_timeout


@pytest.mark.parametrize(
    ('text', 'wanted'),
    [
        ('fields=space.available', True),
        ('fields=space', True),
        ('fields=*', True),
        ('space.used=>1', True),
        ('order_by=space.used desc', True),
        ('fields=spaces,name', False),
        ('', False),
    ],
)
def test_costly_fields_are_filled_in_only_where_they_matter(
    text: str, wanted: bool
) -> None:
    assert Query(text).wants('space') is wanted


def test_dotted_keys_of_a_body_are_nested() -> None:
    body = {'svm.name': 's', 'svm': {'uuid': 'u'}, 'a': [{'b.c': 1}]}
    assert expand(body) == {'svm': {'name': 's', 'uuid': 'u'}, 'a': [{'b': {'c': 1}}]}
