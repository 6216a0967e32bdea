"""`python -m lab.demo`: runs the demo on the running lab.

``--guests 10``: it also boots ten real guests at once, on each side.
"""

import argparse
import sys
from collections.abc import Sequence

from lab import context, files, paths, simulator
from lab.cluster_api import ClusterApi
from lab.context import Lab
from lab.demo import disk, guests, servers
from lab.demo.guest_rows import GuestRow, guest_problems, guest_table
from lab.demo.rows import DemoResult, Row, route_taken, table
from lab.demo.run import DemoRun
from lab.demo.server_rows import ServerRow, server_problems, server_table
from lab.demo.user import CommandLineUser
from lab.demo.volume_cases import CASES, VolumeCase
from lab.errors import LabError
from lab.observer import Observer
from lab.topology import CLUSTERS, DRIVERS, pool_named


def main(argv: Sequence[str] | None = None) -> int:
    """Run, print, write; 1 if anything is not as expected."""
    options = _parser().parse_args(argv)
    try:
        lab = context.load(paths.from_environment())
        lab.holder()
        releases = [ClusterApi(lab, cluster).release() for cluster in CLUSTERS]
        path = lab.paths / 'demo/result.json'
        # What a run that is cut off leaves must not look like a result.
        path.unlink(missing_ok=True)
        with lab.console.ticking():
            result, boots, guest_boots = run(lab, options.guests)
    except LabError as err:
        print(f'demo: {err}', file=sys.stderr)
        return 1
    problems = [
        *result.problems(),
        *server_problems(boots),
        *guest_problems(guest_boots),
    ]
    files.write_json(
        path,
        {
            **result.to_json(),
            'servers': [row.to_json() for row in boots],
            'guests': [row.to_json() for row in guest_boots],
            'problems': problems,
            'ontap': releases,
        },
    )
    print(f'\n{table(result.rows)}\n')
    print(f'{server_table(boots)}\n')
    if guest_boots:
        print(f'{guest_table(guest_boots)}\n')
    for driver, names in result.orphans.items():
        print(
            f'Files of deleted volumes that the {driver} driver left on the '
            f'FlexVols: {len(names)}'
        )
    print(f'The same with every ONTAP call: {path}')
    return report_problems(problems)


def run(
    lab: Lab, guests_at_once: int
) -> tuple[DemoResult, list[ServerRow], list[GuestRow]]:
    """All cases, each with both drivers, one after the other."""
    user = CommandLineUser(lab)
    with lab.console.step('a disk image of 256 MiB'):
        path = disk.make(lab)
        wanted = disk.sha256(path)
    with DemoRun(lab, user) as demo:
        images = {}
        for driver in DRIVERS:
            with lab.console.step(f'upload it for the {driver} driver'):
                images[driver] = demo.upload(f'demo-{driver}', path)
        rows = [
            _run_one(lab, demo, driver, images[driver], wanted, case)
            for case in CASES
            for driver in DRIVERS
        ]
        boots = {}
        for driver in DRIVERS:
            with lab.console.step(f'upload it for servers with {driver}'):
                boots[driver] = demo.upload(f'demo-servers-{driver}', path)
        server_rows = servers.run(lab, user, boots)
        guest_rows = guests.run(lab, demo, user, guests_at_once)
        with lab.console.step('delete the volumes and images'):
            demo.remove()
        orphans = demo.orphans()
    return DemoResult(rows, orphans), server_rows, guest_rows


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='python -m lab.demo', description='Runs the demo on the running lab.'
    )
    parser.add_argument(
        '--guests',
        type=int,
        default=0,
        choices=range(101),
        metavar='N',
        help='boot so many real guests at once, too',
    )
    return parser


def _run_one(
    lab: Lab,
    demo: DemoRun,
    driver: str,
    image_id: str,
    wanted: str,
    case: VolumeCase,
) -> Row:
    pool = pool_named(driver, case.pool)
    observer = Observer(lab, driver, image_id, pool.backend.protocol)
    with lab.console.step(f'{driver}: {case.title}'):
        mark = observer.mark()
        volume, seconds = demo.create_volume(image_id, f'{driver}-{case.pool}')
        cost = observer.since(mark)
    path = simulator.pool_directory_from_host(lab, pool) / f'volume-{volume["id"]}'
    equal = path.exists() and disk.sha256(path) == wanted
    return Row(
        driver,
        case,
        volume['status'],
        route_taken(driver, volume, cost),
        volume['metadata'].get('eic_refused', ''),
        seconds,
        equal,
        cost,
    )


def report_problems(problems: Sequence[str]) -> int:
    """Print what is not as expected; the exit status."""
    for problem in problems:
        print(f'NOT AS EXPECTED: {problem}', file=sys.stderr)
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
