"""``docs/tempest.md``: the table, what failed and why, and what was skipped."""

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.tempest import known
from tests.tempest.groups import GROUPS, SIDES, Group
from tests.tempest.known import Results
from tests.tempest.results import Found

ROOT = Path(__file__).parents[2]
PAGE = ROOT / 'docs/tempest.md'
KEPT = ROOT / 'docs/tempest.json'
_COUNTS = 'passed | failed | skipped'
_BEGIN, _END = '<!-- found: begin -->\n', '<!-- found: end -->'


def kept() -> dict[str, Any]:
    """What the runs found: ``versions``, and ``found`` by side and group."""
    empty: dict[str, Any] = {'versions': {}, 'found': {}}
    return json.loads(KEPT.read_text()) if KEPT.exists() else empty


def keep(side: str, found: Mapping[str, Found], versions: Mapping[str, str]) -> None:
    """Put a run's groups in the place of what was found before."""
    before = kept()
    before['versions'] = dict(versions)
    of_side = before['found'].setdefault(side, {})
    of_side.update({name: each.to_json() for name, each in found.items()})
    KEPT.write_text(json.dumps(before, indent=1, sort_keys=True) + '\n')


def results() -> Results:
    """What is kept."""
    return {
        side: {name: Found(**each) for name, each in groups.items()}
        for side, groups in kept()['found'].items()
    }


def write() -> None:
    """Put the tables into the page; what is around them stays."""
    text = PAGE.read_text()
    before, _, rest = text.partition(_BEGIN)
    after = rest.partition(_END)[2]
    lines = ''.join(f'{line}\n' for line in render(results(), kept()['versions']))
    PAGE.write_text(f'{before}{_BEGIN}{lines}{_END}{after}')


def render(found: Results, versions: Mapping[str, str]) -> Iterator[str]:
    """The generated part of the page."""
    named = ', '.join(f'{name} {version}' for name, version in sorted(versions.items()))
    yield f'Of {named}.'
    yield ''
    yield f'| Tests | EIC: {_COUNTS} | stock: {_COUNTS} |'
    yield '|---|---|---|---|---|---|---|'
    for group in GROUPS:
        cells = [cell for side in SIDES for cell in _cells(side, group, found)]
        yield f'| {group.title} | {" | ".join(cells)} |'
    yield ''
    yield '## What fails'
    yield ''
    yield from _failures(found)
    yield ''
    yield '## What is skipped'
    yield ''
    yield '| Why, in the words of the test | EIC | stock |'
    yield '|---|---|---|'
    yield from _skips(found)


def _cells(side: str, group: Group, found: Results) -> list[str]:
    if side not in group.sides:
        return ['', '', '']
    each = found.get(side, {}).get(group.name)
    if each is None:
        return ['not run', '', '']
    counts = (each.passed, len(each.failed), sum(each.skipped.values()))
    return [str(count) for count in counts]


@dataclasses.dataclass(frozen=True)
class _Row:
    """A failure, with the sides on which it is seen."""

    test: str
    whose: str
    why: str


def _failures(found: Results) -> Iterator[str]:
    rows: dict[_Row, list[str]] = {}
    for side in SIDES:
        for group in found.get(side, {}).values():
            for test, error in group.failed.items():
                each = known.explanation(side, test, error)
                whose, why = (each.whose, each.why) if each else ('unknown', error)
                rows.setdefault(_Row(test, whose, why), []).append(side)
    if not rows:
        yield 'Nothing.'
        return
    yield '| Test | On side | Whose fault | Why |'
    yield '|---|---|---|---|'
    for row, sides in sorted(rows.items(), key=lambda item: item[0].test):
        why = row.why.replace('|', '\\|')
        yield f'| `{row.test}` | {", ".join(sides)} | {row.whose} | {why} |'


def _skips(found: Results) -> Iterator[str]:
    by_side = {
        side: sum(
            (Counter(group.skipped) for group in found.get(side, {}).values()),
            Counter(),
        )
        for side in SIDES
    }
    for reason in sorted({*by_side['eic'], *by_side['stock']}):
        counts = ' | '.join(str(by_side[side][reason]) for side in SIDES)
        yield f'| {_plain(reason)} | {counts} |'


def _plain(text: str) -> str:
    """Nothing in it is a mark of Markdown."""
    for mark in '\\`*_{}[]<>|':
        text = text.replace(mark, f'\\{mark}')
    return text
