"""Runs the test suites, each in a process of its own.

    python -m tests.suites [--jobs 2] [--retry] SUITE …

Configuration and database of Cinder and of Nova are global, and nova-api refuses to
share one with Cinder. With several jobs, the longest suites begin, and the output of a
suite is printed when it has ended. With ``--retry``, what failed has one more try
when all suites have ended: alone, so that no deadline passes because of the others.
"""

import argparse
import concurrent.futures
import dataclasses
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
SIMULATOR = 'simulator'
_LONGEST = ('contract', 'functional', 'unit')
_SECONDS = 3600.0
"""Of one suite, at most."""


@dataclasses.dataclass(frozen=True)
class Suite:
    """A folder of tests, and how it is run; ``measured`` for coverage."""

    name: str
    measured: bool = False

    @property
    def folder(self) -> Path:
        """Where its process runs."""
        return ROOT / SIMULATOR if self.name == SIMULATOR else ROOT

    def command(self, *more: str) -> Sequence[str]:
        """What runs it. Each remembers by itself what failed."""
        words = ['coverage', 'run', '-m', 'pytest'] if self.measured else ['pytest']
        cache = ROOT / '.pytest_cache' / self.name.replace('/', '-')
        where = [] if self.name == SIMULATOR else [f'tests/{self.name}']
        options = ['-o', f'cache_dir={cache}', *more]
        return [sys.executable, '-m', *words, *options, *where]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run them; the exit status."""
    parser = argparse.ArgumentParser(prog='python -m tests.suites')
    parser.add_argument('--jobs', type=int, default=1, help='suites at once')
    parser.add_argument('--retry', action='store_true')
    parser.add_argument('--measure', action='append', default=[], metavar='SUITE')
    parser.add_argument('suites', nargs='+')
    options = parser.parse_args(arguments)
    suites = [Suite(name, name in options.measure) for name in options.suites]
    failed = run(suites, options.jobs)
    if failed and options.retry:
        print('Once more, alone:', *(suite.name for suite in failed), flush=True)
        failed = [suite for suite in failed if not passes(suite, '--last-failed')]
    for suite in failed:
        print(f'{suite.name} failed.', file=sys.stderr)
    return 1 if failed else 0


def run(suites: Sequence[Suite], jobs: int) -> list[Suite]:
    """Those that failed."""
    if jobs == 1:
        return [suite for suite in suites if not passes(suite)]
    first = sorted(suites, key=place)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        passed = list(pool.map(_passes_quietly, first))
    return [suite for suite, well in zip(first, passed, strict=True) if not well]


def passes(suite: Suite, *more: str) -> bool:
    """Whether it passes; it prints as it goes."""
    print(suite.name, flush=True)
    return _ended_well(suite, subprocess.Popen(suite.command(*more), cwd=suite.folder))


def _passes_quietly(suite: Suite) -> bool:
    started = time.monotonic()
    with tempfile.TemporaryFile('w+') as said:
        well = _ended_well(
            suite,
            subprocess.Popen(
                suite.command(), cwd=suite.folder, stdout=said, stderr=said
            ),
        )
        said.seek(0)
        seconds = time.monotonic() - started
        print(f'{suite.name}, {seconds:.0f} s\n{said.read()}', flush=True)
    return well


def _ended_well(suite: Suite, process: 'subprocess.Popen[bytes]') -> bool:
    try:
        return process.wait(_SECONDS) == 0
    except subprocess.TimeoutExpired:
        print(f'{suite.name} has not ended after {_SECONDS:.0f} s.', file=sys.stderr)
        return False
    finally:
        process.kill()


def place(suite: Suite) -> int:
    """Its place in the order: those that take longest come first."""
    return _LONGEST.index(suite.name) if suite.name in _LONGEST else len(_LONGEST)


if __name__ == '__main__':
    sys.exit(main())
