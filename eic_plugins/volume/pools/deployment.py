"""The pools of this Cinder deployment, and where they are on ONTAP.

A FlexVol counts as ours if a pool lives on it, and only cinder-scheduler knows
all pools: each backend reports its own to it once a minute, with the capability
``eic`` (:mod:`eic_plugins.volume.pools.capability`). It is asked over RPC, by the
call that ``cinder get-pools`` makes, when somebody needs to know; the answer is
remembered for a minute for each hundred pools. Without an answer what was known
last counts, or the backend's own pools alone: nothing that is asked here is worth a
failed volume.

Nothing is to be configured. Backends of drivers other than EIC's are not in it.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from cinder import context
from cinder.scheduler import rpcapi
from oslo_log import log as logging

from eic_plugins.model import KnownPool
from eic_plugins.scheduler import reported_images
from eic_plugins.support.clock import SYSTEM, Clock

LOG = logging.getLogger(__name__)

_TTL = 60.0
_POOLS_OF_A_TTL = 100
_RPC_TIMEOUT = 5.0
_RPC_VERSION = '3.0'
_RPC_RETRIES = 1  # to send it; by default for ever, without a message bus

Fetch = Callable[[], Iterable[Mapping[str, Any]]]
"""Gives pools as the scheduler does: ``name`` and ``capabilities``."""


def ask_scheduler() -> Iterable[Mapping[str, Any]]:
    """All pools that cinder-scheduler knows.

    :raises Exception: it did not answer within five seconds
    """
    client = rpcapi.SchedulerAPI().client.prepare(
        version=_RPC_VERSION, timeout=_RPC_TIMEOUT, retry=_RPC_RETRIES
    )
    found: Iterable[Mapping[str, Any]] = client.call(
        context.get_admin_context(), 'get_pools', filters=None
    )
    return found


class Deployment:
    """The pools of all of EIC's backends.

    :param own: gives the backend's own pools, which it knows from itself
    :param fetch: gives all pools, as the scheduler knows them
    """

    def __init__(
        self,
        own: Callable[[], Iterable[KnownPool]],
        fetch: Fetch = ask_scheduler,
        clock: Clock = SYSTEM,
    ) -> None:
        self._own = own
        self.fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._known: tuple[KnownPool, ...] = ()
        self._asked = float('-inf')
        self._silent = False

    def pools(self) -> tuple[KnownPool, ...]:
        """All pools, the backend's own first; never raises for the others."""
        own = tuple(self._own())
        names = {pool.name for pool in own}
        return own + tuple(pool for pool in self._reported() if pool.name not in names)

    def forget(self) -> None:
        """Ask for the other pools again, when somebody needs to know."""
        with self._lock:
            self._asked = float('-inf')

    def flexvols(self) -> frozenset[str]:
        """The uuids of the FlexVols that pools live on."""
        return frozenset(pool.flexvol for pool in self.pools())

    def _reported(self) -> tuple[KnownPool, ...]:
        with self._lock:
            if self._clock.monotonic() - self._asked > self._ttl():
                self._refresh()
                # After a silence, too: nobody waits for it more than once a
                # minute.
                self._asked = self._clock.monotonic()
            return self._known

    def _ttl(self) -> float:
        """Longer, the more pools there are: each backend gets all of them, so at one
        interval for all the answers would grow with the square of the backends.
        """
        return _TTL * max(len(self._known) / _POOLS_OF_A_TTL, 1.0)

    def _refresh(self) -> None:
        try:
            self._known = tuple(_known(self.fetch()))
        except Exception as err:
            if not self._silent:
                LOG.warning(
                    'cinder-scheduler does not say which pools there are, so '
                    'those of other backends count as they were known last '
                    '(%(count)d): %(error)s: %(err)s',
                    {
                        'count': len(self._known),
                        'error': type(err).__name__,
                        'err': err,
                    },
                )
            self._silent = True
        else:
            self._silent = False


def _known(found: Iterable[Mapping[str, Any]]) -> Iterator[KnownPool]:
    for each in found:
        capabilities = each.get('capabilities') or {}
        pool = known_pool(str(each.get('name')), capabilities.get('eic'))
        if pool is not None:
            yield pool


def known_pool(name: str, facts: Any) -> KnownPool | None:
    """The pool of a capability ``eic``; None if that is not one."""
    if not isinstance(facts, Mapping):
        return None
    place = {key: str(facts.get(key) or '') for key in ('cluster', 'svm', 'flexvol')}
    if not all(place.values()):
        return None
    return KnownPool(
        name,
        **place,
        directory=str(facts.get('directory') or ''),
        cached=reported_images.listed(facts),
        kind=str(facts.get('kind') or ''),
        all_cached=reported_images.filtered(facts) or (),
    )
