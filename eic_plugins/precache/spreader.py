"""Spreads images in demand over the pools of a backend, in the background.

:mod:`eic_plugins.precache.spread_rules` says what is copied where. A look is one query
of Cinder's database. There is one every ``spread_interval`` seconds, and one a
second after somebody asked for a volume whose image some pool of the backend
lacks; such a hint only says when to look. Volumes that are being made here count,
too: the database does not know their image yet.

Copies are made inside the cluster, and nothing is downloaded for them.
Every host of every backend does this. The locks of
:mod:`eic_plugins.engine.pool_cache` make it one copy in all, and nobody waits
for them here.
"""

import collections
import contextlib
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from oslo_log import log as logging

from eic_plugins.model import KnownPool
from eic_plugins.precache.fill_queue import FillQueue
from eic_plugins.precache.spread_rules import Rule, lacking, neighbours, share
from eic_plugins.support.clock import SYSTEM, Clock
from eic_plugins.support.patience import Failures

LOG = logging.getLogger(__name__)

_PAUSE_SECONDS = 600.0
_SHORTEST_PAUSE = 1.0
"""Seconds between two looks, however many hints there are."""


class SpreadPools(Protocol):
    """The pools that images are spread over, and how one gets there."""

    def own(self) -> Iterable[KnownPool]:
        """The backend's pools."""

    def deployed(self) -> Iterable[KnownPool]:
        """Every pool of the deployment."""

    def volumes(self, pools: Collection[str]) -> Mapping[str, int]:
        """How many volumes there are of each image in pools of these names.

        :raises Exception: the database did not answer
        """

    def spread(self, image_id: str, pool: str) -> bool:
        """Have a pool cache an image by a clone or a copy; whether that failed.

        :param pool: its name behind the ``#``
        :raises Exception: Glance, Keystone or ONTAP did not answer
        """


class Spreader:
    """Looks and copies, for one backend."""

    def __init__(self, pools: SpreadPools, rule: Rule, clock: Clock = SYSTEM) -> None:
        self._pools = pools
        self._rule = rule
        self._fills = FillQueue(
            'eic-spread', self._fill, Failures(_PAUSE_SECONDS, clock)
        )
        self._lock = threading.Lock()
        self._making: collections.Counter[str] = collections.Counter()
        self._hinted = threading.Event()
        self._silent = False
        self._everywhere: frozenset[str] = frozenset()
        """What all pools of the backend had at the last look."""

    def start(self, interval: float) -> None:
        """Look in a thread, every so many seconds or when there is a hint."""
        self._fills.start(self._rule.copies)
        threading.Thread(
            target=self._watch, args=(interval,), daemon=True, name='eic-spread-look'
        ).start()

    @contextlib.contextmanager
    def making(self, image_id: str) -> Iterator[None]:
        """A volume of the image is being made as long as the context lasts."""
        with self._lock:
            self._making[image_id] += 1
        self._hint(image_id)
        try:
            yield
        finally:
            with self._lock:
                self._making[image_id] -= 1
                if not self._making[image_id]:
                    del self._making[image_id]
            self._hint(image_id)

    def look(self) -> None:
        """Queue the copies that are missing; never raises."""
        self._hinted.clear()
        try:
            self._look()
        except Exception as err:
            if not self._silent:
                LOG.warning(
                    'Images in demand are not spread over pools for '
                    'now: %(error)s: %(err)s',
                    {'error': type(err).__name__, 'err': err},
                )
            self._silent = True
        else:
            self._silent = False

    def fill_next(self) -> None:
        """Wait for a copy that is to be made, and make it; never raises."""
        self._fills.fill_next()

    @property
    def waiting(self) -> int:
        """Copies that are queued or under way."""
        return len(self._fills)

    @property
    def queue(self) -> Sequence[tuple[str, str]]:
        """The image's id and the pool of each copy that waits, the next one first."""
        return self._fills.queue

    @property
    def look_is_due(self) -> bool:
        """True if something has happened that is worth a look."""
        return self._hinted.is_set()

    @property
    def images_in_making(self) -> Collection[str]:
        """Ids of the images that volumes are being made of."""
        with self._lock:
            return frozenset(self._making)

    def _look(self) -> None:
        own = list(self._pools.own())
        self._everywhere = (
            frozenset.intersection(*(pool.cached for pool in own))
            if own
            else frozenset()
        )
        cluster = neighbours(own, self._pools.deployed())
        volumes = collections.Counter(
            self._pools.volumes([pool.name for pool in cluster])
        )
        with self._lock:
            volumes.update(self._making)
        for image_id, pool in lacking(volumes, self._rule, own, cluster):
            if len(self._fills) >= share(self._rule, cluster):
                return
            name = pool.name.partition('#')[2]
            if self._fills.put((image_id, name)):
                LOG.info(
                    'Image %(image)s has %(count)d volumes in pools of the '
                    'cluster and is to be copied into pool %(pool)s.',
                    {'image': image_id, 'count': volumes[image_id], 'pool': name},
                )

    def _fill(self, image_id: str, pool: str) -> bool:
        try:
            return self._pools.spread(image_id, pool)
        finally:
            # There may be more to copy than may be under way at once.
            self._hinted.set()

    def _hint(self, image_id: str) -> None:
        if image_id not in self._everywhere:
            self._hinted.set()

    def _watch(self, interval: float) -> None:
        while True:
            self._hinted.wait(interval)
            self.look()
            SYSTEM.sleep(_SHORTEST_PAUSE)
