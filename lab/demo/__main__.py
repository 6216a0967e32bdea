"""`python -m lab.demo`: runs the demo on the running lab."""

import contextlib
import secrets
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from keystoneauth1 import exceptions

from lab import context, files, paths, simulator
from lab.context import Lab
from lab.demo import disk, servers
from lab.demo.observe import Observer
from lab.demo.rows import Result, Row, route_taken, table
from lab.demo.server_rows import ServerRow, server_problems, server_table
from lab.demo.situations import SITUATIONS, Situation
from lab.demo.user import User
from lab.errors import LabError
from lab.topology import DRIVERS, pools


def main() -> int:
    """Run, print, write; 1 if anything is not as expected."""
    try:
        lab = context.load(paths.from_environment())
        lab.holder()
        path = lab.paths / 'demo/result.json'
        # What a run that is cut off leaves must not look like a result.
        path.unlink(missing_ok=True)
        with lab.console.ticking():
            result, boots = run(lab)
    except LabError as err:
        print(f'demo: {err}', file=sys.stderr)
        return 1
    files.write_json(path, {
        **result.to_json(), 'servers': [row.to_json() for row in boots]})
    print(f'\n{table(result.rows)}\n')
    print(f'{server_table(boots)}\n')
    for driver, names in result.orphans.items():
        print(f'Files of deleted volumes that the {driver} driver left on the '
              f'FlexVols: {len(names)}')
    print(f'The same with every ONTAP call: {path}')
    return report_problems([*result.problems(), *server_problems(boots)])


def run(lab: Lab) -> tuple[Result, list[ServerRow]]:
    """All situations, each with both drivers, one after the other."""
    user = User(lab)
    with lab.console.step('a disk image of 256 MiB'):
        path = disk.make(lab)
        wanted = disk.sha256(path)
    with Traces(lab, user) as traces:
        images = {}
        for driver in DRIVERS:
            with lab.console.step(f'upload it for the {driver} driver'):
                images[driver] = traces.upload(f'demo-{driver}', path)
        rows = [_run_one(lab, traces, driver, images[driver], wanted, situation)
                for situation in SITUATIONS for driver in DRIVERS]
        boots = {}
        for driver in DRIVERS:
            with lab.console.step(f'upload it for servers with {driver}'):
                boots[driver] = traces.upload(f'demo-servers-{driver}', path)
        server_rows = servers.run(lab, user, boots)
        with lab.console.step('delete the volumes and images'):
            traces.remove()
        orphans = traces.orphans()
    return Result(rows, orphans), server_rows


def _run_one(lab: Lab, traces: 'Traces', driver: str, image_id: str,
             wanted: str, situation: Situation) -> Row:
    observer = Observer(lab, driver, image_id)
    with lab.console.step(f'{driver}: {situation.title}'):
        mark = observer.mark()
        volume, seconds = traces.create_volume(
            image_id, f'{driver}-{situation.pool}')
        cost = observer.since(mark)
    path = _volume_file(lab, driver, situation.pool, volume['id'])
    equal = path.exists() and disk.sha256(path) == wanted
    return Row(driver, situation, volume['status'],
               route_taken(driver, volume, cost),
               volume['metadata'].get('eic_refused', ''), seconds, equal, cost)


def _volume_file(lab: Lab, driver: str, pool_name: str,
                 volume_id: str) -> Path:
    pool = next(p for p in pools() if (p.driver, p.name) == (driver, pool_name))
    root = simulator.flexvol_directory_from_host(lab, pool.share)
    return root / f'volume-{volume_id}'


class Traces:
    """What the demo makes, all of which is removed at its end."""

    def __init__(self, lab: Lab, user: User) -> None:
        self._lab = lab
        self._user = user
        self._run = secrets.token_hex(3)
        self._images: list[str] = []
        self._volumes: list[str] = []
        self._driver_of: dict[str, str] = {}

    def __enter__(self) -> 'Traces':
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            # The first error is what matters; what is left over harms nobody.
            with contextlib.suppress(LabError, exceptions.ClientException):
                self.remove()

    def upload(self, name: str, path: Path) -> str:
        """An image, named for this run."""
        image_id = self._user.upload(f'{name}-{self._run}', path)
        self._images.append(image_id)
        return image_id

    def create_volume(self, image_id: str, volume_type: str,
                      ) -> tuple[dict[str, Any], float]:
        """A volume, named for this run."""
        name = f'demo-{self._run}-{secrets.token_hex(3)}'
        volume, seconds = self._user.create_volume(name, image_id, volume_type)
        self._volumes.append(str(volume['id']))
        self._driver_of[str(volume['id'])] = volume_type.partition('-')[0]
        return volume, seconds

    def remove(self) -> None:
        """Delete volumes, images and the cached images of these images."""
        while self._volumes:
            self._user.delete_volume(self._volumes.pop())
        for image_id in self._images:
            self._user.delete_image(image_id)
            for path in self._cached_files(image_id):
                path.unlink(missing_ok=True)
        self._images.clear()

    def orphans(self) -> dict[str, list[str]]:
        """Files of this run's volumes that are still on any FlexVol, by
        driver: called when the volumes are deleted. They are removed.
        """
        found: dict[str, list[str]] = {driver: [] for driver in DRIVERS}
        for share in sorted({pool.share for pool in pools()}):
            root = simulator.flexvol_directory_from_host(self._lab, share)
            for volume_id, driver in self._driver_of.items():
                path = root / f'volume-{volume_id}'
                if path.exists():
                    found[driver].append(f'{share}/{path.name}')
                    path.unlink()
        return found

    def _cached_files(self, image_id: str) -> Iterator[Path]:
        for share in {pool.share for pool in pools()}:
            root = simulator.flexvol_directory_from_host(self._lab, share)
            yield root / f'img-cache-{image_id}'
            yield root / f'.eic-{image_id}.json'


def report_problems(problems: Sequence[str]) -> int:
    """Print what is not as expected; the exit status."""
    for problem in problems:
        print(f'NOT AS EXPECTED: {problem}', file=sys.stderr)
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
