"""The libraries that 2024.1 and 2024.2 need beyond their upper-constraints.

``constraints/best-effort/RELEASE.txt`` has a comment behind each of them. ``python -m
tests.matrix write`` puts them into docs/compatibility.md as a table.
"""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.requirements import requirements

CONSTRAINTS = sorted(
    (Path(__file__).parents[1] / 'constraints/best-effort').glob('*.txt')
)
RELEASES = tuple(path.stem for path in CONSTRAINTS)
_LINE = re.compile(r'(\S+)==(\S+)  # upper-constraint: ([^;\s]+)(?:; through (\S+))?')


@dataclasses.dataclass(frozen=True)
class Lifted:
    """A library in another version than upper-constraints have.

    :param through: the library of the table that asks for it; None if EIC does
    """

    name: str
    version: str
    upper: str
    through: str | None


def lifted(path: Path) -> Mapping[str, Lifted]:
    """What a file of constraints says, by name."""
    found = _LINE.findall(path.read_text())
    return {each[0]: Lifted(*each[:3], each[3] or None) for each in found}


def table() -> Iterator[str]:
    """Lines in Markdown."""
    yield f'| library | who asks for more | {" | ".join(RELEASES)} |'
    yield f'| --- | --- |{" --- |" * len(RELEASES)}'
    by_release = [lifted(path) for path in CONSTRAINTS]
    asked = {wanted.name: f'EIC: {wanted.specifier}' for wanted in requirements()}
    for name in sorted({name for each in by_release for name in each}, key=str.lower):
        cells = [each.get(name) for each in by_release]
        who = next(each.through for each in cells if each) or asked[name]
        yield f'| {name} | {who} | {" | ".join(map(_cell, cells))} |'


def _cell(library: Lifted | None) -> str:
    return f'{library.upper}; {library.version}' if library else 'as it is'
