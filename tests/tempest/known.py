"""Why tests fail, and whose fault that is: kept by hand, checked by each run."""

import dataclasses
import re
from collections.abc import Iterator, Mapping

from tests.tempest.groups import SIDES, Group
from tests.tempest.results import Found

Results = Mapping[str, Mapping[str, Found]]
"""By side, then by group."""


@dataclasses.dataclass(frozen=True)
class Known:
    """Tests that fail: what their names begin with, and a pattern of the error."""

    test: str
    error: str
    whose: str
    """"stock": of the released driver or service; "lab": it lacks something;
    "eic": documented, or to be mended; "tempest": no cloud could pass."""
    why: str
    sides: tuple[str, ...] = SIDES

    def explains(self, side: str, test: str, error: str) -> bool:
        """Whether that failure is this one."""
        return (
            side in self.sides
            and test.startswith(self.test)
            and re.search(self.error, error) is not None
        )


KNOWN: tuple[Known, ...] = ()


def explanation(
    side: str, test: str, error: str, known: tuple[Known, ...] = KNOWN
) -> Known | None:
    """Why it fails."""
    return next((each for each in known if each.explains(side, test, error)), None)


def surprises(
    results: Results, groups: tuple[Group, ...], known: tuple[Known, ...] = KNOWN
) -> Iterator[str]:
    """Failures that nobody has explained, and explanations that fit nothing."""
    for side, found in results.items():
        for group in found.values():
            for test, error in group.failed.items():
                if explanation(side, test, error, known) is None:
                    yield f'{side}: {test}: {error}'
    for each in known:
        for side in each.sides:
            if _was_run(side, each, results, groups) and not _fits(side, each, results):
                yield f'{side}: {each.test} passes now, or fails in another way'


def _fits(side: str, known: Known, results: Results) -> bool:
    return any(
        known.explains(side, test, error)
        for group in results[side].values()
        for test, error in group.failed.items()
    )


def _was_run(
    side: str, known: Known, results: Results, groups: tuple[Group, ...]
) -> bool:
    return any(
        group.name in results.get(side, {}) and group.has(known.test)
        for group in groups
    )
