"""What a manual points to is there: files, sections, targets of make."""

from pathlib import Path

import pytest

from tests.unit import manuals

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
