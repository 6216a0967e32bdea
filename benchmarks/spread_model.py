"""Where Cinder's scheduler puts the volumes of one new image, without waiting.

    python -m benchmarks.spread_model '[[8, 1000]]' [SECONDS OF A HIT]

Real: Cinder's ``HostManager`` with its pool states, what it does with reports and
with volumes that it has placed; ``CapacityWeigher`` and ``EICImageLocalityWeigher``
as its handler loads them; EIC's ``Spreader`` with its rule, and its ``StatsPublisher``.
Not real: services, volumes, copies and time, which is counted. Users ask for one
volume after the other. A volume takes as long as a hit; if its pool does not have
the image yet, it first waits until the copy or the download has ended.
"""

import contextlib
import dataclasses
import json
import sys
from collections.abc import Iterator
from typing import Any

from cinder import objects
from cinder.common import config as _registers_options  # noqa: F401
from oslo_config import cfg

from benchmarks.arithmetic import fullest
from benchmarks.counted_time import CountedTime
from benchmarks.modelled_pools import IMAGE, SERVER, Durations, ModelledPools
from benchmarks.modelled_spreading import ModelledSpreading
from benchmarks.real_scheduler import RealScheduler
from eic_plugins import config
from eic_plugins.model import ImageCopy
from eic_plugins.scheduler import locality
from eic_plugins.volume.pools.stats_publisher import StatsPublisher

USERS = 10
UNSPREAD = 'eic, spread_volumes = 0'
_REPORT_SECONDS = 60.0
_WITH_EIC = ['CapacityWeigher', 'EICImageLocalityWeigher']
_WEIGHERS = {'stock': ['CapacityWeigher'], 'eic': _WITH_EIC, UNSPREAD: _WITH_EIC}


@dataclasses.dataclass(frozen=True)
class Case:
    """What one run of the model is about."""

    driver: str
    pools: int
    volumes: int
    file_in: str | None
    """The pool whose FlexVol has Glance's file of the image, if any."""


class Model:
    """One run: so many volumes over so many pools."""

    def __init__(self, case: Case, durations: Durations) -> None:
        self.time = CountedTime()
        caches = case.driver != 'stock'
        self.pools = ModelledPools(case.pools, caches, case.file_in, durations)
        self._volumes = case.volumes
        self._hit = durations.hit
        self._hints = _hints(case.file_in)
        self._scheduler = RealScheduler(_WEIGHERS[case.driver], IMAGE)
        self._publisher = StatsPublisher(self._report, self.time, self.time.after)
        self._background = ModelledSpreading(
            self.time, self.pools, self.has_image, durations.copy
        )
        self._spreads = case.driver == 'eic'

    def run(self) -> None:
        """All of them."""
        left = iter(range(self._volumes))
        self._report_again()
        for _ in range(USERS):
            self.time.after(0.0, lambda: self._ask(left))
        self.time.run_until(lambda: self.pools.finished.total() == self._volumes)

    def has_image(self, pool: str) -> None:
        """A pool has got the image."""
        self.pools.filled(pool)
        if self.pools.caches:
            self._publisher.publish_soon()
        if self._spreads:
            self._background.look_soon()

    def _report(self) -> None:
        self._scheduler.hear(self.pools.report())

    def _report_again(self) -> None:
        self._report()
        self.time.after(_REPORT_SECONDS, self._report_again)

    def _ask(self, left: Iterator[int]) -> None:
        if next(left, None) is None:
            return
        pool = self._scheduler.place(self._hints)
        self.pools.placed[pool] += 1
        making = contextlib.ExitStack()
        if self._spreads:
            making.enter_context(self._background.making())
            self._background.look_soon()
        self.time.after(
            self._wait(pool) + self._hit, lambda: self._made(pool, making, left)
        )

    def _wait(self, pool: str) -> float:
        """Seconds until the pool has the image."""
        if self.pools.has_image(pool):
            return 0.0
        copied = self._background.filled_at(pool)
        filled = self.pools.filled_at(pool)
        if filled is None and copied is None:
            filled = self.pools.fill(pool, self.time.now)
            self.time.after(filled - self.time.now, lambda: self.has_image(pool))
        ends = filled if filled is not None else copied
        return (ends or self.time.now) - self.time.now

    def _made(
        self, pool: str, making: contextlib.ExitStack, left: Iterator[int]
    ) -> None:
        making.close()
        self.pools.finished[pool] += 1
        self._ask(left)


def _hints(file_in: str | None) -> dict[str, Any]:
    """What the filter says of the image's file."""
    if file_in is None:
        return {}
    copies = [ImageCopy(SERVER, f'/{file_in}/{IMAGE}')]
    return {locality.HINT: locality.write_hint(copies)}


def row(case: Case, durations: Durations) -> dict[str, Any]:
    """A row of the benchmark."""
    model = Model(case, durations)
    model.run()
    pools = model.pools
    counts = {name: pools.placed[name] for name in pools.names}
    return {
        'where': 'model',
        'driver': case.driver,
        'volumes': case.volumes,
        'pools': counts,
        'image': "in one pool's FlexVol" if case.file_in else 'on a disk of Glance',
        'share': fullest(list(counts.values())),
        'copies': {name: pools.copies[name] for name in pools.names},
        'downloads': pools.downloads,
        'routes': {},
    }


def _cases(sizes: list[tuple[int, int]]) -> Iterator[Case]:
    for pools, volumes in sizes:
        yield Case('eic', pools, volumes, 'pool0')
        for driver in _DRIVERS:
            yield Case(driver, pools, volumes, None)


_DRIVERS = ('eic', UNSPREAD, 'stock')


def _configure() -> None:
    cfg.CONF([], project='cinder', default_config_files=[])
    config.register(cfg.CONF)
    cfg.CONF.set_override('weigh_image_volume_cache', False, config.GROUP)
    objects.register_all()


def main(argv: list[str]) -> int:
    """Print the rows as JSON."""
    _configure()
    durations = Durations(*map(float, argv[2:3]))
    print(json.dumps([row(case, durations) for case in _cases(json.loads(argv[1]))]))
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
