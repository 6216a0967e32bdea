"""SECURITY.md names, for each threat, tests that there are."""

import re

import pytest

from eic_plugins.cli.verification import findings
from tests.unit import manuals

SCOPE = (manuals.ROOT / 'SECURITY.md').read_text().partition('## In scope')[2]
THREATS = dict(re.findall(r'^\| ([^|`]+) \| (`tests/.*) \|$', SCOPE, re.MULTILINE))


def test_there_are_threats() -> None:
    assert len(THREATS) >= 10


@pytest.mark.parametrize('threat', THREATS)
def test_each_threat_is_tried(threat: str) -> None:
    paths = re.findall(r'`([^`]+)`', THREATS[threat])
    assert [path for path in paths if not (manuals.ROOT / path).is_file()] == []


def test_each_number_of_the_drawing_is_a_row_of_the_threat_model() -> None:
    drawing = (manuals.ROOT / 'docs/drawings/trust.dot').read_text()
    drawn = set(re.findall(r'label="\s*(\d)', drawing))
    rows = set(re.findall(r'^\| (\d) \|', SCOPE, re.MULTILINE))
    assert drawn == rows == set('123456')


def test_the_limits_have_each_question_of_eic_verify_and_its_usual_answer() -> None:
    manual = (manuals.ROOT / 'docs/limits.md').read_text()
    rows = re.findall(r'^\| `(\w+)` \| [^|]+\? \| `(\w+)` \|$', manual, re.MULTILINE)
    assert dict(rows) == findings.USUAL | findings.USUAL_OF_DEVICES
