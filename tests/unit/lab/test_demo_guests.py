"""What the demo says of guests, and what it does not let pass."""

import dataclasses
from typing import Any

import pytest

from lab import guests
from lab.demo.guest_cases import GuestCase, cases, client_arguments
from lab.demo.guest_rows import GuestRow, guest_table
from lab.topology import pool_named

TWO = GuestCase('two', 2)
GOOD = GuestRow(
    driver='eic',
    protocol='nfs',
    case=TWO,
    statuses=['ACTIVE'] * 2,
    active=[1.0, 2.0],
    first_word=[5.0, 6.0],
    routes={'cached': 2},
    digests_equal=[True] * 2,
    notes_found=[True] * 2,
    changed=[],
    files_left=[],
)


def row(**changes: Any) -> GuestRow:
    return dataclasses.replace(GOOD, **changes)


def test_guests_that_read_the_image_and_write_to_their_own_volume_are_as_expected():
    assert list(row().problems()) == []
    assert 'in its volume only' in guest_table([row()])


@pytest.mark.parametrize(
    ('change', 'problem'),
    [
        ({'statuses': ['ACTIVE', 'ERROR']}, 'the servers are ACTIVE, ERROR'),
        (
            {'digests_equal': [True, False]},
            "a guest did not read the image's bytes from its disk",
        ),
        ({'digests_equal': [True]}, "a guest did not read the image's bytes from its "),
        ({'notes_found': [True, False]}, 'what a guest wrote is not in its volume'),
        ({'changed': ['gold/img-cache-1']}, 'gold/img-cache-1 changed when a guest'),
        ({'routes': {'download': 2}}, 'volumes took the route download'),
        ({'files_left': ['a/volume-1']}, 'a/volume-1 was left behind'),
    ],
)
def test_each_thing_that_is_wrong_is_said(change: dict[str, Any], problem: str):
    assert any(problem in said for said in row(**change).problems())


def test_a_wrong_digest_and_a_write_elsewhere_are_seen_in_the_table():
    assert 'DIFFERS' in guest_table([row(digests_equal=[True, False])])
    assert 'ELSEWHERE' in guest_table([row(changed=['gold/img-cache-1'])])


def test_nothing_is_said_of_guests_that_never_spoke():
    silent = row(statuses=['ERROR'] * 2, digests_equal=[], notes_found=[])
    shown = guest_table([silent])
    assert 'equal' not in shown
    assert 'in its volume only' not in shown


def test_the_first_lun_of_an_image_may_be_a_download_and_no_other_volume():
    new = dataclasses.replace(TWO, is_new=True)
    first = row(protocol='iscsi', case=new, routes={'download': 2})
    assert list(first.problems()) == []
    for other in ({'protocol': 'nfs'}, {'case': TWO}):
        assert list(dataclasses.replace(first, **other).problems())


def test_the_stock_driver_may_download_and_leave_files():
    stock = row(driver='stock', routes={'download': 2}, files_left=['x'])
    assert list(stock.problems()) == []


def test_many_at_once_are_one_request_more():
    assert [case.guests for case in cases()] == [1, 1]
    assert [case.guests for case in cases(10)] == [1, 1, 10]
    arguments = client_arguments(guests.HOSTS[0], pool_named('eic', 'gold'), 'i-1', TWO)
    assert arguments[arguments.index('--max') + 1] == '2'
    assert 'volume_type=eic-gold' in ' '.join(arguments)
    assert guests.HOSTS[0].zone in arguments
