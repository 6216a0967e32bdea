"""docs/compatibility.md has the tables of what was found, and each has its place."""

import concurrent.futures
import json
from pathlib import Path

import pytest

from tests import matrix
from tests.functional import internals


def test_the_page_has_what_was_found() -> None:
    """If not: `python -m tests.matrix write`."""
    text = matrix.PAGE.read_text()
    assert matrix.page(text) == text
    assert all(f'<!-- {name}: begin -->' in text for name in matrix.TABLES)


def test_every_supported_release_has_constraints() -> None:
    files = (matrix.ROOT / 'constraints').glob('*.txt')
    assert sorted(each.stem for each in files) == list(internals.RELEASES.values())


@pytest.mark.parametrize(
    'prefix', [each for prefixes in matrix.FEATURES.values() for each in prefixes]
)
def test_a_feature_has_tests(prefix: str) -> None:
    assert list(matrix.ROOT.glob(f'{prefix}*'))


def test_a_failure_is_seen_in_a_cell() -> None:
    assert matrix.cell(matrix.Count()) == 'not run'
    assert matrix.cell(matrix.Count(passed=3, skipped=1)) == '3'
    assert matrix.cell(matrix.Count(passed=3, failed=1)) == '**1 of 4 fail**'


def test_results_of_a_release_add_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matrix, 'RESULTS', tmp_path / 'results.json')
    monkeypatch.setattr(internals, 'release', lambda: '2025.1')
    monkeypatch.setattr(matrix, 'SUITES', ('tests/unit/support/test_compat.py',))
    assert matrix.run(['tests/unit/support/test_compat.py']) == 0
    (line,) = [each for each in matrix.features() if each.startswith('| all suites ')]
    assert line.count('not run') == len(matrix.RELEASES) - 1
    assert line.count(', not all run') == 1


def test_runs_beside_each_other_keep_all_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matrix, 'RESULTS', tmp_path / 'results.json')
    monkeypatch.setattr(internals, 'release', lambda: '2025.1')
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(_keep, map(str, range(40))))
    assert len(json.loads(matrix.RESULTS.read_text())['2025.1']) == 40


def _keep(name: str) -> None:
    with matrix._own_results() as own:
        own[name] = {}
