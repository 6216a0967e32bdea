"""Has Cinder's image-volume cache hold an image before anybody asks.

Nothing of ours runs in the cinder-volume of another driver. There, a volume from
the image in that very pool fills Cinder's cache. So the internal tenant makes such
a volume, a *seed*, and deletes it. Cinder's own entry stays.

Nothing is remembered. A run begins with the seeds of runs that were cut off: it
deletes those that are ready or in error. If Cinder is still making a seed, nobody
waits for it, and no other one is made in that pool. So runs may overlap, on any
number of controllers. One volume is made at a time: Cinder's lock is of the image,
not of the pool, so two of them would only wait for each other.
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from oslo_log import log as logging

from eic_plugins.cinder_cache.rules import (
    FILL,
    FINE,
    CachePool,
    CacheSettings,
    Entry,
    EntryReason,
    Seed,
    decide,
    serving,
)
from eic_plugins.glance.documents import ListedImage
from eic_plugins.model import Image
from eic_plugins.precache.precache_rules import Wishes
from eic_plugins.support.clock import SYSTEM, Clock

LOG = logging.getLogger(__name__)

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0


class Cinder(Protocol):
    """What :class:`eic_plugins.cinder_cache.seeds.Seeds` does."""

    def settings(self, pool: CachePool) -> CacheSettings:
        """The pool's ``image_volume_cache_*``."""

    def entries(self) -> list[Entry]:
        """All entries of the cache."""

    def volume_type_for(self, pool: CachePool) -> str | None:
        """Id of a volume type that leads to the pool."""

    def find(self) -> list[Seed]:
        """All seeds."""

    def look(self, volume_id: str) -> Seed | None:
        """A seed as it is now."""

    def create(self, image: Image, pool: CachePool, volume_type: str) -> Seed:
        """Ask for a seed."""

    def delete(self, seed: Seed) -> None:
        """Ask for its end."""

    def complaint(self, seed: Seed) -> str:
        """Why Cinder could not make it."""


@dataclasses.dataclass(frozen=True)
class SeedingResult:
    """What became of an image in a pool; ``detail`` in Cinder's words."""

    image: Image
    pool: str
    reason: EntryReason
    made: bool = False
    detail: str = ''
    seconds: float = 0.0

    @property
    def outcome(self) -> str:
        """``made``, ``skipped`` or ``failed``."""
        if self.made:
            return 'made'
        return 'skipped' if self.reason in FINE else 'failed'


class Seeder:
    """Makes the entries that are missing.

    :param refused: what ``cinder`` raises when Cinder says no
    :param timeout: seconds that Cinder may take for a seed, and to delete it
    :param assume_enabled: take the cache of backends that this process has no
        configuration of for enabled
    """

    def __init__(
        self,
        cinder: Cinder,
        refused: type[Exception],
        wishes: Wishes,
        timeout: float,
        *,
        assume_enabled: bool = False,
        clock: Clock = SYSTEM,
    ) -> None:
        self._cinder = cinder
        self._refused = refused
        self._wishes = wishes
        self._timeout = timeout
        self._assume_enabled = assume_enabled
        self._clock = clock

    def clean_up(self) -> list[Seed]:
        """Delete what other runs left; the seeds that Cinder still makes."""
        being_made = []
        for seed in self._cinder.find():
            forgotten = not seed.scheduled and seed.age > self._timeout
            if seed.being_made and not forgotten:
                being_made.append(seed)
            else:
                LOG.info(
                    'Seed volume %(volume)s of another run, %(status)s, is deleted.',
                    {'volume': seed.volume_id, 'status': seed.status},
                )
                self._delete(seed)
        return being_made

    def run(
        self, images: Iterable[ListedImage], pools: Iterable[CachePool]
    ) -> Iterator[SeedingResult]:
        """A result for each image in each pool that somebody names for it."""
        being_made = self.clean_up()
        among = list(pools)
        for listed in images:
            for pool in among:
                reason = self._decide(listed, pool)
                if reason in FILL:
                    yield self._fill(listed.image, pool, reason, being_made)
                elif reason is not None:
                    yield SeedingResult(listed.image, pool.name, reason)

    def _decide(self, listed: ListedImage, pool: CachePool) -> EntryReason | None:
        settings = self._cinder.settings(pool)
        if self._assume_enabled and settings.enabled is None:
            settings = dataclasses.replace(settings, enabled=True)
        return decide(listed, pool, settings, self._cinder.entries(), self._wishes)

    def _fill(
        self,
        image: Image,
        pool: CachePool,
        reason: EntryReason,
        being_made: Iterable[Seed],
    ) -> SeedingResult:
        began = self._clock.monotonic()
        for seed in being_made:
            if (seed.image_id, seed.pool) == (image.id, pool.name):
                return self._others(image, seed)
        try:
            failed, detail = self._seed(image, pool)
        except self._refused as err:
            failed, detail = EntryReason.REFUSED, str(err)
        return SeedingResult(
            image,
            pool.name,
            failed or reason,
            failed is None,
            detail,
            self._clock.monotonic() - began,
        )

    def _others(self, image: Image, seed: Seed) -> SeedingResult:
        late = seed.age > self._timeout
        return SeedingResult(
            image,
            seed.pool,
            EntryReason.TIMED_OUT if late else EntryReason.BEING_MADE,
            detail=f'volume {seed.volume_id} is {seed.status}',
        )

    def _seed(self, image: Image, pool: CachePool) -> tuple[EntryReason | None, str]:
        """Why there is no entry after all, None if there is one."""
        volume_type = self._cinder.volume_type_for(pool)
        if volume_type is None:
            return EntryReason.NO_VOLUME_TYPE, ''
        seed = self._cinder.create(image, pool, volume_type)
        try:
            ended = self._wait(seed, lambda now: now is None or not now.being_made)
            detail = self._cinder.complaint(seed)
        finally:
            # Also if somebody stops the program: an hour may be left to wait.
            self._end(seed)
        if serving(image, pool, self._cinder.entries()):
            return None, ''
        if not ended:
            return EntryReason.TIMED_OUT, f'volume {seed.volume_id}'
        return (EntryReason.REFUSED if detail else EntryReason.NO_ENTRY), detail

    def _end(self, seed: Seed) -> None:
        now = self._cinder.look(seed.volume_id)
        if now is None or now.being_made:
            return
        self._delete(now)
        if not self._wait(
            seed, lambda now: now is None or now.status == 'error_deleting'
        ):
            LOG.warning('Cinder is still deleting seed volume %s.', seed.volume_id)

    def _delete(self, seed: Seed) -> None:
        try:
            self._cinder.delete(seed)
        except self._refused as err:
            LOG.warning(
                'Seed volume %(volume)s could not be deleted, the next '
                'run tries again: %(err)s',
                {'volume': seed.volume_id, 'err': err},
            )

    def _wait(self, seed: Seed, ready: Callable[[Seed | None], bool]) -> bool:
        """True if the seed became as it is to be in time."""
        deadline = self._clock.monotonic() + self._timeout
        pause = _FIRST_PAUSE
        while not ready(self._cinder.look(seed.volume_id)):
            if self._clock.monotonic() >= deadline:
                return False
            self._clock.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
        return True
