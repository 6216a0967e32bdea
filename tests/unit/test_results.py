"""What pytest reports is counted by file."""

from pathlib import Path

import pytest

from tests import matrix, results
from tests.results import Count

REPORT = """<testsuites><testsuite>
<testcase classname="tests.unit.test_results" name="a"/>
<testcase classname="tests.unit.test_results" name="b"><failure/></testcase>
<testcase classname="tests.unit.test_results.TestOfAClass" name="c"><error/></testcase>
<testcase classname="tests.unit.test_matrix" name="d"><skipped/></testcase>
<testcase classname="" name="tests.unit.test_matrix"><error/></testcase>
<testcase classname="of.somebody.else" name="e"/>
</testsuite></testsuites>"""


def test_a_report_is_counted_by_file(tmp_path: Path) -> None:
    """A module that cannot be imported is named by its case, and failed."""
    report = tmp_path / 'report.xml'
    report.write_text(REPORT)
    assert results.by_file(results.read(report), matrix.ROOT) == {
        'tests/unit/test_results': Count(passed=1, failed=2),
        'tests/unit/test_matrix': Count(failed=1, skipped=1),
    }


@pytest.mark.parametrize(
    ('name', 'file'),
    [
        ('tests.unit.test_matrix', 'tests/unit/test_matrix'),
        ('tests.unit.test_matrix.TestOfAClass', 'tests/unit/test_matrix'),
        ('of.somebody.else', ''),
    ],
)
def test_a_test_is_its_files(name: str, file: str) -> None:
    assert results.file_of(name, matrix.ROOT) == file
