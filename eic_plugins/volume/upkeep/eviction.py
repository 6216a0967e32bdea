"""Evicts one cached image from one pool, or says why not."""

import dataclasses
import enum
from collections.abc import Mapping

from eic_plugins.engine.pool_cache import LockTimeoutError, NotLockedError, PoolCache
from eic_plugins.ontap.session import OntapError
from eic_plugins.storage.eviction import IN_USE_SECONDS
from eic_plugins.support.clock import SYSTEM, Clock


class Evicted(enum.StrEnum):
    """What became of it."""

    EVICTED = 'evicted'
    NOT_CACHED = 'not_cached'
    NOT_EIC = 'not_eic'
    IN_USE = 'in_use'
    BEING_MADE = 'being_made'
    LEFT = 'left'
    FAILED = 'failed'

    @property
    def message(self) -> str:
        """The sentence beside the word."""
        return _MESSAGES[self]

    @property
    def is_well(self) -> bool:
        """True if the pool has no cached image of it now."""
        return self in {Evicted.EVICTED, Evicted.NOT_CACHED}


_MESSAGES: Mapping[Evicted, str] = {
    Evicted.EVICTED: 'removed; volumes made of it stay whole',
    Evicted.NOT_CACHED: 'the pool has nothing of it',
    Evicted.NOT_EIC: "it has no record of EIC's: the stock driver's, or what is left "
    'of one. The cleaner of cinder-volume removes it when its turn comes',
    Evicted.IN_USE: f'a volume or a copy was made of it within {IN_USE_SECONDS} '
    'seconds: try again later',
    Evicted.BEING_MADE: 'somebody makes, verifies or removes it at this moment: try '
    'again later',
    Evicted.LEFT: 'nobody uses it any more, but ONTAP did not delete it; the cleaner '
    'of cinder-volume tries again',
    Evicted.FAILED: 'it could not be removed',
}


@dataclasses.dataclass(frozen=True)
class Eviction:
    """What became of one, and more of why."""

    word: Evicted
    detail: str = ''


def evict(cache: PoolCache, image_id: str, clock: Clock = SYSTEM) -> Eviction:
    """Remove it, unless it is in use; by the protocol of the cleaner."""
    try:
        return Eviction(_evict(cache, image_id, clock))
    except LockTimeoutError:
        return Eviction(Evicted.BEING_MADE)
    except (OntapError, OSError, NotLockedError) as err:
        return Eviction(Evicted.FAILED, str(err))


def _evict(cache: PoolCache, image_id: str, clock: Clock) -> Evicted:
    cache.storage.refresh(image_id)
    found = cache.storage.held_of(image_id)
    if found is None:
        return Evicted.NOT_CACHED
    usage, record = found
    if record is None:
        return Evicted.NOT_EIC
    if usage.last_used > clock.time() - IN_USE_SECONDS or not cache.evict(usage):
        return Evicted.IN_USE
    return Evicted.LEFT if cache.storage.held_of(image_id) else Evicted.EVICTED
