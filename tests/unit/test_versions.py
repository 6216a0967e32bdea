"""The table of ``make versions`` says what was found, also by runs that were cut."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests import versions
from tests.results import Count

REPORT = """<testsuites><testsuite>
<testcase classname="tests.contract.test_plan" name="a"/>
<testcase classname="tests.contract.test_cache" name="b"/>
<testcase classname="tests.contract.test_cache" name="c"><failure/></testcase>
<testcase classname="tests.contract.test_cache" name="d"><skipped/></testcase>
</testsuite></testsuites>"""
PLAN, CACHE = 'tests/contract/test_plan', 'tests/contract/test_cache'
RELEASE = versions.RELEASES[0]


@pytest.fixture(autouse=True)
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, 'RESULTS', tmp_path / 'results.json')
    monkeypatch.setattr(versions, 'README', tmp_path / 'README.md')


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / 'report.xml'
    path.write_text(REPORT)
    return path


def line(suite: str) -> str:
    (found,) = [each for each in versions.table() if each.startswith(f'| {suite} |')]
    return found


def files() -> Any:
    return versions.load()[RELEASE]['contract']['files']


def test_what_did_not_run_is_said() -> None:
    assert line('contract') == '| contract | not run | not run | not run | not run |'
    assert line('demo').count('not run') == len(versions.RELEASES)


def test_a_suite_that_ran_is_counted(report: Path) -> None:
    versions.keep('contract', RELEASE, report, whole=True, cut=False)
    assert '| 2 passed, 1 failed, 1 skipped | not run |' in line('contract')
    assert files()[PLAN] == {'passed': 1, 'failed': 0, 'skipped': 0}


def test_of_a_run_that_was_cut_the_files_are_kept_that_it_ended(report: Path) -> None:
    versions.keep('contract', RELEASE, report, whole=True, cut=True)
    assert list(files()) == [PLAN]
    assert '| in part: 1 passed | not run |' in line('contract')


def test_a_file_that_ran_again_replaces_what_it_said(report: Path) -> None:
    versions.keep('contract', RELEASE, report, whole=True, cut=False)
    report.write_text(REPORT.replace('<failure/>', ''))
    versions.keep('contract', RELEASE, report, whole=False, cut=False)
    assert '| 3 passed, 1 skipped | not run |' in line('contract')


def test_a_suite_of_files_is_whole_when_each_of_them_has_run(
    report: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = versions.Suite((PLAN,))
    monkeypatch.setitem(versions.SUITES, 'contract', one)
    versions.keep('contract', RELEASE, report, whole=False, cut=True)
    assert '| 1 passed | not run |' in line('contract')
    monkeypatch.setitem(versions.SUITES, 'contract', versions.Suite((PLAN, CACHE)))
    assert '| in part: 1 passed | not run |' in line('contract')


def test_a_whole_suite_forgets_files_that_are_gone(report: Path) -> None:
    versions.keep('contract', RELEASE, report, whole=True, cut=False)
    report.write_text(REPORT.replace('test_plan', 'test_cache'))
    versions.keep('contract', RELEASE, report, whole=True, cut=False)
    assert list(files()) == [CACHE]


def test_a_pytest_that_died_leaves_what_was_known(tmp_path: Path, report: Path) -> None:
    versions.keep('contract', RELEASE, report, whole=True, cut=False)
    versions.keep('contract', RELEASE, tmp_path / 'none', whole=True, cut=True)
    assert set(files()) == {PLAN, CACHE}


def test_the_demo_is_a_row(tmp_path: Path) -> None:
    good, bad = {'problems': []}, {'problems': ['the volume is error']}
    result = {
        'rows': [good, bad, good],
        'servers': [good],
        'problems': ['the volume is error', 'eic left a file behind'],
        'ontap': [RELEASE, RELEASE],
    }
    found = tmp_path / 'result.json'
    found.write_text(json.dumps(result))
    versions.keep_demo(RELEASE, found)
    assert '| 3 passed, 2 failed | not run |' in line('demo')


def test_a_demo_at_another_release_is_none(tmp_path: Path) -> None:
    found = tmp_path / 'result.json'
    found.write_text(json.dumps({'ontap': ['9.15.1']}))
    with pytest.raises(ValueError, match=RELEASE):
        versions.keep_demo(RELEASE, found)


def test_the_table_is_put_between_its_marks(report: Path) -> None:
    readme = f'before\n{versions.BEGIN}\nold\n{versions.END}\nafter\n'
    versions.README.write_text(readme)
    versions.keep('contract', RELEASE, report, whole=True, cut=False)
    assert versions.main(['--write']) == 0
    text = versions.README.read_text()
    assert text.startswith('before\n')
    assert text.endswith('after\n')
    assert 'old' not in text
    assert line('contract') in text


@pytest.mark.parametrize(
    ('file', 'suite'),
    [
        ('tests/contract/test_plan.py', 'contract'),
        ('tests/security/storage/test_quota.py', 'storage'),
        ('simulator/tests/unit/test_strict.py', 'simulator'),
        ('tests/contract/test_faults.py', 'faults'),
    ],
)
def test_a_file_is_run_by_its_suite(file: str, suite: str) -> None:
    assert (versions.ROOT / file).exists()
    assert versions.suite_of(file) == suite


def test_all_files_of_functional_that_ask_the_simulator_are_run() -> None:
    """`eic check` is there with a cluster, which tests/functional/checked makes."""
    folder = versions.ROOT / 'tests/functional'
    ask = [path for path in folder.glob('test_*.py') if '.checked' in path.read_text()]
    assert {str(path.relative_to(versions.ROOT)) for path in ask} == {
        *versions.SUITES['checks'].paths
    }


def test_who_asks_for_what_is_not_there_hears_what_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        versions.main(['contract', 'tests/unit'])
    assert "'tests/unit' is none of simulator, contract" in capsys.readouterr().err


def test_a_file_is_run_at_its_release_and_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With this very suite, of which one quick file is run."""
    monkeypatch.setitem(versions.SUITES, 'contract', versions.Suite(('tests/unit',)))
    versions.README.write_text(f'{versions.BEGIN}\n{versions.END}\n')
    name = 'tests/unit/test_results.py'
    assert versions.main(['--release', RELEASE, name]) == 0
    (count,) = files().values()
    assert Count(**count).failed == 0 < Count(**count).passed
    assert 'in part' in versions.README.read_text()


class TestTheRepository:
    """Its own results, not those of a test."""

    @pytest.fixture(autouse=True)
    def results(self) -> None:
        """As they are."""

    def test_the_readme_has_what_was_found(self) -> None:
        """If not: `python -m tests.versions --write`."""
        text = versions.README.read_text()
        assert versions.page(text) == text
