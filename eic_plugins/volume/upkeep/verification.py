"""Compares a cached image's bytes with the hash that Glance has of the image."""

import dataclasses
import enum
import hashlib
from collections.abc import Mapping

from eic_plugins.engine.pool_cache import LockTimeoutError, PoolCache
from eic_plugins.model import Image
from eic_plugins.volume.upkeep.paced_reading import Pace, digest_of


class Verdict(enum.StrEnum):
    """What there is to say."""

    SAME = 'same'
    DIFFERENT = 'different'
    CONVERTED = 'converted'
    NO_HASH = 'no_hash'
    OUTDATED = 'outdated'
    NOT_EIC = 'not_eic'
    NOT_CACHED = 'not_cached'
    BEING_MADE = 'being_made'
    UNREADABLE = 'unreadable'

    @property
    def message(self) -> str:
        """The sentence beside the word."""
        return _MESSAGES[self]

    @property
    def is_well(self) -> bool:
        """False of wrong bytes, and of what could not be looked at now."""
        return self not in {Verdict.DIFFERENT, Verdict.BEING_MADE, Verdict.UNREADABLE}


_MESSAGES: Mapping[Verdict, str] = {
    Verdict.SAME: "it has the bytes of Glance's image, and zeros behind them",
    Verdict.DIFFERENT: "its bytes are not those of Glance's image. Evict it (eic cache "
    'evict), and look at the volumes that were made of it',
    Verdict.CONVERTED: 'cannot be compared: Glance has the hash of a file that is not '
    'the raw disk',
    Verdict.NO_HASH: 'cannot be compared: Glance has no hash of it, or by an algorithm '
    'that this host does not have',
    Verdict.OUTDATED: 'it is of other bytes than Glance has today: no volume is made '
    'of it any more',
    Verdict.NOT_EIC: "it has no record of EIC's: no volume is made of it as it is",
    Verdict.NOT_CACHED: 'the pool has nothing of it',
    Verdict.BEING_MADE: 'somebody makes, verifies or removes it at this moment',
    Verdict.UNREADABLE: 'cannot be verified from here',
}


@dataclasses.dataclass(frozen=True)
class Verification:
    """The verdict, more of why, and how many bytes were read for it."""

    verdict: Verdict
    detail: str = ''
    read: int = 0


def before_reading(image: Image) -> Verdict | None:
    """Why the image can be compared nowhere; None if it can."""
    if not image.plainly_raw:
        return Verdict.CONVERTED
    if (
        not image.os_hash_value
        or image.os_hash_algo not in hashlib.algorithms_available
    ):
        return Verdict.NO_HASH
    return None


def verify(cache: PoolCache, image: Image, pace: Pace) -> Verification:
    """Read it and compare; while that goes on, nobody evicts it."""
    verdict = before_reading(image)
    if verdict:
        return Verification(verdict)
    try:
        with cache.locked(image.id, wait=False):
            return _verify(cache, image, pace)
    except LockTimeoutError:
        return Verification(Verdict.BEING_MADE)
    except Exception as err:
        # The stock driver, os-brick and privsep raise whatever they like.
        return Verification(Verdict.UNREADABLE, f'{type(err).__name__}: {err}')


def _verify(cache: PoolCache, image: Image, pace: Pace) -> Verification:
    cache.storage.refresh(image.id)
    found = cache.storage.held_of(image.id)
    if found is None:
        return Verification(Verdict.NOT_CACHED)
    record = found[1]
    if record is None:
        return Verification(Verdict.NOT_EIC)
    if record.identity != image.identity:
        return Verification(Verdict.OUTDATED)
    return _compared(cache, image, pace)


def _compared(cache: PoolCache, image: Image, pace: Pace) -> Verification:
    read = 0

    def say(so_far: int) -> None:
        nonlocal read
        read = so_far
        pace.say(so_far)

    with cache.storage.readable(image.id) as descriptor:
        try:
            digest = digest_of(
                descriptor,
                str(image.os_hash_algo),
                image.size,
                dataclasses.replace(pace, say=say),
            )
        except EOFError as err:
            return Verification(Verdict.DIFFERENT, str(err), read)
    if digest.value != image.os_hash_value:
        return Verification(
            Verdict.DIFFERENT,
            f'{image.os_hash_algo} {digest.value} instead of {image.os_hash_value}',
            read,
        )
    if not digest.rest_is_zero:
        return Verification(
            Verdict.DIFFERENT, f'something stands behind its {image.size} bytes', read
        )
    return Verification(Verdict.SAME, '', read)
