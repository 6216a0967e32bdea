"""Whoever follows CONTRIBUTING.md has something that works and that lint accepts."""

import pytest

from tests.unit.contributing import Copy, blocks

PYTEST = ('-m', 'pytest', '-q', '-p', 'no:cacheprovider')
FILES = [block.path for block in blocks() if block.language == 'python']


def _tests(place: str) -> list[str]:
    return [path for path in FILES if path.startswith(place)]


@pytest.fixture(scope='module')
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp('contributing'))


def test_each_of_the_five_things_has_an_example() -> None:
    assert {path.rpartition('/')[0] for path in FILES} >= {
        'eic_plugins/glance/locations',
        'eic_plugins/engine/routes',
        'eic_plugins/cli/checks',
        'simulator/ontap_simulator/responses',
    }
    changed = {block.path for block in blocks() if block.language == 'diff'}
    assert 'eic_plugins/model.py' in changed
    assert len(_tests('tests/unit/')) == 2


def test_the_tests_of_the_examples_pass(copy: Copy) -> None:
    copy.run(*PYTEST, *_tests('tests/'))


def test_the_endpoint_is_answered_by_the_simulator(copy: Copy) -> None:
    found = _tests('simulator/tests/')
    copy.run(*PYTEST, *(path.partition('/')[2] for path in found), below='simulator')


def test_the_tests_that_watch_over_the_whole_pass(copy: Copy) -> None:
    """Layers, entry points, reasons in the manual, sentences of ``eic``."""
    copy.run(
        *PYTEST,
        'tests/unit/test_layering.py',
        'tests/unit/test_entry_points.py',
        'tests/unit/test_model.py',
        'tests/unit/cli',
    )


def test_ruff_accepts_the_examples(copy: Copy) -> None:
    pytest.importorskip('ruff', reason='sources are formatted on the newest release')
    copy.run('-m', 'ruff', 'check', *FILES)
    copy.run('-m', 'ruff', 'format', '--check', *FILES)
