"""Fills that nobody waits for: a queue, threads, and patience with failures."""

import queue
import threading
from collections.abc import Callable, Sequence

from oslo_log import log as logging

from eic_plugins.model import Outcome
from eic_plugins.support.patience import Failures

LOG = logging.getLogger(__name__)

Key = tuple[str, str]
"""An image's id and a pool's name."""


class FillQueue:
    """Each image and pool once, and not again at once if that has failed.

    :param name: that of the threads
    :param fill: makes the cached image, or not; whether it failed
    :param failures: what is left alone for a while
    """

    def __init__(
        self, name: str, fill: Callable[[str, str], bool], failures: Failures
    ) -> None:
        self._name = name
        self._fill = fill
        self._failures = failures
        self._lock = threading.Lock()
        self._known: set[Key] = set()
        self._waiting: queue.Queue[Key] = queue.Queue()

    def __len__(self) -> int:
        """Fills that wait or are under way."""
        with self._lock:
            return len(self._known)

    @property
    def queue(self) -> Sequence[Key]:
        """Fills that wait, the next one first."""
        return tuple(self._waiting.queue)

    def put(self, key: Key) -> bool:
        """Have it filled; False if it is queued, or failed a short while ago."""
        with self._lock:
            if key in self._known or self._failures.too_recent(key):
                return False
            self._known.add(key)
        self._waiting.put(key)
        return True

    def fill_next(self) -> None:
        """Wait for a fill that is to be done, and do it; never raises."""
        image_id, pool = key = self._waiting.get()
        failed = True
        try:
            failed = self._fill(image_id, pool)
        except Exception:
            LOG.exception(
                'Image %(image)s was not cached in pool %(pool)s by %(name)s.',
                {'image': image_id, 'pool': pool, 'name': self._name},
            )
        finally:
            with self._lock:
                self._failures.note(key, failed)
                self._known.discard(key)

    def start(self, workers: int) -> None:
        """Have this many threads fill."""
        for number in range(workers):
            threading.Thread(
                target=self._work, daemon=True, name=f'{self._name}-{number}'
            ).start()

    def _work(self) -> None:
        while True:
            self.fill_next()


def log_end(doing: str, key: Key, outcome: Outcome) -> None:
    """Say how a fill that nobody waits for has ended.

    :param doing: what was done, with two places for the image and the pool
    """
    LOG.info(
        '%(doing)s: %(end)s in %(seconds).3f s; refused: %(refused)s',
        {
            'doing': doing % key,
            'seconds': outcome.seconds,
            'end': 'failed' if outcome.left_to_cinder else f'route {outcome.route}',
            'refused': outcome.explain() or 'none',
        },
    )
