"""Runs the suites and the demo with the simulator at several ONTAP releases.

``python -m tests.versions`` (``make versions``) runs all of it, in hours. With names
behind it, only these are run: a suite, a file, or ``demo``; with ``--release``, at
these releases alone::

    python -m tests.versions --release 9.11.1 storage tests/contract/test_plan.py

What each of them finds is kept in docs/ontap_versions.json as it ends, by release,
suite and file. The table in simulator/README.md is made from it; ``--write`` only
does that.
"""

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.results import Count, by_file, read

RELEASES = ('9.11.1', '9.14.1', '9.16.1', '9.19.1')
ROOT = Path(__file__).parents[1]
README = ROOT / 'simulator/README.md'
RESULTS = ROOT / 'docs/ontap_versions.json'
BEGIN, END = (
    f'<!-- written by `make versions`: {edge} -->' for edge in ('begin', 'end')
)
VERSION = 'EIC_ONTAP_VERSION'
DEMO = 'demo'


@dataclasses.dataclass(frozen=True)
class Suite:
    """Tests that are run together.

    ``folder`` is where pytest starts, from the repository's root; ``paths`` are what it
    runs, from there; ``options`` are set in its environment.
    """

    paths: Sequence[str]
    folder: str = ''
    options: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def has(self, file: str) -> bool:
        """Whether it runs this file, which is named from the repository's root."""
        return any(
            Path(file).is_relative_to(Path(self.folder, path)) for path in self.paths
        )


SUITES: Mapping[str, Suite] = {
    'simulator': Suite(('tests/contract', 'tests/unit/test_strict.py'), 'simulator'),
    'contract': Suite(('tests/contract',)),
    'storage': Suite(('tests/security/storage',)),
    'checks': Suite(
        ('tests/functional/test_checks.py', 'tests/functional/test_check_command.py')
    ),
    'faults': Suite(
        ('tests/contract/test_faults.py', 'tests/contract/test_block_faults.py'),
        options={'EIC_FAULT_TABLE': '1'},
    ),
}
"""What can be run, by its name in the table.

``contract`` skips what ``faults`` runs. So a file's suite is the last one that has it.
``checks`` are those of tests/functional that ask the simulator.
"""


def run(name: str, release: str) -> int:
    """Run a suite, a file or the demo, and keep what it finds; its exit status."""
    if name == DEMO:
        return _run_demo(release)
    if name in SUITES:
        return _run_tests(name, SUITES[name].paths, release, whole=True)
    suite = suite_of(name)
    inside = Path(name).relative_to(SUITES[suite].folder)
    return _run_tests(suite, [str(inside)], release, whole=False)


def suite_of(file: str) -> str:
    """Which suite a file is of.

    :raises ValueError: of none
    """
    for name, suite in reversed(SUITES.items()):
        if suite.has(file):
            return name
    raise ValueError(
        f'{file!r} is none of {", ".join([*SUITES, DEMO])}, and no file of a suite.'
    )


def _run_tests(suite: str, paths: Sequence[str], release: str, *, whole: bool) -> int:
    folder = ROOT / SUITES[suite].folder
    env = {**os.environ, **SUITES[suite].options, VERSION: release}
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / 'report.xml'
        argv = [sys.executable, '-m', 'pytest', '-q', f'--junitxml={report}', *paths]
        process = subprocess.Popen(argv, cwd=folder, env=env)
        try:
            status = process.wait()
        except KeyboardInterrupt:
            # It has got the signal, too, and writes down what it has found.
            process.wait()
            keep(suite, release, report, whole=False, cut=True)
            raise
        keep(suite, release, report, whole=whole, cut=status not in {0, 1})
        return status


def keep(suite: str, release: str, report: Path, *, whole: bool, cut: bool) -> None:
    """Put a report of pytest into the results.

    :param whole: the suite was asked for, not a file of it
    :param cut: pytest did not come to its end; where it was is not kept
    """
    if not report.exists():
        return
    files = dict(by_file(read(report), ROOT / SUITES[suite].folder))
    if cut and files:
        files.popitem()
    _save(suite, release, files, whole=whole and not cut)


def _save(suite: str, release: str, files: Mapping[str, Count], *, whole: bool) -> None:
    results = load()
    own = results.setdefault(release, {}).setdefault(suite, {'files': {}})
    new = {name: dataclasses.asdict(count) for name, count in files.items()}
    own['files'] = new if whole else {**own['files'], **new}
    own['whole'] = whole or own.get('whole', False)
    RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + '\n')


def load() -> Any:
    """What was found: by release and suite ``files`` with the counts of each, and
    whether they are the ``whole`` suite.
    """
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def _run_demo(release: str) -> int:
    """In a lab of its own, which is deleted."""
    with tempfile.TemporaryDirectory(prefix='eic-lab-versions.', dir='/var/tmp') as lab:
        env = {**os.environ, VERSION: release, 'EIC_LAB_DIR': lab}
        try:
            status = _lab(env, 'lab', 'up') or _lab(env, 'lab.demo')
            keep_demo(release, Path(lab, 'demo/result.json'))
        finally:
            _lab(env, 'lab', 'down', '--purge')
    return status


def _lab(env: Mapping[str, str], module: str, *arguments: str) -> int:
    argv = [sys.executable, '-m', module, *arguments]
    return subprocess.run(argv, cwd=ROOT, env=env, check=False).returncode


def keep_demo(release: str, found: Path) -> None:
    """Put what the demo has written into the results.

    :raises ValueError: the lab's clusters were of another release
    """
    if not found.exists():
        return
    result = json.loads(found.read_text())
    if set(result['ontap']) != {release}:
        raise ValueError(f'The demo ran at {result["ontap"]}, not at {release}.')
    rows = {'volumes': result['rows'], 'servers': result['servers']}
    counts = {name: _good_and_bad(each) for name, each in rows.items()}
    of_rows = sum(len(row['problems']) for each in rows.values() for row in each)
    counts['left behind'] = Count(failed=len(result['problems']) - of_rows)
    _save(DEMO, release, counts, whole=True)


def _good_and_bad(rows: Sequence[Mapping[str, Any]]) -> Count:
    bad = sum(bool(row['problems']) for row in rows)
    return Count(passed=len(rows) - bad, failed=bad)


def table() -> Iterator[str]:
    """The table in Markdown: a row for each suite, a column for each release."""
    results = load()
    yield f'| Suite | {" | ".join(RELEASES)} |'
    yield f'|---|{"---|" * len(RELEASES)}'
    for suite in (*SUITES, DEMO):
        cells = (cell(results.get(each, {}).get(suite, {}), suite) for each in RELEASES)
        yield f'| {suite} | {" | ".join(cells)} |'


def cell(found: Mapping[str, Any], suite: str) -> str:
    """What a suite said at one release."""
    counts = [Count(**count) for count in found.get('files', {}).values()]
    if not counts:
        return 'not run'
    total = dataclasses.asdict(sum(counts, Count()))
    text = ', '.join(f'{count} {name}' for name, count in total.items() if count)
    return text if found['whole'] or _by_files(suite, found) else f'in part: {text}'


def _by_files(suite: str, found: Mapping[str, Any]) -> bool:
    """Whether all of a suite was run, though a file at a time.

    Of a suite of folders nobody knows: a file that was not run is not named.
    """
    named = SUITES[suite].paths if suite in SUITES else ()
    return bool(named) and {each.removesuffix('.py') for each in named} <= set(
        found['files']
    )


def page(text: str) -> str:
    """The README with the table as the results are now."""
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    lines = '\n'.join(table())
    return f'{before}{BEGIN}\n{lines}\n{END}{after}'


def write() -> None:
    """Put the table between its marks."""
    README.write_text(page(README.read_text()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; 1 if anything failed."""
    parser = argparse.ArgumentParser(prog='python -m tests.versions')
    parser.add_argument('--write', action='store_true', help='only the table')
    parser.add_argument('--release', action='append', choices=RELEASES)
    parser.add_argument('names', nargs='*', metavar='SUITE, FILE or demo')
    options = parser.parse_args(arguments)
    failed = False
    names = [] if options.write else options.names or [*SUITES, DEMO]
    try:
        for name in {*names} - {*SUITES, DEMO}:
            suite_of(name)
    except ValueError as err:
        parser.error(str(err))
    try:
        for name in names:
            for release in options.release or RELEASES:
                print(f'{name} at {release}', flush=True)
                failed |= run(name, release) != 0
    finally:
        write()
    return int(failed)


if __name__ == '__main__':
    sys.exit(main())
