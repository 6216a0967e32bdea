"""Keeps the pools of a backend at what is to be precached.

Two things start it: a comparison of all images every ``precache_interval``
seconds, and a notification of Glance about one image. Both ask Glance, look at
the records in the pools and do what
:mod:`eic_plugins.precache.precache_rules` says. Removals are done at once. Fills
wait for one of ``precache_workers`` threads, which decides again before it begins.
As long as Glance or Keystone does not answer,
nothing is done.

Every host of a backend does this. The locks of
:mod:`eic_plugins.engine.pool_cache` make it
one fill in all; whoever waited finds the image cached.
"""

import collections
import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Protocol

from oslo_log import log as logging
from oslo_utils import uuidutils

from eic_plugins.engine.pool_cache import LockTimeoutError, NotLockedError, PoolCache
from eic_plugins.glance.catalog import Images
from eic_plugins.glance.documents import ListedImage
from eic_plugins.model import Image, Outcome
from eic_plugins.ontap.session import OntapError
from eic_plugins.precache.fill_queue import FillQueue, log_end
from eic_plugins.precache.precache_rules import (
    Action,
    Do,
    Held,
    PoolState,
    Wishes,
    compare,
    has_room,
    wants,
    with_families,
)
from eic_plugins.precache.relatives import Relatives
from eic_plugins.storage.eviction import Space, Usage
from eic_plugins.storage.interface import Record
from eic_plugins.support.clock import SYSTEM, Clock
from eic_plugins.support.known import KnownIds
from eic_plugins.support.patience import Failures

LOG = logging.getLogger(__name__)


class PrecachedPools(Protocol):
    """The pools of a backend, and what a precacher wants done there."""

    def caches(self) -> Iterable[PoolCache]:
        """The cached images of each pool that is in order."""

    def names_of(self, pool: str) -> frozenset[str]:
        """Whatever an operator may call a pool."""

    def space_of(self, pool: str) -> Space:
        """A pool's capacity.

        :raises OntapError, OSError: it is not to be had
        """

    def precache(self, image: Image, pool: str) -> Outcome:
        """Have the pool cache an image that no volume asks for.

        :raises Exception: Keystone or ONTAP did not answer
        """

    def removed(self, image_id: str, pool: str) -> None:
        """The pool has that cached image no longer."""


class Precacher:
    """Compares, removes and fills, for one backend.

    :param images: Glance; asked for anew until it could be had
    :param start_percent: ``thres_avl_size_perc_start``
    :param pause: seconds for which a failed fill is left alone, twice as long
        after each further failure, a day at most
    """

    def __init__(
        self,
        pools: PrecachedPools,
        images: Callable[[], Images],
        wishes: Wishes,
        start_percent: int,
        pause: float,
        clock: Clock = SYSTEM,
    ) -> None:
        self._pools = pools
        self._images = images
        self._wishes = wishes
        self._relatives = Relatives(wishes)
        self._start_percent = start_percent
        self._clock = clock
        self._wanted: dict[str, KnownIds] = collections.defaultdict(KnownIds)
        self._fills = FillQueue('eic-precache', self._fill, Failures(pause, clock))

    def start(self, workers: int) -> None:
        """Have this many threads fill."""
        self._fills.start(workers)

    def reconcile(self) -> None:
        """Compare all images; never raises."""
        try:
            self._reconcile()
        except Exception as err:
            LOG.warning(
                'The pools were not compared with the images in '
                'Glance, and nothing was removed or precached: '
                '%(error)s: %(err)s',
                {'error': type(err).__name__, 'err': err},
            )

    def look_at(self, image_id: str) -> None:
        """Compare one image, which may have changed; never raises."""
        try:
            for action in self._look(image_id)[1]:
                self._carry_out(action)
        except Exception as err:
            LOG.warning(
                'Image %(image)s is not looked at before the next '
                'comparison: %(error)s: %(err)s',
                {'image': image_id, 'error': type(err).__name__, 'err': err},
            )

    def wanted_in(self, pool: str) -> frozenset[str]:
        """Ids of the images that the pool was to have at the last look."""
        return frozenset(self._wanted[pool].all())

    def fill_next(self) -> None:
        """Wait for a fill that is to be done, and do it; never raises."""
        self._fills.fill_next()

    @property
    def waiting(self) -> int:
        """Fills that are queued or under way."""
        return len(self._fills)

    def _reconcile(self) -> None:
        images = self._images()
        pools = list(self._states())
        listed, wishes = self._list(images, pools)
        known = {each.image.id for each in listed}
        held = {image_id for pool in pools for image_id in pool.held}
        # Asked image by image: an image that is not listed need not be gone.
        gone = frozenset(
            image_id for image_id in held - known if images.is_gone(image_id)
        )
        for action in compare(listed, gone, pools, wishes, self._clock.time()):
            self._carry_out(action)

    def _list(
        self, images: Images, pools: Iterable[PoolState]
    ) -> tuple[list[ListedImage], Wishes]:
        """All images, and what is wished of them; which of them each pool is to
        have is known then.
        """
        with contextlib.ExitStack() as stack:
            found = [
                (pool, stack.enter_context(self._wanted[pool.name].listing()))
                for pool in pools
            ]
            listed = list(all_images(images, self._wishes))
            wishes = with_families(self._wishes, listed)
            self._relatives.learn(listed)
            for pool, wanted in found:
                wanted(
                    each.image.id for each in listed if wants(pool.names, each, wishes)
                )
        return listed, wishes

    def _look(self, image_id: str) -> tuple[ListedImage | None, list[Action]]:
        """The image, if it is there, and what is to be done with it and with the
        others of its families.
        """
        images = self._images()
        found = images.find(image_id)
        listed = self._relatives.of(images, image_id, found)
        wishes = with_families(self._wishes, listed)
        pools = list(self._states({image_id, *(each.image.id for each in listed)}))
        held = any(image_id in pool.held for pool in pools)
        gone = found is None and held and images.is_gone(image_id)
        for pool in pools:
            self._note(pool, image_id, listed, wishes)
        return found, list(
            compare(
                [each for each in listed if not gone or each.image.id != image_id],
                frozenset({image_id} if gone else ()),
                pools,
                wishes,
                self._clock.time(),
            )
        )

    def _note(
        self,
        pool: PoolState,
        image_id: str,
        listed: Iterable[ListedImage],
        wishes: Wishes,
    ) -> None:
        wanted = {each.image.id: wants(pool.names, each, wishes) for each in listed}
        for each, is_wanted in {image_id: False, **wanted}.items():
            self._wanted[pool.name].note(each, is_wanted)

    def _states(self, image_ids: Collection[str] | None = None) -> Iterator[PoolState]:
        """All pools, with what they hold, or hold of some images."""
        for cache in self._pools.caches():
            name = cache.pool.name
            try:
                held = _held_in(cache, image_ids)
            except (OSError, OntapError) as err:
                LOG.warning(
                    'Pool %(pool)s is left out: %(err)s', {'pool': name, 'err': err}
                )
            else:
                yield PoolState(
                    name, self._pools.names_of(name), held, cache.storage.use_delay
                )

    def _carry_out(self, action: Action) -> None:
        if action.do is Do.REMOVE:
            self._remove(action)
        if action.do is not Do.FILL:
            return
        if self._fills.put((action.image_id, action.pool)):
            LOG.info(
                'Image %(image)s is to be precached in pool %(pool)s: %(why)s.',
                {'image': action.image_id, 'pool': action.pool, 'why': action.cause},
            )

    def _remove(self, action: Action) -> None:
        cache = next(
            (each for each in self._pools.caches() if each.pool.name == action.pool),
            None,
        )
        if cache is None or action.usage is None:
            return
        try:
            if cache.evict(action.usage):
                self._pools.removed(action.image_id, action.pool)
        except LockTimeoutError:
            LOG.debug(
                'Cached image %s is being made and stays for now.', action.image_id
            )
        except (OSError, OntapError, NotLockedError) as err:
            LOG.warning(
                'Cached image %(image)s stays in pool %(pool)s for now, though '
                'it is to go (%(why)s): %(err)s',
                {
                    'image': action.image_id,
                    'pool': action.pool,
                    'why': action.cause,
                    'err': err,
                },
            )

    def _fill(self, image_id: str, pool: str) -> bool:
        """Fill, if that is still to be done; whether that failed."""
        found, actions = self._look(image_id)
        if found is None or pool not in {
            action.pool for action in actions if action.do is Do.FILL
        }:
            return False
        if not self._has_room(found.image, pool, actions):
            LOG.info(
                'Image %(image)s is not precached in pool %(pool)s, which '
                'would be left with thres_avl_size_perc_start percent or '
                'less.',
                {'image': image_id, 'pool': pool},
            )
            return False
        outcome = self._pools.precache(found.image, pool)
        log_end('Precaching image %s in pool %s', (image_id, pool), outcome)
        if not outcome.left_to_cinder:
            self._remove_superseded(image_id, pool, actions)
        return outcome.left_to_cinder

    def _remove_superseded(
        self, image_id: str, pool: str, before: Iterable[Action]
    ) -> None:
        """What waited for this image, and is unused."""
        if not any(action.do is Do.REMOVE_FOR_ROOM for action in before):
            return
        for action in self._look(image_id)[1]:
            if action.do is Do.REMOVE and action.pool == pool:
                self._remove(action)

    def _has_room(self, image: Image, pool: str, actions: Iterable[Action]) -> bool:
        """Whether it has; what the image supersedes goes if that is what it takes."""
        for action in actions:
            if not (
                action.do is Do.REMOVE_FOR_ROOM
                and action.pool == pool
                and image.id in action.newer
            ):
                continue
            if self._fits(image, pool):
                break
            self._remove(action)
        return self._fits(image, pool)

    def _fits(self, image: Image, pool: str) -> bool:
        return has_room(image, self._pools.space_of(pool), self._start_percent)


def all_images(images: Images, wishes: Wishes) -> Iterator[ListedImage]:
    """All images, and hidden ones if they are configured by id."""
    seen = set()
    for each in images.all():
        seen.add(each.image.id)
        yield each
    for image_id in wishes.images:
        if uuidutils.is_uuid_like(image_id) and image_id not in seen:
            hidden = images.find(image_id)
            if hidden:
                yield hidden


def _held_in(cache: PoolCache, image_ids: Collection[str] | None) -> dict[str, Held]:
    """What a pool holds, or holds of some images."""
    cache.storage.refresh()
    if image_ids is None:
        found = cache.storage.held()
    else:
        looks = map(cache.storage.held_of, image_ids)
        found = (each for each in looks if each is not None)
    return {
        usage.image_id: _held(usage, record)
        for usage, record in found
        if uuidutils.is_uuid_like(usage.image_id)
    }


def _held(usage: Usage, record: Record | None) -> Held:
    if record is None:
        return Held(usage, None)
    return Held(usage, record.identity, record.signature)
