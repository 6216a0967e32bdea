"""A long walk of one driver through all that happens to volumes and images.

What is done next is drawn with a seed: volumes are created and deleted, cached
images evicted, images precached, changed and deleted, the driver is started anew,
and ONTAP fails now and then. What must be there is kept beside it.
"""

import collections
import ctypes
import dataclasses
import gc
import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

import psutil

from eic_plugins.support.clock import SYSTEM
from tests.contract.images import Image
from tests.contract.world import World

IMAGES = 50
MOST_VOLUMES = 40
BYTES = 256 << 10
_LATER = 3600.0
"""More than keeps an unused cached image from being evicted."""
_WEIGHTS = {
    'create': 50.0,
    'delete': 50.0,
    'evict': 4.0,
    'precache': 1.0,
    'change an image': 1.0,
    'delete an image': 2.0,
    'start anew': 0.5,
    'clean': 1.0,
}
FAULTS: tuple[Mapping[str, Any], ...] = (
    {'kind': 'error', 'status': 500},
    {'kind': 'error', 'status': 404, 'code': '4'},
    {'kind': 'error', 'status': 403, 'code': '6'},
    {'kind': 'too_many_requests', 'retry_after': 0.05},
    {'kind': 'unavailable'},
    {'kind': 'unavailable', 'effect': 'done', 'retry_after': 0.05},
    {'kind': 'drop_connection', 'when': 'before'},
    {'kind': 'drop_connection', 'when': 'after'},
    {'kind': 'job_fails'},
    {'kind': 'job_vanishes', 'effect': 'done'},
    {'kind': 'job_vanishes', 'effect': 'lost'},
)
_ON_A_TIMER = frozenset({'evict', 'precache', 'delete an image', 'clean'})
_CALLS_OF_A_STEP = 2
"""About; a fault hits one of the first ones."""


@dataclasses.dataclass(frozen=True)
class Held:
    """What a process holds."""

    resident: int
    objects: int
    descriptors: int
    threads: int

    @classmethod
    def now(cls, images: int) -> 'Held':
        """What this one holds, of what is still in use.

        What threads have freed stays in glibc's arenas until it is asked for.

        :param images: bytes of images, which the walk holds
        """
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        process = psutil.Process()
        return cls(
            process.memory_info().rss - images,
            len(gc.get_objects()),
            process.num_fds(),
            process.num_threads(),
        )


@dataclasses.dataclass(frozen=True)
class Made:
    """A volume that is there, and the image that it was made of."""

    volume: Any
    image: Image


class Soak:
    """The walk.

    :param faults: the share of ONTAP's answers that are wrong, about
    """

    def __init__(self, world: World, seed: int, faults: float) -> None:
        self.world = world
        self.done: collections.Counter[str] = collections.Counter()
        self.routes: collections.Counter[str] = collections.Counter()
        self.hits: collections.Counter[str] = collections.Counter()
        self.failed: collections.Counter[str] = collections.Counter()
        self.wrong: list[str] = []
        self._random = random.Random(seed)  # noqa: S311 - a walk, no secret
        self._faults = faults
        self._volumes: list[Made] = []
        self._steps: Mapping[str, Callable[[], None]] = {
            'create': self._create,
            'delete': self._delete,
            'evict': self._evict,
            'precache': self._precache,
            'change an image': self._change_image,
            'delete an image': self._delete_image,
            'start anew': self._start_anew,
            'clean': self._clean,
        }
        for _ in range(IMAGES):
            self._add_image()

    def walk(self, volumes: int) -> None:
        """So many creations and deletions of volumes, and what comes between."""
        until = self._counted() + volumes
        while self._counted() < until:
            (step,) = self._random.choices([*_WEIGHTS], [*_WEIGHTS.values()])
            with self._perhaps_failing():
                self._take(step)
            self.done[step] += 1

    def _take(self, step: str) -> None:
        try:
            self._steps[step]()
        except Exception:
            # What is done on a timer may fail, and is done again.
            if step not in _ON_A_TIMER:
                raise
            self.failed[step] += 1

    def end(self) -> None:
        """Delete all volumes and all cached images."""
        while self._volumes:
            self._delete()
        self.settle()
        for pool in self.world.pools:
            cache = self.world.cache_of(pool)
            for usage in list(cache.storage.usages()):
                cache.evict(usage)

    def image_bytes(self) -> int:
        """Of Glance's images, and of those that are gone and have volumes."""
        images = [
            *self.world.glance.images.values(),
            *(made.image for made in self._volumes),
        ]
        return sum(len(raw) for raw in {id(i.raw): i.raw for i in images}.values())

    def left_over(self) -> list[str]:
        """Whatever is in a pool."""
        return [name for pool in self.world.pools for name in self.world.names(pool)]

    def settle(self) -> None:
        """What is under way ends, and what is left of it is swept."""
        self.world.settle()
        self.world.sweep()

    def unexpected(self) -> list[str]:
        """What pools have besides volumes and cached images, and what they lack."""
        expected = {made.volume.name for made in self._volumes}
        found = {
            name
            for pool in self.world.pools
            for name in self.world.names(pool)
            if not name.startswith(('img-cache-', '.eic-'))
        }
        return [
            *(f'an orphan: {name}' for name in sorted(found - expected)),
            *(f'it is gone: {name}' for name in sorted(expected - found)),
            *self._unrecorded(),
        ]

    def _unrecorded(self) -> Iterator[str]:
        """Cached images without a record, and records without one."""
        for pool in self.world.pools:
            held = self.world.cache_of(pool).storage.held()
            recorded = {usage.image_id for usage, record in held if record}
            names = {
                name.removeprefix('img-cache-')
                for name in self.world.names(pool)
                if name.startswith('img-cache-')
            }
            yield from (f'no record, or no image: {name}' for name in names ^ recorded)

    def _counted(self) -> int:
        return self.done['create'] + self.done['delete']

    def _perhaps_failing(self) -> '_Fault':
        if self._random.random() >= self._faults * _CALLS_OF_A_STEP:
            return _Fault(self, None)
        fault = self._random.choice(FAULTS)
        return _Fault(self, {**fault, 'nth': self._random.randint(1, 2)})

    def _create(self) -> None:
        if len(self._volumes) >= MOST_VOLUMES:
            self._delete()
            return
        image = self._any_image()
        pool = self._random.choice(self.world.pools)
        volume, route = self.world.make(image, pool)
        self.routes[route] += 1
        self._volumes.append(Made(volume, image))
        self._look_at(self._volumes[-1])

    def _delete(self) -> None:
        if not self._volumes:
            return
        made = self._volumes.pop(self._random.randrange(len(self._volumes)))
        self._look_at(made)
        try:
            self.world.driver.delete_volume(made.volume)
        except Exception:
            # As Cinder lets a user do it again.
            self.world.simulator.control('DELETE', '/faults')
            self.world.driver.delete_volume(made.volume)
        self.world.forget(made.volume)
        made.volume.destroy()

    def _look_at(self, made: Made) -> None:
        if not self.world.is_right(made.volume, made.image):
            self.wrong.append(f'{made.volume.name}: {made.volume.metadata}')

    def _evict(self) -> None:
        pool = self._random.choice(self.world.pools)
        cache = self.world.cache_of(pool)
        usages = sorted(cache.storage.usages(), key=lambda usage: usage.image_id)
        if usages:
            usage = self._random.choice(usages)
            if cache.evict(usage):
                self.world.eic.background.filler.removed(usage.image_id, pool)

    def _precache(self) -> None:
        image = self._any_image()
        self._set_properties(image, {'eic_precache': 'all'})
        self._reconcile()
        self._set_properties(image, {})

    def _change_image(self) -> None:
        """A property changes, and with it the time of change."""
        image = self._any_image()
        self._set_properties(image, {'changed': str(self._random.random())})

    def _set_properties(self, image: Image, properties: Mapping[str, str]) -> None:
        meta = {**image.meta, 'properties': dict(properties)}
        self.world.glance.images[image.id] = dataclasses.replace(image, meta=meta)

    def _delete_image(self) -> None:
        """Its cached images go when they have been idle; another one comes."""
        del self.world.glance.images[self._any_image().id]
        self._add_image()
        later = time.time() + _LATER
        own, SYSTEM.time = SYSTEM.time, lambda: later  # type: ignore[method-assign]
        try:
            self._reconcile()
        finally:
            SYSTEM.time = own  # type: ignore[method-assign]

    def _reconcile(self) -> None:
        precacher = self.world.eic.background.precacher
        precacher.reconcile()
        while precacher.waiting:
            precacher.fill_next()

    def _start_anew(self) -> None:
        self.world.simulator.control('DELETE', '/faults')
        self.world.start_anew()

    def _clean(self) -> None:
        self.world.driver.get_volume_stats(refresh=True)
        self.world.sweep()

    def _any_image(self) -> Image:
        """Some are wanted more than others."""
        ids = [*self.world.glance.images]
        return self.world.glance.images[
            ids[min(int(self._random.expovariate(8 / IMAGES)), len(ids) - 1)]
        ]

    def _add_image(self) -> None:
        image_id = uuid.UUID(int=self._random.getrandbits(128))
        self.world.glance.add(self._random.randbytes(BYTES), image_id=str(image_id))


class _Fault:
    """At most one wrong answer, as long as the context lasts."""

    def __init__(self, soak: Soak, fault: Mapping[str, Any] | None) -> None:
        self._soak, self._fault = soak, fault

    def __enter__(self) -> None:
        if self._fault is not None:
            self._soak.world.simulator.control('POST', '/faults', json=self._fault)

    def __exit__(self, *_: object) -> None:
        if self._fault is None:
            return
        control = self._soak.world.simulator.control
        # Gone before a download (World.make): then it has made a route fail.
        (found,) = control('GET', '/faults')['faults'] or [{'hits': 1}]
        self._soak.hits[self._fault['kind']] += found['hits']
        control('DELETE', '/faults')
        if found['hits'] and self._fault.get('status') == HTTPStatus.FORBIDDEN:
            # It is remembered for minutes: all that comes then would be Cinder's.
            self._soak.world.start_anew()
