"""Each reason leads somewhere: to what can be done, and to the manual."""

import re
from pathlib import Path

import pytest

from eic_plugins.cli.checks import runner
from eic_plugins.engine import remedies
from eic_plugins.model import Reason

ROOT = Path(__file__).parents[3]
MANUAL = ROOT / 'docs/operations.md'
_CHECKS = re.compile(r'"eic check ([a-z -]+)"')
_ABOUT_ALL = {'test_model.py', 'test_remedies.py'}


def mentions(folder: str, reason: Reason) -> list[str]:
    """The files in which a reason stands by its name or as a word of its own."""
    said = re.compile(rf'Reason\.{reason.name}\b|[\'"=]{reason.value}\b')
    return [
        path.name
        for path in sorted((ROOT / folder).rglob('*.py'))
        if path.name not in {*_ABOUT_ALL, 'model.py', 'remedies.py'}
        and said.search(path.read_text())
    ]


@pytest.mark.parametrize('reason', Reason)
def test_each_reason_is_produced_and_tested(reason: Reason) -> None:
    assert mentions('eic_plugins', reason), 'nothing of the product gives it'
    assert mentions('tests', reason), 'no test has it come up'


@pytest.mark.parametrize('reason', Reason)
def test_the_manual_has_each_reason_with_its_remedy_and_anchor(reason: Reason) -> None:
    file, _, anchor = remedies.anchor(reason).partition('#')
    assert ROOT / file == MANUAL
    line = (
        f'| `{reason}` | {reason.message} | {remedies.remedy(reason)} '
        f'<a id="{anchor}"></a>|\n'
    )
    assert line in MANUAL.read_text()


def test_a_remedy_names_checks_that_there_are() -> None:
    known = {check.name for check in runner.load()}
    for reason in Reason:
        for found in _CHECKS.findall(remedies.remedy(reason)):
            assert set(found.split()) <= known, reason


def test_a_remedy_is_a_sentence_without_its_full_stop() -> None:
    for reason in Reason:
        assert not remedies.remedy(reason).endswith('.')
