"""Locks that hold across threads, processes and hosts: Cinder's coordination.

``[coordination] backend_url`` decides how far they reach: with ``file://`` one
host, with etcd, Redis and the like all of them. A process that dies loses its
locks.
"""

import contextlib
from collections.abc import Iterator

from cinder import coordination
from oslo_config import cfg
from oslo_log import log as logging

from eic_plugins.cache import LockTimeoutError

CONF = cfg.CONF
LOG = logging.getLogger(__name__)


class Locks:
    """Locks by name.

    :param timeout: seconds that one may be waited for
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout

    @contextlib.contextmanager
    def __call__(self, name: str, wait: bool) -> Iterator[None]:
        """Hold the lock.

        :raises LockTimeoutError: somebody else has it
        """
        lock = coordination.COORDINATOR.get_lock(name)
        timeout = float(self._timeout) if wait else 0.0
        if not lock.acquire(blocking=timeout or False):
            raise LockTimeoutError(f'lock {name} not acquired in {timeout} s')
        try:
            yield
        finally:
            lock.release()


def check_reach(cluster_name: str | None) -> None:
    """Say in the log where the locks do not reach as far as Cinder does."""
    url = CONF.coordination.backend_url or ''
    if not url.startswith('file://'):
        return
    LOG.info('[coordination] backend_url is %s: right as long as no other '
             'host runs cinder-volume on the same shares.', url)
    if cluster_name:
        LOG.error('[coordination] backend_url is %s, which locks on this '
                  'host alone, but cinder-volume runs active-active in '
                  'cluster %s: volumes on several hosts will make the '
                  'same cached image and disturb each other. Set it to '
                  'etcd, Redis or another shared backend of tooz.',
                  url, cluster_name)
