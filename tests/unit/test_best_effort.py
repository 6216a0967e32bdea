"""What older releases take beyond their upper-constraints is said, and is needed."""

from pathlib import Path

import pytest

from tests import best_effort
from tests.functional import internals
from tests.requirements import requirements, too_old

each_release = pytest.mark.parametrize(
    'path', best_effort.CONSTRAINTS, ids=best_effort.RELEASES
)


def test_each_release_that_is_tried_has_constraints() -> None:
    assert list(best_effort.RELEASES) == list(internals.BEST_EFFORT.values())


@each_release
def test_a_release_has_what_is_asked_for(path: Path) -> None:
    assert list(too_old(path)) == []


@each_release
def test_nothing_is_lifted_that_nobody_asks_for(path: Path) -> None:
    specifiers = {wanted.name: wanted.specifier for wanted in requirements()}
    libraries = best_effort.lifted(path)
    assert libraries
    assert [
        name
        for name, library in libraries.items()
        if library.through is None and library.upper in specifiers[name]
    ] == []
    through = {library.through for library in libraries.values()} - {None}
    assert through <= set(libraries)


def test_a_library_has_a_line_with_both_versions() -> None:
    assert any(
        line.startswith('| python-glanceclient | EIC: >=4.7 | 4.5.0; ')
        for line in best_effort.table()
    )
