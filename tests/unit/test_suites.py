"""How the suites are run: each failure is seen, and has one more try alone."""

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests import suites
from tests.suites import Suite


@dataclasses.dataclass(frozen=True)
class Script(Suite):
    """A suite that is one line of Python."""

    line: str = ''

    def command(self, *more: str) -> Sequence[str]:
        return [sys.executable, '-c', self.line, *more]


GOOD = Script('good', line='print("fine")')
BAD = Script('bad', line='import sys; print("broken"); sys.exit(1)')
FLAKY = Script('flaky', line='import sys; sys.exit("--last-failed" not in sys.argv)')


@pytest.mark.parametrize('jobs', [1, 2])
def test_every_suite_runs_and_those_that_fail_are_told(jobs: int) -> None:
    assert suites.run([BAD, GOOD, FLAKY], jobs) == [BAD, FLAKY]


def test_what_a_suite_says_is_printed_as_a_whole(
    capsys: pytest.CaptureFixture[str],
) -> None:
    suites.run([GOOD, BAD], 2)
    said = capsys.readouterr().out
    assert 'fine' in said
    assert 'broken' in said


def test_what_failed_once_may_pass_alone() -> None:
    assert suites.passes(FLAKY, '--last-failed')
    assert not suites.passes(BAD, '--last-failed')


def test_the_longest_begin() -> None:
    names = sorted(
        map(Suite, ['security/storage', 'unit', 'contract']), key=suites.place
    )
    assert [suite.name for suite in names] == ['contract', 'unit', 'security/storage']


def test_each_suite_remembers_by_itself_what_failed() -> None:
    caches = {Suite(name).command()[-2] for name in ('unit', 'contract')}
    assert len(caches) == 2
    assert all(Path(cache.partition('=')[2]).is_absolute() for cache in caches)


def test_a_failure_is_the_exit_status(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suites, 'run', lambda *_: [BAD])
    monkeypatch.setattr(suites, 'passes', lambda *_: False)
    assert suites.main(['unit']) == 1
    assert suites.main(['--retry', 'unit']) == 1
    monkeypatch.setattr(suites, 'passes', lambda *_: True)
    assert suites.main(['--retry', 'unit']) == 0
