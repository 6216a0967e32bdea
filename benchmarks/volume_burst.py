"""Asks for many volumes of one image at once, as many users of one cloud do."""

import concurrent.futures
import dataclasses
import time
from collections.abc import Callable

from benchmarks.tenant import PREFIX, Tenant
from benchmarks.volume_watch import Ended, VolumeWatch, watching
from lab import cinder

_CLIENTS = 16
"""Requests under way at once: cinder-api's threads in the lab."""
_SECONDS = 600
_SECONDS_OF_ONE = 10


@dataclasses.dataclass(frozen=True)
class Burst:
    """What came of one burst."""

    asked: int
    seconds: tuple[float, ...]
    """Of each volume that was made: from its request to available, the least first."""
    lasted: float
    """Seconds from the first request to the last volume."""
    failed: int


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What is asked for."""

    driver: str
    pool: str
    image_id: str
    volumes: int


def ask(
    tenant: Tenant,
    wanted: Wanted,
    name: str,
    on_look: Callable[[], object] = lambda: None,
) -> Burst:
    """A burst of volumes of that name, which no other volumes have.

    :param on_look: called each time when the volumes are looked at
    :raises LabError: some are not made in time
    """
    with watching(tenant.lab, f'{PREFIX}{name}', on_look) as watch:
        began = time.monotonic()
        asked, ended = _ask_all(tenant, wanted, name, watch)
    return burst_of(began, asked, ended)


def _ask_all(
    tenant: Tenant, wanted: Wanted, name: str, watch: VolumeWatch
) -> tuple[dict[str, float], Ended]:
    asked: dict[str, float] = {}

    def one(_: int) -> None:
        sent = time.monotonic()
        volume_id = tenant.ask(
            wanted.image_id,
            f'{wanted.driver}-{wanted.pool}',
            name,
            cinder.api_of(wanted.driver),
        )
        asked[volume_id] = sent

    with concurrent.futures.ThreadPoolExecutor(_CLIENTS + 1) as executor:
        ended = executor.submit(
            watch.until, wanted.volumes, _SECONDS + _SECONDS_OF_ONE * wanted.volumes
        )
        list(executor.map(one, range(wanted.volumes)))
        return asked, ended.result()


def burst_of(began: float, asked: dict[str, float], ended: Ended) -> Burst:
    """The numbers of a burst.

    :param began: when it did, in the same seconds as the other times
    :param asked: when each volume was asked for, by its id
    """
    made = {
        volume_id: at
        for volume_id, (status, at) in ended.items()
        if status == 'available'
    }
    return Burst(
        len(asked),
        tuple(sorted(at - asked[volume_id] for volume_id, at in made.items())),
        max(at for _, at in ended.values()) - began,
        len(ended) - len(made),
    )
