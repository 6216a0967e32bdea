"""Reads what a guest has said on its serial console.

A line is ``EIC-GUEST KIND NAME=VALUE ...``. The kernel and the firmware speak on the
same console; their lines are passed over, and so is a line that has not ended.

| Kind | When |
|---|---|
| up | it runs: ``token`` of its image, ``ups`` it had, ``bytes`` of its disk |
| sum | it has read its disk: ``bytes``, and their ``sha256`` |
| wrote | its note is on its disk: ``ups`` |
| header | it has overwritten the beginning of its disk: ``sha256`` of that sector |
| disk | there is a disk, or it has another size: ``name``, ``bytes``, ``token`` |
| gone | a disk is not there any more: ``name`` |
| alive | every five seconds: ``beats`` |
| down | its power button was pressed |
"""

import dataclasses
import re
from collections.abc import Iterator, Mapping

_LINE = re.compile(r'EIC-GUEST ([a-z]+)((?: [a-z0-9]+=\S*)*)\r?\n')


@dataclasses.dataclass(frozen=True)
class Word:
    """One line."""

    kind: str
    fields: Mapping[str, str]

    def number(self, name: str) -> int:
        """A field that is a number."""
        return int(self.fields[name])


def of(console: str) -> list[Word]:
    """All that was said, in its order."""
    return list(_words(console))


def last(console: str, kind: str, **fields: str) -> Word | None:
    """The newest word of that kind, with these fields."""
    found = [
        word
        for word in _words(console)
        if word.kind == kind and fields.items() <= word.fields.items()
    ]
    return found[-1] if found else None


def _words(console: str) -> Iterator[Word]:
    for kind, rest in _LINE.findall(console):
        pairs = (pair.partition('=') for pair in rest.split())
        yield Word(kind, {name: value for name, _, value in pairs})
