"""What do the paste filters cost requests that are none of their business?

In process (:mod:`benchmarks.filter_cost`), and on the lab, where each API has a
twin without the filter on the same database: ``GET /volumes`` and
``GET /servers`` of both, in turn. The twins also differ in nothing but the
filter's configuration, so what two halves of the stock side's own requests
differ by is the noise.
"""

import time
from collections.abc import Callable
from typing import Any

from benchmarks import filter_cost
from benchmarks.arithmetic import median, ratio
from benchmarks.model import Answer, Table, Target
from lab import cinder, identity, nova
from lab.context import Lab
from lab.topology import DEMO_PROJECT, DEMO_USER, DRIVERS

REQUESTS = 400
_PASSED_ON_US = 2
_HANDLED_CPU_MS = 2
_SLOWER = 1.05

Asker = Callable[[str], Any]
"""Sends a request to the API of a side, by driver."""


def run(lab: Lab, requests: int = REQUESTS) -> dict[str, Any]:
    """The answer, as JSON can hold it.

    :param requests: of each API
    """
    with lab.console.step('filters in process'):
        cost = filter_cost.run()
    api = identity.Cloud(lab, DEMO_USER, DEMO_PROJECT)
    spent = {}
    for path, ask in _askers(api).items():
        with lab.console.step(f'{2 * requests} times GET {path}'):
            spent[path] = in_turn(ask, requests)
    return answer(cost, spent).to_json()


def _askers(api: identity.Cloud) -> dict[str, Asker]:
    return {
        '/volumes': lambda driver: api.request(
            'GET', cinder.api_of(driver), f'/v3/{api.project_id}/volumes'
        ),
        '/servers': lambda driver: api.nova(
            'GET', '/servers', None, nova.api_of(driver)
        ),
    }


def in_turn(ask: Asker, requests: int) -> dict[str, list[float]]:
    """Seconds of each request, by driver; those of the first ones left out."""
    spent: dict[str, list[float]] = {driver: [] for driver in DRIVERS}
    for number in range(-5, requests):
        for driver, seconds in spent.items():
            began = time.perf_counter()
            ask(driver)
            if number >= 0:
                seconds.append(time.perf_counter() - began)
    return spent


def answer(cost: dict[str, Any], spent: dict[str, dict[str, list[float]]]) -> Answer:
    """Medians, ratios, targets."""
    targets = []
    for name, found in cost.items():
        targets += [
            Target(
                f'{name} filter: microseconds of a request that it does not handle',
                found['passed_on_us'],
                _PASSED_ON_US,
                is_count=False,
            ),
            Target(
                f'{name} filter: CPU milliseconds of one that it handles',
                found['handled_cpu_ms'],
                _HANDLED_CPU_MS,
                is_count=False,
            ),
        ]
    targets += [
        Target(
            f'GET {path}: time, times that without the filter',
            _slower(seconds),
            _SLOWER,
            is_count=False,
        )
        for path, seconds in spent.items()
    ]
    return Answer(
        question='What do the paste filters cost other requests?',
        targets=tuple(targets),
        tables=(
            Table(
                'A filter on its own',
                ('filter', 'us of a request passed on', 'CPU ms of one handled'),
                tuple(
                    (
                        name,
                        f'{found["passed_on_us"]:.2f}',
                        f'{found["handled_cpu_ms"]:.3f}',
                    )
                    for name, found in cost.items()
                ),
            ),
            Table(
                'Requests through the real pipelines',
                (
                    'request',
                    'ms with',
                    'ms without',
                    'with, times without',
                    'noise of the same ratio',
                ),
                tuple(_row(path, seconds) for path, seconds in spent.items()),
            ),
        ),
        notes=(
            'Noise: the same ratio between every other request of the stock '
            'side and the rest of them.',
        ),
        numbers={'cost': cost, 'seconds': spent},
    )


def _row(path: str, seconds: dict[str, list[float]]) -> tuple[str, ...]:
    stock = seconds['stock']
    return (
        f'GET {path}',
        f'{median(seconds["eic"]) * 1e3:.2f}',
        f'{median(stock) * 1e3:.2f}',
        f'{_slower(seconds):.3f}',
        f'{ratio(median(stock[::2]), median(stock[1::2])):.3f}',
    )


def _slower(seconds: dict[str, list[float]]) -> float:
    return ratio(median(seconds['eic']), median(seconds['stock']))
