"""Locks that hold across threads, processes and hosts: Cinder's coordination.

``[coordination] backend_url`` decides how far they reach: with ``file://`` one
host, with etcd, Redis and the like all of them. A process that dies loses its
locks.

With ``file://`` each lock is a file, which its release leaves there. Those that
are a day old and nobody's are removed at each cleaning; what is locked again gets
a new one.
"""

import contextlib
import glob
from collections.abc import Iterator
from pathlib import Path

from cinder import coordination
from oslo_config import cfg
from oslo_log import log as logging

from eic_plugins.engine.pool_cache import LockTimeoutError
from eic_plugins.support.clock import SYSTEM

CONF = cfg.CONF
LOG = logging.getLogger(__name__)
_FILES = 'file://'
_OURS = 'eic-'
"""So begin the names of all locks of this bundle."""
_IDLE_SECONDS = 86400


class Locks:
    """Locks by name.

    :param timeout: seconds that one may be waited for
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout

    @contextlib.contextmanager
    def held(self, name: str, *, wait: bool) -> Iterator[None]:
        """Hold the lock.

        :param wait: False to give up at once if somebody else has it
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


def remove_idle_files() -> None:
    """Remove the files of old locks of ours that nobody has; never raises."""
    try:
        for path in _old_files():
            _remove_idle(path.name.removeprefix(coordination.COORDINATOR.prefix))
    except Exception as err:
        LOG.warning('Files of old locks stay for now: %s', err)


def _old_files() -> Iterator[Path]:
    """A file keeps the time at which the lock was first taken."""
    url = CONF.coordination.backend_url or ''
    if not url.startswith(_FILES):
        return
    directory = Path(url.removeprefix(_FILES))
    prefix = coordination.COORDINATOR.prefix + _OURS
    for path in list(directory.glob(glob.escape(prefix) + '*')):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < SYSTEM.time() - _IDLE_SECONDS:
                yield path


def _remove_idle(name: str) -> None:
    # Who opened the file before it goes and locks it after that, locks nothing
    # that the next one sees: a fill more in a moment's race, never a wrong one.
    with contextlib.suppress(LockTimeoutError), Locks(0).held(name, wait=False):
        coordination.COORDINATOR.remove_lock(glob.escape(name))


def check_reach(cluster_name: str | None) -> None:
    """Say in the log where the locks do not reach as far as Cinder does."""
    url = CONF.coordination.backend_url or ''
    if not url.startswith(_FILES):
        return
    LOG.info(
        '[coordination] backend_url is %s: right as long as no other '
        'host runs cinder-volume on the same shares.',
        url,
    )
    if cluster_name:
        LOG.error(
            '[coordination] backend_url is %s, which locks on this '
            'host alone, but cinder-volume runs active-active in '
            'cluster %s: volumes on several hosts will make the '
            'same cached image and disturb each other. Set it to '
            'etcd, Redis or another shared backend of tooz.',
            url,
            cluster_name,
        )
