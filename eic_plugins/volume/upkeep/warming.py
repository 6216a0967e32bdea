"""Has a pool cache an image now, and waits for it."""

import dataclasses
import enum

from eic_plugins.model import Image, Outcome
from eic_plugins.ontap.namespace import UnknownShareError
from eic_plugins.ontap.session import OntapError
from eic_plugins.storage.names import FILL_PREFIX
from eic_plugins.volume.backend import Backend


class Warmed(enum.StrEnum):
    """What became of it."""

    MADE = 'made'
    CACHED = 'cached'
    FAILED = 'failed'


@dataclasses.dataclass(frozen=True)
class Warming:
    """What became of one; ``outcome`` if it was tried, ``detail`` if it was not."""

    word: Warmed
    outcome: Outcome | None = None
    detail: str = ''


def warm(backend: Backend, image: Image, pool: str) -> Warming:
    """Fill the pool by the routes of a volume. Whatever ends this early, nothing of
    the attempt is left.

    :param pool: its name behind the ``#``
    """
    try:
        outcome = backend.background.filler.precache(image, pool)
    except (OntapError, UnknownShareError, OSError) as err:
        return Warming(Warmed.FAILED, detail=f'{type(err).__name__}: {err}')
    except Exception as err:
        # Its text may have an address that is a location.
        return Warming(
            Warmed.FAILED,
            detail='Glance, Keystone or Cinder did not answer as they should: '
            f'{type(err).__name__}',
        )
    if outcome.left_to_cinder:
        return Warming(Warmed.FAILED, outcome)
    return Warming(Warmed.MADE if outcome.fills else Warmed.CACHED, outcome)


def bytes_so_far(backend: Backend, image_id: str, pool: str) -> int:
    """What is there of a fill, as far as the host sees that; never raises."""
    try:
        storage = backend.cluster.pools.cache_of(pool).storage
        return storage.filled_so_far(f'{FILL_PREFIX}{image_id}-')
    except Exception:
        return 0
