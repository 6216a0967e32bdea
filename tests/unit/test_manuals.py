"""What a manual points to is there: files, sections, targets of make."""

import re
from pathlib import Path

import pytest

from tests.unit import manuals, rooms

MAKEFILE = (manuals.ROOT / 'Makefile').read_text()
EVERY_MANUAL = pytest.mark.parametrize('manual', manuals.MANUALS, ids=manuals.name)


def _broken(manual: Path, link: str) -> bool:
    path, _, anchor = link.partition('#')
    target = (manual.parent / path).resolve() if path else manual
    if not target.exists():
        return True
    return bool(anchor) and anchor not in manuals.anchors(target)


@EVERY_MANUAL
def test_each_link_leads_somewhere(manual: Path) -> None:
    assert [link for link in manuals.links(manual) if _broken(manual, link)] == []


@EVERY_MANUAL
def test_each_target_of_make_is_one(manual: Path) -> None:
    missing = [
        target
        for target in sorted(manuals.targets(manual))
        if f'\n{target}:' not in MAKEFILE
    ]
    assert missing == []


def test_headings_become_anchors_as_on_the_forge(tmp_path: Path) -> None:
    manual = tmp_path / 'manual.md'
    manual.write_text('# A call, that `ONTAP` refuses\n## The same\n## The same\n')
    assert manuals.anchors(manual) == {
        'a-call-that-ontap-refuses',
        'the-same',
        'the-same-1',
    }


def test_links_inside_code_are_none(tmp_path: Path) -> None:
    manual = tmp_path / 'manual.md'
    manual.write_text('[a](b.md) `[c](d.md)`\n```\n[e](f.md)\n```\n[g](h.md#i)\n')
    assert list(manuals.links(manual)) == ['b.md', 'h.md#i']


def test_the_readme_says_at_once_what_it_has_not_been_tried_on() -> None:
    before_the_third_heading = '#'.join(
        (manuals.ROOT / 'README.md').read_text().split('\n## ')[:2]
    )
    assert 'has run on a real ONTAP yet' in before_the_third_heading


def _table(manual: Path) -> list[dict[str, str]]:
    """The first printed table, a row for each line."""
    printed = manual.read_text().partition('```\nsituation')[2].partition('```')[0]
    head, *lines = [
        re.split(' {2,}', line)
        for line in f'situation{printed}'.splitlines()
        if line and not line.startswith('---')
    ]
    return [dict(zip(head, line, strict=False)) for line in lines]


def test_what_the_readme_prints_of_the_demo_is_what_the_demo_printed() -> None:
    short = _table(manuals.ROOT / 'README.md')
    whole = _table(manuals.ROOT / 'docs/demo.md')
    assert len(short) == 10
    assert [
        row for row in short if not any(row.items() <= full.items() for full in whole)
    ] == []


def test_the_guide_has_a_question_for_each_room() -> None:
    guide = (manuals.ROOT / 'CONTRIBUTING.md').read_text()
    assert [
        room.name
        for room in rooms.members(rooms.PACKAGE)
        if f'`eic_plugins/{room.name}' not in guide
    ] == []
