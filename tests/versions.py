"""Runs the suites with the simulator at several ONTAP releases, and writes the table.

``python -m tests.versions`` (``make versions``) writes it into ``simulator/README.md``.
With names of suites behind it, only these are run, and nothing is written.
"""

import dataclasses
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from pathlib import Path

RELEASES = ('9.11.1', '9.14.1', '9.16.1', '9.19.1')
ROOT = Path(__file__).parents[1]
README = ROOT / 'simulator/README.md'
BEGIN, END = (
    f'<!-- written by `make versions`: {edge} -->' for edge in ('begin', 'end')
)

SUITES: Mapping[str, tuple[str, str]] = {
    'simulator': ('simulator', 'tests/contract tests/unit/test_strict.py'),
    'contract': ('.', 'tests/contract'),
    'storage': ('.', 'tests/security/storage'),
    'functional': ('.', 'tests/functional'),
}
"""Where each is run, and what of it."""


@dataclasses.dataclass(frozen=True)
class Result:
    """What a suite said at one release."""

    passed: int
    failed: int
    skipped: int

    def __str__(self) -> str:
        text = f'{self.passed} passed'
        return f'{text}, {self.failed} failed' if self.failed else text


def run(suite: str, release: str) -> Result:
    """Run a suite, with the simulator at a release."""
    folder, paths = SUITES[suite]
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / 'report.xml'
        command = [sys.executable, '-m', 'pytest', '-q', f'--junitxml={report}']
        subprocess.run(
            [*command, *paths.split()],
            cwd=ROOT / folder,
            env={**os.environ, 'EIC_ONTAP_VERSION': release},
            check=False,
        )
        return result_of(report)


def result_of(report: Path) -> Result:
    """What a report of pytest says."""
    suites = list(ET.parse(report).getroot().iter('testsuite'))  # noqa: S314 - ours
    counts = {
        name: sum(int(suite.get(name, 0)) for suite in suites)
        for name in ('tests', 'failures', 'errors', 'skipped')
    }
    failed = counts['failures'] + counts['errors']
    passed = counts['tests'] - failed - counts['skipped']
    return Result(passed, failed, counts['skipped'])


def table(results: Mapping[tuple[str, str], Result]) -> str:
    """The table in Markdown: a row for each suite, a column for each release.

    A suite that did not run at every release has no row.
    """
    lines = [
        f'| Suite | {" | ".join(RELEASES)} |',
        f'|---|{"---|" * len(RELEASES)}',
    ]
    for suite in SUITES:
        if any((suite, release) not in results for release in RELEASES):
            continue
        cells = (str(results[suite, release]) for release in RELEASES)
        lines.append(f'| {suite} | {" | ".join(cells)} |')
    return '\n'.join(lines)


def write(text: str) -> None:
    """Put the table between its marks."""
    before, _, rest = README.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    README.write_text(f'{before}{BEGIN}\n{text}\n{END}{after}')


def main(suites: Iterable[str]) -> int:
    """Run what is asked for; 1 if a test failed."""
    only = list(suites)
    results = {
        (suite, release): run(suite, release)
        for suite in only or SUITES
        for release in RELEASES
    }
    for (suite, release), result in results.items():
        print(f'{suite} at {release}: {result}')
    if not only:
        write(table(results))
    return int(any(result.failed for result in results.values()))


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
