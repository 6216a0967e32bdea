"""Checks are run apart from each other: what hangs or breaks is one of them."""

import importlib.metadata
import threading
import time
from typing import Any

import pytest

from eic_plugins.cli.checks import report, runner
from eic_plugins.cli.checks.facts import Facts
from eic_plugins.cli.checks.finding import Status, failure, not_seen, passed, warning
from eic_plugins.cli.checks.once import Deadline, Once
from eic_plugins.cli.checks.runner import Check


def facts(seconds: Any = 5.0) -> Any:
    return Facts({}, seconds)


def statuses(*functions: Any, seconds: Any = 5.0) -> Any:
    checks = [Check(str(number), each) for number, each in enumerate(functions)]
    return [r.finding.status for r in runner.run(checks, facts(seconds))]


def test_what_yields_nothing_passes() -> None:
    assert statuses(lambda _: ()) == [Status.PASS]


def test_a_pass_beside_a_failure_is_not_told() -> None:
    assert statuses(lambda _: [passed('a'), failure('b')]) == [Status.FAILURE]


def test_the_worst_stands_first() -> None:
    assert statuses(
        lambda _: (), lambda _: [warning('a')], lambda _: [failure('b')]
    ) == [Status.FAILURE, Status.WARNING, Status.PASS]


def test_a_check_that_breaks_was_not_seen() -> None:
    def broken(_: Any) -> None:
        raise ZeroDivisionError('x')

    (result,) = runner.run([Check('a', broken)], facts())
    assert result.finding == not_seen('the check broke: ZeroDivisionError: x')


def test_a_check_that_hangs_is_left_behind() -> None:
    hanging = threading.Event()
    started = time.monotonic()
    found = statuses(lambda _: hanging.wait(60), lambda _: (), seconds=0.3)
    hanging.set()
    assert time.monotonic() - started < 10
    assert found == [Status.NOT_SEEN, Status.PASS]


@pytest.mark.parametrize(
    ('seconds', 'of_one'), [(15.0, 8.0), (5.0, 8.0), (120.0, 60.0)]
)
def test_who_gives_the_command_more_time_gives_more_to_each_service(
    monkeypatch: pytest.MonkeyPatch, seconds: float, of_one: float
) -> None:
    given = []

    def once(_facts: Facts, _key: Any, _what: str, _gather: Any, of: float) -> Any:
        given.append(of)
        return frozenset()

    monkeypatch.setattr(Facts, 'once', once)
    asked = facts(seconds)
    asked.addresses('controller')
    assert asked.roles == frozenset()
    assert given == [of_one, of_one]


def test_a_plugin_that_cannot_be_loaded_is_one_check_that_was_not_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    point = importlib.metadata.EntryPoint('ours', 'no.such:check', 'eic.checks')
    monkeypatch.setattr(importlib.metadata, 'entry_points', lambda **_: [point])
    (check,) = runner.load()
    (result,) = runner.run([check], facts())
    assert result.finding.status is Status.NOT_SEEN
    assert 'no.such:check cannot be loaded' in result.finding.why


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match='no check nonsense'):
        runner.load(['nonsense'])


def test_a_fact_is_gathered_once_for_all() -> None:
    counted = []
    fact = Once('a fact', lambda: counted.append(1) or len(counted), 5)
    deadline = Deadline(5)
    threads = [threading.Thread(target=fact.get, args=[deadline]) for _ in range(5)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(10)
    assert fact.get(deadline) == 1


def test_each_check_has_a_name_and_says_what_it_looks_at() -> None:
    for check in runner.load():
        assert check.name == check.name.lower()
        assert check.about
        assert not check.about.endswith('.')


@pytest.mark.parametrize(
    ('found', 'status'),
    [
        ([Status.PASS, Status.NOT_SEEN], 0),
        ([Status.PASS, Status.WARNING], 1),
        ([Status.WARNING, Status.FAILURE], 2),
        ([], 0),
    ],
)
def test_the_exit_status_is_the_worst(found: list[Any], status: int) -> None:
    results = [runner.Result('x', runner.Finding(each)) for each in found]
    assert report.exit_status(results) == status


def test_the_summary_counts_checks_by_their_worst() -> None:
    results = [
        runner.Result('a', failure('x')),
        runner.Result('a', warning('x')),
        runner.Result('b', runner.Finding(Status.PASS)),
    ]
    assert report.summary(results) == '2 checks: 1 failure, 1 pass'
