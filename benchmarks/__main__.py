"""`python -m benchmarks [NAME ...]`: runs them on the running lab.

Those that run in a process of their own need no lab: weigher, demand.

Without names it runs all of them and writes docs/bench.json, docs/bench.png and
docs/bench.md. With names it runs these alone, prints the tables, and writes the
numbers into the lab's state directory; with --update into docs/, in the place of
their last ones. It ends with 1 if a target that is a count was missed.
"""

import argparse
import contextlib
import functools
import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import (
    block,
    burst,
    calls,
    cleanliness,
    cpu,
    demand,
    filters,
    guests,
    hit_rate,
    image_size,
    limited,
    qcow2,
    report,
    servers,
    simultaneous,
    spread,
    weigher,
)
from benchmarks.model import missed_counts
from benchmarks.tenant import Tenant
from benchmarks.undisturbed import undisturbed
from lab import context, files, guest_support, paths
from lab.context import Lab
from lab.errors import LabError

Benchmark = Callable[[Lab], dict[str, Any]]
BENCHMARKS: dict[str, Benchmark] = {
    'calls': calls.run,
    'image_size': image_size.run,
    'simultaneous': simultaneous.run,
    'qcow2': qcow2.run,
    'cpu': cpu.run,
    'block': block.run,
    'hit_rate': hit_rate.run,
    'spread': spread.run,
    'servers': servers.run,
    'guests': guests.run,
    'filters': filters.run,
    'weigher': weigher.run,
    'demand': demand.run,
    'burst': burst.run,
    'limited': limited.run,
}
IN_PROCESS = frozenset({'weigher', 'demand'})
"""They need no lab."""
DOCS = paths.REPOSITORY / 'docs'


def main(argv: list[str] | None = None) -> int:
    """The command; the result is the exit status."""
    options = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        lab = context.load(paths.from_environment())
        names = options.names or _possible(lab)
        if options.clean or not IN_PROCESS.issuperset(names):
            lab.holder()
        if options.clean:
            return _clean(lab)
        runs = {**BENCHMARKS, **_with_volumes(options.volumes)}
        return _measure(lab, {name: runs[name] for name in names}, options.update)
    except LabError as err:
        print(f'bench: {err}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('bench: interrupted; nothing was written.', file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='python -m benchmarks', description=__doc__)
    parser.add_argument(
        'names', nargs='*', metavar='NAME', type=_name, help=', '.join(BENCHMARKS)
    )
    parser.add_argument(
        '--update',
        action='store_true',
        help='write the benchmarks that are named into docs/, '
        'each with its date; the others stay',
    )
    parser.add_argument(
        '--volumes',
        type=_count,
        metavar='N',
        help=f'volumes of a burst, instead of {burst.VOLUMES} (burst) and '
        f'{limited.VOLUMES} (limited)',
    )
    parser.add_argument(
        '--clean',
        action='store_true',
        help='remove what a run that was killed has left',
    )
    return parser


def _possible(lab: Lab) -> list[str]:
    """All of them; guests only where the lab has hosts for them."""
    if reason := guest_support.left_out(lab):
        print(f'bench: without guests: {reason}', file=sys.stderr)
        return [name for name in BENCHMARKS if name != 'guests']
    return list(BENCHMARKS)


def _name(text: str) -> str:
    if text not in BENCHMARKS:
        raise argparse.ArgumentTypeError(
            f'there is no {text}; there are {", ".join(BENCHMARKS)}'
        )
    return text


def _count(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f'{text} is no number of volumes')
    return int(text)


def _with_volumes(volumes: int | None) -> dict[str, Benchmark]:
    """The benchmarks that make as many volumes as they are told, if they are."""
    if volumes is None:
        return {}
    return {
        'burst': functools.partial(burst.run, volumes=volumes),
        'limited': functools.partial(limited.run, volumes=volumes),
    }


def _clean(lab: Lab) -> int:
    with undisturbed():
        Tenant(lab).remove()
    cleanliness.check(lab)
    print('The lab is clean.')
    return 0


def _measure(lab: Lab, runs: dict[str, Benchmark], update: bool) -> int:
    names = list(runs)
    _check_cleanliness(lab, names)
    began = time.monotonic()
    answers = {}
    with lab.console.ticking():
        for name in names:
            lab.console.line(name)
            answers[name] = runs[name](lab)
    print(f'\n{report.text(answers)}\n')
    results = report.document(answers, time.monotonic() - began)
    if update:
        results = report.updated(
            json.loads((DOCS / 'bench.json').read_text()), results, list(BENCHMARKS)
        )
    for path in _write(lab, results):
        print(f'Written: {path}')
    missed = missed_counts(answers)
    for line in missed:
        print(f'MISSED: {line}', file=sys.stderr)
    # Last: results must not be lost because of it.
    _check_cleanliness(lab, names)
    return 1 if missed else 0


def _check_cleanliness(lab: Lab, names: list[str]) -> None:
    if not IN_PROCESS.issuperset(names):
        cleanliness.check(lab)


def _write(lab: Lab, results: dict[str, Any]) -> list[Path]:
    if set(results['answers']) != set(BENCHMARKS):
        path = lab.paths / 'bench.json'
        files.write_json(path, results)
        return [path]
    written = [DOCS / f'bench.{kind}' for kind in ('json', 'md', 'png')]
    files.write_json(written[0], results)
    written[0].chmod(0o644)
    report.write_block(written[1], report.markdown(results))
    # matplotlib is installed by `make bench` alone.
    with contextlib.suppress(ImportError):
        from benchmarks import plot  # noqa: PLC0415

        plot.draw(results, written[2])
        return written
    print(
        'No plot: matplotlib is not installed; `make bench` does that.', file=sys.stderr
    )
    return written[:2]


def _interrupt(number: int, frame: Any) -> None:
    raise KeyboardInterrupt


if __name__ == '__main__':
    sys.exit(main())
