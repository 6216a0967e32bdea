"""How long from a server's create to ACTIVE, with Nova's dead time in it?

    python -m benchmarks.servers [--boots N] [--rounds N]

Boots servers from a volume of an image, one and ten at once, in turn through
the stock pipelines and driver and through EIC's. Both sides' volumes are clones
in the FlexVol of the image, where the stock driver is at its best, so that what
differs is Nova's waiting and the drivers' own time. The answer goes to
``bench/servers.json`` in the lab's state directory.
"""

import argparse
import concurrent.futures
import dataclasses
import importlib.util
import os
import secrets
import signal
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lab import context, files, identity, paths, simulator
from lab.boots import PLAIN_FLAVOR, Side, root_volume
from lab.context import Lab
from lab.demo.rows import aligned
from lab.demo.servers import files_left
from lab.errors import LabError
from lab.topology import DEMO_PROJECT, DEMO_USER, DRIVERS, pools

IMAGE_MIB = 64
BOOTS = 7
ROUNDS = 3
TEN = 10
_POOL = 'images'
_OPT_IN_FLAVOR = 'eic.tiny'
_LIMIT = 1 / 3
_MIB = 1 << 20


@dataclasses.dataclass(frozen=True)
class Way:
    """How servers are booted."""

    driver: str
    title: str
    fields: Callable[[str], dict[str, Any]]
    """The fields of POST /servers for an image's id."""


@dataclasses.dataclass(frozen=True)
class Booted:
    """What came of some servers that were created at once."""

    seconds: list[float]
    statuses: list[str]
    routes: list[str]
    files_left: list[str]


def ways() -> list[Way]:
    """The two sides, and what only EIC's Nova filter can do, if it is there."""
    found = [Way(driver, 'boot from volume', _typed(driver))
             for driver in sorted(DRIVERS, reverse=True)]
    if importlib.util.find_spec('eic_plugins.middleware.nova'):
        found.append(Way('eic', 'plain image boot, opt-in flavor', _plain))
    return found


def _typed(driver: str) -> Callable[[str], dict[str, Any]]:
    return lambda image_id: {
        'flavor': PLAIN_FLAVOR, 'block_device_mapping_v2': [
            {**root_volume(image_id), 'volume_type': f'{driver}-{_POOL}'}]}


def _plain(image_id: str) -> dict[str, Any]:
    return {'flavor': _OPT_IN_FLAVOR, 'imageRef': image_id,
            'block_device_mapping_v2': []}


def run(lab: Lab, boots: int = BOOTS, rounds: int = ROUNDS) -> dict[str, Any]:
    """The answer, as JSON can hold it."""
    api = identity.Cloud(lab, DEMO_USER, DEMO_PROJECT)
    with _images(lab, api) as images:
        measured = {
            servers: _in_turn(lab, api, images, servers, times)
            for servers, times in ((1, boots), (TEN, rounds)) if times}
    return _answer(measured)


def _in_turn(lab: Lab, api: identity.Cloud, images: dict[str, str],
             servers: int, rounds: int) -> dict[Way, list[Booted]]:
    """All ways, one after the other, that many times."""
    results: dict[Way, list[Booted]] = {way: [] for way in ways()}
    for number in range(-1, rounds):
        for way, booted in results.items():
            title = f'{way.driver}: {way.title}, {servers} at once'
            with lab.console.step(f'{title}, {number + 1}/{rounds}'):
                found = boot(lab, Side(api, way.driver), servers,
                             way.fields(images[way.driver]))
            # The first one finds nothing cached or connected, on either side.
            if number >= 0:
                booted.append(found)
    return results


def boot(lab: Lab, side: Side, servers: int, fields: dict[str, Any]) -> Booted:
    """Create servers at once, time them, look at their volumes, delete all."""
    name = f'bench-{secrets.token_hex(4)}'
    began: dict[str, float] = {}

    def create(number: int) -> None:
        sent = time.time()
        began[side.create(f'{name}-{number}', '', **fields)] = sent

    with concurrent.futures.ThreadPoolExecutor(servers) as pool:
        try:
            list(pool.map(create, range(servers)))
            seen = side.watch(name, servers)
            volumes = [v for s in seen for v in side.volumes(s.server_id)]
            shown = [side.cinder('GET', f'/volumes/{volume_id}')['volume']
                     for volume_id in volumes]
        finally:
            side.delete(list(began), ())
    side.delete((), volumes)
    return Booted(
        [round(s.at - began[s.server_id], 2) for s in seen],
        [s.status for s in seen],
        [volume['metadata'].get('eic_route', '-') for volume in shown],
        files_left(lab, volumes))


@contextmanager
def _images(lab: Lab, api: identity.Cloud) -> Iterator[dict[str, str]]:
    """An image a driver; removed at the end, with its cached images."""
    made: dict[str, str] = {}
    try:
        for driver in DRIVERS:
            with lab.console.step(f'upload {IMAGE_MIB} MiB for {driver}'):
                made[driver] = _upload(lab, api)
        yield made
    finally:
        for image_id in made.values():
            api.request('DELETE', 'glance', f'/v2/images/{image_id}')
            for share in {pool.share for pool in pools()}:
                root = simulator.flexvol_directory_from_host(lab, share)
                for name in (f'img-cache-{image_id}', f'.eic-{image_id}.json'):
                    (root / name).unlink(missing_ok=True)


def _upload(lab: Lab, api: identity.Cloud) -> str:
    image_id = str(api.request('POST', 'glance', '/v2/images', {
        'name': 'bench-servers', 'disk_format': 'raw',
        'container_format': 'bare'})['id'])
    api.upload(f'/v2/images/{image_id}/file', os.urandom(IMAGE_MIB * _MIB))
    return image_id


def _answer(measured: dict[int, dict[Way, list[Booted]]]) -> dict[str, Any]:
    rows, numbers, targets = [], [], []
    for servers, results in measured.items():
        stock = next(_all_seconds(booted) for way, booted in results.items()
                     if way.driver == 'stock')
        for way, booted in results.items():
            seconds = _all_seconds(booted)
            ratio = statistics.median(seconds) / statistics.median(stock)
            rows.append(_row(servers, way, booted, ratio))
            numbers.append({
                'servers': servers, 'driver': way.driver, 'way': way.title,
                'rounds': [dataclasses.asdict(one) for one in booted]})
            if way.driver == 'eic':
                targets += _targets(servers, way, booted, ratio)
    header = ('at once', 'side', 'boot', 's median', 's max',
              'times stock', 'routes', 'not ACTIVE', 'files left')
    return {
        'question': "How long from a server's create to ACTIVE?",
        'targets': targets,
        'tables': [{'title': 'Server create to ACTIVE', 'header': header,
                    'rows': rows}],
        'notes': ['Seen by polling every 0.2 s.',
                  'All services of both sides share the machine.'],
        'numbers': numbers}


def _row(servers: int, way: Way, booted: list[Booted], ratio: float,
         ) -> tuple[str, ...]:
    seconds = _all_seconds(booted)
    routes = Counter(route for one in booted for route in one.routes)
    return (str(servers), way.driver, way.title,
            f'{statistics.median(seconds):.1f}', f'{max(seconds):.1f}',
            f'{ratio:.2f}',
            ', '.join(f'{n} {route}' for route, n in routes.items()),
            str(_not_active(booted)),
            str(sum(len(one.files_left) for one in booted)))


def _targets(servers: int, way: Way, booted: list[Booted], ratio: float,
             ) -> list[dict[str, Any]]:
    what = f'{way.title}, {servers} at once'
    left = sum(len(one.files_left) for one in booted)
    return [
        _target(f'{what}: median time to ACTIVE, times stock', ratio, _LIMIT,
                False),
        _target(f'{what}: servers that are not ACTIVE', _not_active(booted), 0,
                True),
        _target(f'{what}: files left', left, 0, True)]


def _target(what: str, measured: float, limit: float, is_count: bool,
            ) -> dict[str, Any]:
    return {'what': what, 'measured': measured, 'limit': limit,
            'is_count': is_count, 'met': measured <= limit}


def _all_seconds(booted: list[Booted]) -> list[float]:
    return [second for one in booted for second in one.seconds]


def _not_active(booted: list[Booted]) -> int:
    return sum(status != 'ACTIVE' for one in booted for status in one.statuses)


def main() -> int:
    """The command; 1 if a target that is a count was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--boots', type=int, default=BOOTS,
                        help='how often one server; 0: not at all')
    parser.add_argument('--rounds', type=int, default=ROUNDS,
                        help='how often ten servers; 0: not at all')
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        lab = context.load(paths.from_environment())
        lab.holder()
        with lab.console.ticking():
            answer = run(lab, options.boots, options.rounds)
    except LabError as err:
        print(f'bench: {err}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('bench: interrupted; nothing was written.', file=sys.stderr)
        return 130
    path = lab.paths / 'bench/servers.json'
    files.write_json(path, answer)
    _show(answer)
    print(f'All numbers: {path}')
    return int(any(target['is_count'] and not target['met']
                   for target in answer['targets']))


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _show(answer: dict[str, Any]) -> None:
    for table in answer['tables']:
        print(f"\n{table['title']}\n\n"
              f"{aligned([table['header'], *table['rows']])}\n")
    for target in answer['targets']:
        print(f"{'met   ' if target['met'] else 'MISSED'} {target['what']}: "
              f"{target['measured']:.2f} (at most {target['limit']:.2f})")


if __name__ == '__main__':
    sys.exit(main())
