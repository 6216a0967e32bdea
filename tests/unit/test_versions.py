"""The table of ``make versions`` says what the suites said."""

from pathlib import Path

import pytest

from tests import versions

REPORT = """<testsuites>
<testsuite tests="9" failures="2" errors="1" skipped="3"/>
</testsuites>"""


def test_report_is_counted(tmp_path: Path) -> None:
    report = tmp_path / 'report.xml'
    report.write_text(REPORT)
    found = versions.result_of(report)
    assert found == versions.Result(passed=3, failed=3, skipped=3)
    assert str(found) == '3 passed, 3 failed'


def test_table_is_put_between_its_marks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, 'README', tmp_path / 'README.md')
    readme = f'before\n{versions.BEGIN}\nold\n{versions.END}\nafter\n'
    versions.README.write_text(readme)
    passed = versions.Result(passed=5, failed=0, skipped=0)
    results = {
        (suite, release): passed
        for suite in versions.SUITES
        for release in versions.RELEASES
    }
    versions.write(versions.table(results))
    text = versions.README.read_text()
    assert text.startswith('before\n')
    assert text.endswith('after\n')
    assert 'old' not in text
    assert f'| contract | {" | ".join(["5 passed"] * len(versions.RELEASES))} |' in text
