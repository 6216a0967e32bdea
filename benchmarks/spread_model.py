"""Where Cinder's scheduler puts the volumes of one new image, without waiting.

    python -m benchmarks.spread_model '[[8, 1000]]' [SECONDS OF A HIT]

Real: Cinder's ``HostManager`` with its pool states, what it does with reports and
with volumes that it has placed; ``CapacityWeigher`` and ``EICImageLocalityWeigher``
as its handler loads them; EIC's ``Spreader`` with its rule, and its ``StatsPublisher``.
Not real: services, volumes, copies and time, which is counted. Users ask for one
volume after the other; a volume takes a hit, and before it what is left of the
copy or of the first fill that its pool needs.
"""

import collections
import contextlib
import dataclasses
import datetime
import heapq
import itertools
import json
import sys
from collections.abc import Callable, Collection, Mapping
from typing import Any

from cinder import context, objects
from cinder.common import config as _registers_options  # noqa: F401
from oslo_config import cfg
from oslo_utils import timeutils

from benchmarks.arithmetic import fullest
from eic_plugins import config
from eic_plugins.model import ImageCopy, KnownPool
from eic_plugins.precache.spread_rules import Rule
from eic_plugins.precache.spreader import Spreader
from eic_plugins.scheduler import locality
from eic_plugins.volume.stats_publisher import StatsPublisher

USERS = 10
HIT = 2.5
COPY = 3.0
FIRST = 5.0
"""Seconds; a hit is one of ten at once on the lab."""
_REPORT_SECONDS = 60.0
_LOOK_SECONDS = 1.0
_HOST = 'model@gold'
_IMAGE = '2f0b9e1c-7c5e-4c6e-9d3b-0c1f4a7f0d11'
_SERVER = '192.0.2.1'
_START = datetime.datetime(2026, 1, 1)
"""Naive, as Cinder's."""
UNSPREAD = 'eic, spread_volumes = 0'
_WITH_EIC = ['CapacityWeigher', 'EICImageLocalityWeigher']
_WEIGHERS = {'stock': ['CapacityWeigher'], 'eic': _WITH_EIC, UNSPREAD: _WITH_EIC}
_TOTAL_GB = 10000.0


class Time:
    """Counted seconds, and what is to happen when."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._set()

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        """Have something happen."""
        heapq.heappush(self._events, (self.now + seconds, next(self._numbers), what))

    def run_until(self, done: Callable[[], bool]) -> None:
        """Let it pass."""
        while not done():
            self.now, _, what = heapq.heappop(self._events)
            self._set()
            what()

    def _set(self) -> None:
        timeutils.set_time_override(_START + datetime.timedelta(seconds=self.now))


class Scheduler:
    """Cinder's host manager, and the one backend that it hears of."""

    def __init__(self, driver: str) -> None:
        from cinder.scheduler import host_manager  # noqa: PLC0415 - wants objects

        self._weighers = _WEIGHERS[driver]
        self._context = context.get_admin_context()
        service = objects.Service(
            self._context,
            host=_HOST,
            topic='cinder-volume',
            disabled=False,
            binary='cinder-volume',
            cluster_name=None,
            availability_zone='nova',
        )
        type(service).is_up = property(lambda _self: True)
        objects.ServiceList.get_all = lambda *_args, **_kw: objects.ServiceList(
            self._context, objects=[service]
        )
        self._manager = host_manager.HostManager()

    def hear(self, pools: list[dict[str, Any]]) -> None:
        """A report of the backend's pools."""
        self._manager.update_service_capabilities(
            'volume',
            _HOST,
            {
                'volume_backend_name': 'gold',
                'vendor_name': 'NetApp',
                'driver_version': '1',
                'storage_protocol': 'nfs',
                'pools': pools,
            },
            None,
            timeutils.utcnow(),
        )

    def place(self, hints: Mapping[str, Any]) -> str:
        """A pool for one volume, as the filter scheduler chooses it."""
        states = self._manager.get_all_backend_states(self._context)
        best = self._manager.get_weighed_backends(
            list(states),
            {
                'request_spec': {'image_id': _IMAGE},
                'scheduler_hints': hints,
            },
            self._weighers,
        )[0].obj
        best.consume_from_volume({'size': 1})
        return str(best.pool_name)


class Model:
    """One run: so many volumes over so many pools."""

    def __init__(
        self, driver: str, pools: int, hit: float, file_in: str | None
    ) -> None:
        self.time = Time()
        self.scheduler = Scheduler(driver)
        self.hit = hit
        self.file_in = file_in
        self.names = [f'pool{number}' for number in range(pools)]
        self.cached: dict[str, set[str]] = {name: set() for name in self.names}
        self.filling: dict[str, float] = {}
        self.placed: collections.Counter[str] = collections.Counter()
        self.finished: collections.Counter[str] = collections.Counter()
        self.copies: collections.Counter[str] = collections.Counter()
        self.downloads = 0
        self.publisher = StatsPublisher(
            self.report, lambda: self.time.now, self.time.after
        )
        options = cfg.CONF[config.GROUP]
        self.spreader = Spreader(
            self,
            Rule(options.spread_volumes, options.spread_window, options.spread_copies),
            lambda: self.time.now,
        )
        self.caches = driver != 'stock'
        self.spreads = driver == 'eic'
        self._looking = False
        self.ends: list[float] = []
        """When the copies in the background end, in their order."""

    def run(self, volumes: int) -> None:
        """All of them."""
        left = iter(range(volumes))
        self._report_again()
        for _ in range(USERS):
            self.time.after(0.0, lambda: self._ask(left))
        self.time.run_until(lambda: sum(self.finished.values()) == volumes)

    def own(self) -> list[KnownPool]:
        """The pools as the driver knows them."""
        return [
            KnownPool(
                f'{_HOST}#{name}', 'cluster', 'svm', name, frozenset(self.cached[name])
            )
            for name in self.names
        ]

    def deployed(self) -> list[KnownPool]:
        """There are no others."""
        return self.own()

    def volumes(self, _pools: Collection[str]) -> Mapping[str, int]:
        """What the database has."""
        return {_IMAGE: sum(self.finished.values())}

    def spread(self, _image_id: str, pool: str) -> bool:
        """The end of a copy in the background."""
        if pool in self.filling or self.cached[pool]:
            return False
        self.copies[pool] += 1
        self._has(pool)
        return False

    def report(self) -> None:
        """What cinder-volume tells the schedulers."""
        self.scheduler.hear(
            [
                {
                    'pool_name': name,
                    'total_capacity_gb': _TOTAL_GB,
                    'free_capacity_gb': _TOTAL_GB,
                    'allocated_capacity_gb': self.finished[name],
                    'reserved_percentage': 0,
                    'max_over_subscription_ratio': '20.0',
                    'thin_provisioning_support': True,
                    'timestamp': None,
                    **(
                        {
                            'eic': {
                                'cluster': 'cluster',
                                'svm': 'svm',
                                'flexvol': name,
                                'junction_path': f'/{name}',
                                'servers': [_SERVER],
                                'cached': sorted(self.cached[name]),
                            }
                        }
                        if self.caches
                        else {}
                    ),
                }
                for name in self.names
            ]
        )

    def _report_again(self) -> None:
        self.report()
        self.time.after(_REPORT_SECONDS, self._report_again)

    def _ask(self, left: Any) -> None:
        if next(left, None) is None:
            return
        hints = (
            {}
            if self.file_in is None
            else {
                locality.HINT: locality.write_hint(
                    [ImageCopy(_SERVER, f'/{self.file_in}/{_IMAGE}')]
                )
            }
        )
        pool = self.scheduler.place(hints)
        self.placed[pool] += 1
        with contextlib.ExitStack() as making:
            if self.spreads:
                making.enter_context(self.spreader.making(_IMAGE))
                self._look_soon()
            kept = making.pop_all()
        self.time.after(
            self._wait(pool) + self.hit, lambda: self._made(pool, kept, left)
        )

    def _wait(self, pool: str) -> float:
        """Seconds until the pool has the image."""
        if self.cached[pool]:
            return 0.0
        pending = self._pending().get(pool)
        if pool not in self.filling and pending is None:
            self._fill(pool)
        return self.filling.get(pool, pending or self.time.now) - self.time.now

    def _fill(self, pool: str) -> None:
        """The first one of the cluster is a clone or a download, then there are
        copies; the stock driver downloads into each pool.
        """
        known = any(self.cached.values())
        begins = (
            self.time.now if known else max([self.time.now, *self.filling.values()])
        )
        if pool == self.file_in:
            ends = begins + self.hit
        elif self.caches and (known or self.filling or self.file_in):
            self.copies[pool] += 1
            ends = begins + COPY
        else:
            self.downloads += 1
            ends = begins + FIRST
        self.filling[pool] = ends
        self.time.after(ends - self.time.now, lambda: self._filled(pool))

    def _filled(self, pool: str) -> None:
        del self.filling[pool]
        self._has(pool)

    def _has(self, pool: str) -> None:
        self.cached[pool].add(_IMAGE)
        if self.caches:
            self.publisher.publish_soon()
        if self.spreads:
            self._look_soon()

    def _made(self, pool: str, kept: contextlib.ExitStack, left: Any) -> None:
        kept.close()
        self.finished[pool] += 1
        self._ask(left)

    def _look_soon(self) -> None:
        if not self._looking:
            self._looking = True
            self.time.after(_LOOK_SECONDS, self._look)

    def _look(self) -> None:
        self._looking = False
        before = self.spreader.waiting
        self.spreader.look()
        for _ in range(self.spreader.waiting - before):
            self.ends.append(self.time.now + COPY)
            self.time.after(COPY, self._copied)

    def _copied(self) -> None:
        self.ends.pop(0)
        self.spreader.fill_next()
        self._look_soon()

    def _pending(self) -> dict[str, float]:
        """The pools that copies in the background go to, and their ends."""
        waiting = self.spreader.queue
        return {pool: end for (_, pool), end in zip(waiting, self.ends, strict=True)}


def row(
    driver: str, pools: int, volumes: int, hit: float, file_in: str | None
) -> dict[str, Any]:
    """A row of the benchmark."""
    model = Model(driver, pools, hit, file_in)
    model.run(volumes)
    counts = {name: model.placed[name] for name in model.names}
    return {
        'where': 'model',
        'driver': driver,
        'volumes': volumes,
        'pools': counts,
        'image': "in one pool's FlexVol" if file_in else 'on a disk of Glance',
        'share': fullest(list(counts.values())),
        'copies': {name: model.copies[name] for name in model.names},
        'downloads': model.downloads,
        'routes': {},
    }


@dataclasses.dataclass(frozen=True)
class Case:
    """One run."""

    driver: str
    pools: int
    volumes: int
    file_in: str | None


def main(argv: list[str]) -> int:
    """Print the rows as JSON."""
    cfg.CONF([], project='cinder', default_config_files=[])
    config.register(cfg.CONF)
    cfg.CONF.set_override('weigh_image_volume_cache', False, config.GROUP)
    objects.register_all()
    hit = float(next(iter(argv[2:]), HIT))
    cases = [
        Case(driver, pools, volumes, file_in)
        for pools, volumes in json.loads(argv[1])
        for driver, places in (
            ('eic', ('pool0', None)),
            (UNSPREAD, (None,)),
            ('stock', (None,)),
        )
        for file_in in places
    ]
    print(
        json.dumps(
            [
                row(case.driver, case.pools, case.volumes, hit, case.file_in)
                for case in cases
            ]
        )
    )
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
