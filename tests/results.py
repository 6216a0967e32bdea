"""Counts of tests by file, from pytest's report in the format of JUnit."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree


@dataclasses.dataclass(frozen=True)
class Count:
    """What came of the tests of a file, or of several."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: 'Count') -> 'Count':
        return Count(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
        )


def read(path: Path) -> 'ElementTree.Element[str]':
    """A report."""
    return ElementTree.parse(path).getroot()  # noqa: S314 - pytest's own


def by_file(report: 'ElementTree.Element[str]', root: Path) -> Mapping[str, Count]:
    """The counts of each file, in the order in which they ran.

    :param root: the folder in which pytest ran; files are named from there, without
        their suffix
    """
    files: dict[str, Count] = {}
    for case in report.iter('testcase'):
        file = file_of(case.get('classname') or case.get('name') or '', root)
        if file:
            files[file] = files.get(file, Count()) + _count(case)
    return files


def file_of(name: str, root: Path) -> str:
    """The file of a test's class or module; empty if there is none."""
    parts = [part for part in name.split('.') if part]
    for end in range(len(parts), 0, -1):
        if (root / Path(*parts[:end]).with_suffix('.py')).exists():
            return '/'.join(parts[:end])
    return ''


def _count(case: 'ElementTree.Element[str]') -> Count:
    if case.find('failure') is not None or case.find('error') is not None:
        return Count(failed=1)
    return Count(skipped=1) if case.find('skipped') is not None else Count(passed=1)
