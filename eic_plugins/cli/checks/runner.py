"""Runs all checks at once, until they end or the deadline is there."""

import dataclasses
import importlib.metadata
import threading
import time
from collections.abc import Callable, Iterable, Sequence

from eic_plugins.cli.checks.facts import Facts
from eic_plugins.cli.checks.finding import Finding, NotSeenError, Status, not_seen

NAMESPACE = 'eic.checks'
_ORDER = list(Status)
_Function = Callable[[Facts], Iterable[Finding]]


@dataclasses.dataclass(frozen=True)
class Check:
    """A check by its name, which is that of its entry point."""

    name: str
    function: _Function

    @property
    def about(self) -> str:
        """What it looks at: the first line of its docstring."""
        return (self.function.__doc__ or '').strip().partition('\n')[0].rstrip('.')


@dataclasses.dataclass(frozen=True)
class Result:
    """What one check found, one of it at least."""

    check: str
    finding: Finding
    seconds: float = 0.0


def load(names: Sequence[str] = ()) -> list[Check]:
    """The checks that are installed, in the order of their names.

    :param names: only these
    :raises ValueError: there is none of a name
    """
    points = {
        point.name: point for point in importlib.metadata.entry_points(group=NAMESPACE)
    }
    for name in names:
        if name not in points:
            raise ValueError(f'There is no check {name}; eic check --list names all.')
    return [
        Check(name, _loaded(point))
        for name, point in sorted(points.items())
        if not names or name in names
    ]


def run(
    checks: Sequence[Check], facts: Facts, ended: Callable[[str], None] = lambda _: None
) -> list[Result]:
    """The results, the worst first; at the facts' deadline at the latest.

    :param ended: is told the name of each check that has ended
    """
    runs = [_Run(check, facts, ended) for check in checks]
    for each in runs:
        each.start()
    found = [result for each in runs for result in each.results(facts)]
    return sorted(found, key=lambda result: _ORDER.index(result.finding.status))


class _Run(threading.Thread):
    """One check in a daemon thread: what hangs there is left behind."""

    def __init__(
        self, check: Check, facts: Facts, ended: Callable[[str], None]
    ) -> None:
        super().__init__(name=f'eic check {check.name}', daemon=True)
        self._check = check
        self._facts = facts
        self._ended = ended
        self._findings: list[Finding] | None = None
        self._seconds = 0.0

    def run(self) -> None:
        started = time.monotonic()
        self._findings = found(self._check, self._facts)
        self._seconds = time.monotonic() - started
        self._ended(self._check.name)

    def results(self, facts: Facts) -> list[Result]:
        """What it found, or that it did not end in time."""
        self.join(facts.deadline.left() + 0.1)
        findings = self._findings
        if findings is None:
            findings = [not_seen('the check did not end in time')]
        return [
            Result(self._check.name, finding, self._seconds) for finding in findings
        ]


def found(check: Check, facts: Facts) -> list[Finding]:
    """What a check finds; that it passes if it finds nothing."""
    findings: list[Finding] = []
    try:
        findings.extend(check.function(facts))
    except NotSeenError as err:
        findings.append(not_seen(err.why, err.remedy))
    except Exception as err:
        findings.append(not_seen(f'the check broke: {type(err).__name__}: {err}'))
    bad = [each for each in findings if each.status is not Status.PASS]
    return bad or findings[:1] or [Finding(Status.PASS)]


def _loaded(point: importlib.metadata.EntryPoint) -> _Function:
    try:
        function: _Function = point.load()
    except Exception as err:
        text = f'the plugin {point.value} cannot be loaded: {type(err).__name__}: {err}'
        return lambda _: [not_seen(text)]
    return function
