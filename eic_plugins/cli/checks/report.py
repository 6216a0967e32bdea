"""Results as rows, and the exit status that sums them up."""

from collections.abc import Callable, Iterable, Sequence

from eic_plugins.cli.checks.finding import Status
from eic_plugins.cli.checks.runner import Result

COLUMNS = ('Check', 'Result', 'Why', 'What to do')
VERBOSE_COLUMNS = (*COLUMNS, 'Seconds', 'Read more')
_MANUAL = 'docs/checks.md'
_QUIET = {Status.FAILURE, Status.WARNING}
ALL_PASS, WARNINGS, FAILURES, BROKEN = range(4)
"""The exit statuses: of the findings, and of an error of ours."""


def exit_status(results: Iterable[Result]) -> int:
    """0 without warning and failure, 1 with warnings alone, 2 with failures.

    What could not be seen counts neither way.
    """
    statuses = {result.finding.status for result in results}
    if Status.FAILURE in statuses:
        return FAILURES
    return WARNINGS if Status.WARNING in statuses else ALL_PASS


def rows(
    results: Iterable[Result],
    redact: Callable[[str], str],
    quiet: bool = False,
    verbose: bool = False,
) -> list[Sequence[str]]:
    """A row for each result; warnings and failures alone if ``quiet``."""
    return [
        (
            result.check,
            str(result.finding.status),
            redact(result.finding.why),
            redact(result.finding.advice),
            *((f'{result.seconds:.2f}', anchor(result.check)) if verbose else ()),
        )
        for result in results
        if not quiet or result.finding.status in _QUIET
    ]


def anchor(check: str) -> str:
    """Where the manual has a check."""
    return f'{_MANUAL}#{check}'


def summary(results: Sequence[Result]) -> str:
    """How many checks ended how, in one line."""
    worst: dict[str, Status] = {}
    for result in results:
        # The results stand in order, the worst first.
        worst.setdefault(result.check, result.finding.status)
    counts = [(list(worst.values()).count(status), status) for status in Status]
    return f'{len(worst)} checks: ' + ', '.join(
        f'{count} {status}' for count, status in counts if count
    )
