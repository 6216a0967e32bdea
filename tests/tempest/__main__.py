"""Run tempest on the lab and write ``docs/tempest.md``; 1 if something surprises."""

import argparse
import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab import context, files, paths
from lab.context import Lab
from tests.tempest import cloud, conf, known, suite, table
from tests.tempest.groups import GROUPS, SIDES, Group

_PACKAGES = ('tempest', 'cinder-tempest-plugin')
_VERSIONS = (
    'import importlib.metadata as m, json\n'
    f'print(json.dumps({{name: m.version(name) for name in {_PACKAGES!r}}}))'
)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    options = _parser().parse_args(arguments)
    # What was prepared is taken away then, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if not options.write:
        _run(options)
    table.write()
    found = list(known.surprises(table.results(), GROUPS))
    for each in found:
        print(each, file=sys.stderr)
    return 1 if found else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='python -m tests.tempest')
    parser.add_argument(
        '--python',
        type=Path,
        default=Path('.venv-tempest/bin/python'),
        help='of the environment that has tempest',
    )
    parser.add_argument('--side', choices=SIDES, action='append', default=[])
    names = [group.name for group in GROUPS]
    parser.add_argument('--group', choices=names, action='append', default=[])
    parser.add_argument('--concurrency', type=int, default=2)
    parser.add_argument(
        '--write', action='store_true', help='only the page, from what is kept'
    )
    return parser


def _run(options: argparse.Namespace) -> None:
    lab = context.load(paths.from_environment())
    lab.holder()  # says how to start it if it is down
    python = options.python.absolute()
    with cloud.prepared(lab) as prepared:
        for side in options.side or SIDES:
            wanted = [
                group
                for group in GROUPS
                if side in group.sides
                and (not options.group or group.name in options.group)
            ]
            if wanted:
                _run_side(lab, side, wanted, prepared, python, options.concurrency)


def _run_side(
    lab: Lab,
    side: str,
    wanted: Sequence[Group],
    prepared: cloud.Prepared,
    python: Path,
    concurrency: int,
) -> None:
    folder = files.private_dir(lab.paths / f'tempest/{side}')
    print(f'{side}: {", ".join(group.name for group in wanted)} ...', flush=True)
    found = suite.run(
        python, conf.write(lab, side, prepared, folder), wanted, concurrency
    )
    table.keep(side, found, _versions(python))
    for name, each in found.items():
        skipped = sum(each.skipped.values())
        print(
            f'{side}: {name}: {each.passed} passed, {len(each.failed)} failed, '
            f'{skipped} skipped',
            flush=True,
        )


def _versions(python: Path) -> Mapping[str, str]:
    said = subprocess.run(
        [python, '-c', _VERSIONS], check=True, capture_output=True, text=True
    )
    versions: Mapping[str, str] = json.loads(said.stdout)
    return versions


if __name__ == '__main__':
    sys.exit(main())
