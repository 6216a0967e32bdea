"""Which feature works with which release of OpenStack, from tests that were run.

With the Python of a release::

    .venv-2025.1/bin/python -m tests.matrix run               # all suites
    .venv-2025.1/bin/python -m tests.matrix run tests/contract/test_plan.py
    .venv-2025.1/bin/python -m tests.matrix demo              # the lab's, that is up

and then, with that of the newest one, ``python -m tests.matrix write``.
docs/compatibility.json has what was found, by release and file: several runs beside
each other keep theirs in turn.
docs/compatibility.md has the table.
"""

import contextlib
import dataclasses
import fcntl
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests import best_effort
from tests.functional import internals
from tests.results import Count, by_file, read

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / 'docs/compatibility.json'
PAGE = ROOT / 'docs/compatibility.md'
RELEASES = tuple(internals.RELEASES.values())
SUITES = (
    'tests/unit',
    'tests/contract',
    'tests/functional',
    'tests/functional_nova',
    'tests/security/storage',
    'tests/security/cinder_api',
    'tests/security/nova_api',
)
DEMO = 'demo'
NOT_RUN = 'not run'
FEATURES: Mapping[str, Sequence[str]] = {
    'the life of a volume on NFS': ['tests/contract/test_nfs_life_cycle'],
    'the life of a volume on iSCSI, FC and NVMe': [
        'tests/contract/test_block_life_cycle'
    ],
    'images of all kinds, by each route': [
        'tests/contract/test_image_kinds',
        'tests/contract/test_block_drivers',
        'tests/contract/test_flexgroups',
        'tests/contract/test_large_files',
        'tests/contract/test_lun_from_file',
    ],
    'properties and QoS as a download has them': [
        'tests/contract/test_volume_properties'
    ],
    'failover and migration': [
        'tests/contract/test_failover',
        'tests/contract/test_migration',
    ],
    'faults and crashes': [
        'tests/contract/test_faults',
        'tests/contract/test_block_faults',
        'tests/contract/test_block_crashes',
        'tests/contract/test_refused_calls',
    ],
    'precaching, and copies by demand': [
        'tests/contract/test_block_precache',
        'tests/contract/test_spread',
        'tests/functional/test_spread',
    ],
    "Cinder's image-volume cache": [
        'tests/functional/test_image_volume_cache',
        'tests/functional/test_image_volumes',
        'tests/functional/test_seeds',
    ],
    '`eic plan` and `eic check`': [
        'tests/contract/test_plan',
        'tests/functional/test_check',
    ],
    'the filter of cinder-api, and its hold': [
        'tests/functional/test_cinder_filter',
        'tests/functional/test_hold',
        'tests/functional/test_postponed',
        'tests/functional/test_deployment',
    ],
    'threads and eventlet': ['tests/functional/test_eventlet'],
    'the filter of nova-api': ['tests/functional_nova'],
    'odd and hostile requests': [
        'tests/security/storage',
        'tests/security/cinder_api',
        'tests/security/nova_api',
    ],
    "Cinder's internals as they are recorded": ['tests/functional/test_internals'],
    'the stock drivers on the simulator': ['tests/contract/test_stock_'],
    'all suites': [f'{suite}/' for suite in SUITES],
}
"""Of the table's lines: what the paths of their tests begin with."""


def run(targets: Sequence[str]) -> int:
    """Run suites or files, a process for each suite; the exit status."""
    status = 0
    for suite in SUITES:
        paths = [each for each in targets or SUITES if _is_in(each, suite)]
        if paths:
            with tempfile.TemporaryDirectory() as folder:
                report = Path(folder) / 'report.xml'
                argv = [sys.executable, '-m', 'pytest', '-q', f'--junitxml={report}']
                status |= subprocess.run(
                    [*argv, *paths], cwd=ROOT, check=False
                ).returncode
                if report.exists():
                    _keep_files(read(report))
    return status


def _is_in(path: str, suite: str) -> bool:
    return path == suite or path.startswith(f'{suite}/')


def _keep_files(report: Any) -> None:
    """Into the results: each file's counts, and why tests were skipped."""
    lacking = {
        skip.get('message', '')
        for skip in report.iter('skipped')
        if skip.get('message', '').startswith('before Cinder')
    }
    files = {
        file: dataclasses.asdict(count) for file, count in by_file(report, ROOT).items()
    }
    with _own_results() as own:
        own.setdefault('files', {}).update(files)
        own['lacking'] = sorted({*own.get('lacking', ()), *lacking})


def demo() -> int:
    """Keep what `make demo` has found in the lab that is up."""
    from lab import paths  # noqa: PLC0415 - only where there is a lab

    found = json.loads((paths.from_environment() / 'demo/result.json').read_text())
    summary = {
        'volumes': {
            row['case']['title']: [
                row['route'],
                len(row['cost']['calls']),
                row['checksum_equal'],
            ]
            for row in found['rows']
            if row['driver'] == 'eic'
        },
        'servers': {
            row['case']['title']: row['routes']
            for row in found['servers']
            if row['driver'] == 'eic'
        },
        'problems': found['problems'],
    }
    with _own_results() as own:
        own[DEMO] = summary
    return 0


def write() -> int:
    """Put the tables into docs/compatibility.md."""
    PAGE.write_text(page(PAGE.read_text()))
    return 0


def page(text: str) -> str:
    """The page with its tables as the results are now."""
    for name, lines in TABLES.items():
        begin, end = f'<!-- {name}: begin -->\n', f'<!-- {name}: end -->'
        before, _, rest = text.partition(begin)
        after = rest.partition(end)[2]
        text = ''.join((before, begin, *(f'{line}\n' for line in lines()), end, after))
    return text


def features() -> Iterator[str]:
    """A line for each feature, a column for each release."""
    return _table(RELEASES)


def in_part() -> Iterator[str]:
    """The features of which something was run on a release of best effort."""
    return _table(best_effort.RELEASES, only_run=True)


def _table(releases: Sequence[str], *, only_run: bool = False) -> Iterator[str]:
    results = _results()
    yield _row('', releases)
    yield _row('---', ['---'] * len(releases))
    for feature, prefixes in FEATURES.items():
        cells = [_cell(results.get(each, {}), prefixes) for each in releases]
        if not only_run or set(cells) != {NOT_RUN}:
            yield _row(feature, cells)


def _cell(result: Mapping[str, Any], prefixes: Sequence[str]) -> str:
    counts = [_sum(result, each) for each in prefixes]
    told = cell(sum(counts, Count()))
    partly = Count() in counts and any(count != Count() for count in counts)
    return f'{told}, not all run' if partly else told


def cell(count: Count) -> str:
    """As the table has it."""
    if count == Count():
        return NOT_RUN
    if count.failed:
        return f'**{count.failed} of {count.passed + count.failed} fail**'
    return f'{count.passed}'


def lacking() -> Iterator[str]:
    """What tests say that they cannot see on a release."""
    found: dict[str, list[str]] = {}
    for release, result in _results().items():
        for why in result.get('lacking', ()):
            found.setdefault(why, []).append(release)
    for why, releases in sorted(found.items()):
        yield f'- {", ".join(sorted(releases))}: {why}'


def demos() -> Iterator[str]:
    """What the demo's volumes and servers by EIC were, a column for each release."""
    found = {
        release: dict(_made(result[DEMO]))
        for release, result in sorted(_results().items())
        if DEMO in result
    }
    yield _row('route, ONTAP calls, bytes', found)
    yield _row('---', ['---'] * len(found))
    for title in next(iter(found.values()), {}):
        yield _row(title, [each.get(title, 'not run') for each in found.values()])
    yield _row(
        'not as expected',
        [str(len(_results()[release][DEMO]['problems'])) for release in found],
    )


def problems() -> Iterator[str]:
    """What of the demos was not as expected, in their own words."""
    found = [
        f'- {release}: {problem}'
        for release, result in sorted(_results().items())
        for problem in result.get(DEMO, {}).get('problems', ())
    ]
    yield from found or ['- nothing']


def _made(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for title, (route, calls, equal) in result['volumes'].items():
        yield f'volume: {title}', f'{route}, {calls}, {"equal" if equal else "WRONG"}'
    for title, routes in result['servers'].items():
        yield (
            f'server: {title}',
            ', '.join(f'{count} {route}' for route, count in sorted(routes.items())),
        )


def changed() -> Iterator[str]:
    """Which release changed what EIC uses of Cinder's internals."""
    yield _row("of Cinder, or EIC's override", ['changed in', 'before', 'from then on'])
    yield _row('---', ['---'] * 3)
    for name, release, before, after in internals.changes():
        yield _row(f'`{name}`', [release, f'`{before}`', f'`{after}`'])


TABLES = {
    'features': features,
    'demos': demos,
    'problems': problems,
    'lacking': lacking,
    'internals': changed,
    'in part': in_part,
    'lifted': best_effort.table,
}


def _sum(result: Mapping[str, Any], prefix: str) -> Count:
    return sum(
        (
            Count(**count)
            for file, count in result.get('files', {}).items()
            if file.startswith(prefix)
        ),
        Count(),
    )


def _row(first: str, cells: Iterable[str]) -> str:
    return f'| {first} | {" | ".join(cells)} |'


def _release() -> str:
    found = internals.release()
    if found is None:
        raise SystemExit('This Cinder is of no supported release.')
    return found


def _results() -> Any:
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


@contextlib.contextmanager
def _own_results() -> Iterator[dict[str, Any]]:
    """This release's results, to be changed; no other run changes the file then."""
    release = _release()
    with _alone():
        results = _results()
        yield results.setdefault(release, {})
        RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + '\n')


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """The lock is the folder's: the file itself is read by others as it is."""
    folder = os.open(RESULTS.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def main() -> int:
    """The command."""
    command, *arguments = sys.argv[1:] or ['help']
    if command == 'run':
        return run(arguments)
    if command in {'demo', 'write'} and not arguments:
        return {'demo': demo, 'write': write}[command]()
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == '__main__':
    sys.exit(main())
