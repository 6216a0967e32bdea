"""What the demo says of servers, and what it does not let pass."""

import dataclasses
from typing import Any

import pytest

from lab.demo.server_cases import CASES, ServerCase
from lab.demo.server_rows import (
    ServerRow,
    routes_of_eic,
    routes_of_stock,
    server_table,
)

TWO = ServerCase('two', ('--flavor', 'm1.tiny'), 2)


GOOD = ServerRow(
    api='nova-api',
    driver='eic',
    case=TWO,
    statuses=['ACTIVE'] * 2,
    seconds=[1.0, 2.0],
    routes={'cached': 2},
    files_left=[],
)


def row(**changes: Any) -> ServerRow:
    return dataclasses.replace(GOOD, **changes)


def test_servers_that_are_active_on_clones_are_as_expected() -> None:
    assert list(row().problems()) == []


@pytest.mark.parametrize(
    ('change', 'problem'),
    [
        ({'statuses': ['ACTIVE', 'ERROR']}, 'the servers are ACTIVE, ERROR'),
        ({'routes': {'cached': 1}}, '2 servers have 1 volumes'),
        ({'routes': {'cached': 1, 'download': 1}}, 'volumes took the route download'),
        ({'files_left': ['a/volume-1']}, 'a/volume-1 was left behind'),
    ],
)
def test_each_thing_that_is_wrong_is_said(change: dict[str, Any], problem: str) -> None:
    assert problem in list(row(**change).problems())


def test_the_stock_driver_may_download_and_leave_files() -> None:
    stock = row(driver='stock', routes={'download': 2}, files_left=['x'])
    assert list(stock.problems()) == []


def test_the_stock_drivers_routes_are_seen_from_outside() -> None:
    assert routes_of_stock(10, 4) == {'download': 4, 'clone': 6}
    assert routes_of_stock(1, 0) == {'clone': 1}


def test_eics_routes_are_counted() -> None:
    assert routes_of_eic(['cached', 'flexclone', 'cached']) == {
        'cached': 2,
        'flexclone': 1,
    }


def test_many_servers_are_one_request_of_the_client() -> None:
    assert TWO.client_arguments('ID') == (
        '--flavor',
        'm1.tiny',
        '--min',
        '2',
        '--max',
        '2',
        '--nic',
        'none',
    )
    assert '--min' not in CASES[0].client_arguments('ID')


def test_the_table_has_median_and_maximum() -> None:
    assert '1.5' in server_table([row()])
    assert '2 cached' in server_table([row()])
