"""What a backend does when nobody asks for a volume: it precaches, and spreads.

Options, in ``[eic]``: ``precache_*`` and ``notification_*``; precaching is off
with ``precache_interval = 0`` and without ``precache_notifications``. And
``spread_*``; spreading is off with ``spread_volumes = 0``.
"""

import contextlib
import functools
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager

from oslo_config import cfg
from oslo_log import log as logging

from eic_plugins import config
from eic_plugins.glance.catalog import Images
from eic_plugins.precache import notifications
from eic_plugins.precache.families import Family, parse_family
from eic_plugins.precache.precache_rules import Wishes, parse_image
from eic_plugins.precache.precacher import Precacher
from eic_plugins.precache.spread_rules import Rule
from eic_plugins.precache.spreader import Spreader
from eic_plugins.volume.cluster import Connection
from eic_plugins.volume.pools.filler import PoolFiller
from eic_plugins.volume.stock.interface import StockDriver

CONF = cfg.CONF
LOG = logging.getLogger(__name__)

_PAUSE_SECONDS = 600.0
_FIRST_COMPARISON = 10.0  # seconds after the start, when the driver is set up


class Background:
    """The precacher and the spreader of one backend; None of what is off."""

    def __init__(
        self, stock: StockDriver, connection: Connection, filler: PoolFiller
    ) -> None:
        self.precacher: Precacher | None = None
        self.spreader: Spreader | None = None
        self._stock = stock
        self._connection = connection
        self.filler = filler
        self._told_why_not = False

    def start(self) -> None:
        """Begin with both, once.

        Called whenever the stock driver adds its periodic tasks. It does so again
        if its set-up has failed, and keeps those of the first time.
        """
        self._start_precaching()
        self._start_spreading()

    def making(self, image_id: str) -> AbstractContextManager[None]:
        """A volume of the image is being made as long as the context lasts."""
        if self.spreader is None:
            return contextlib.nullcontext()
        return self.spreader.making(image_id)

    def wanted_in(self, pool: str) -> frozenset[str]:
        """Ids of the images that are to stay in a pool as long as possible."""
        return self.precacher.wanted_in(pool) if self.precacher else frozenset()

    def _start_precaching(self) -> None:
        options = CONF[config.GROUP]
        interval, listens = options.precache_interval, options.precache_notifications
        if self.precacher is not None or not (interval or listens):
            return
        self.precacher = Precacher(
            self.filler,
            functools.cache(lambda: Images(CONF)),
            wishes(self._stock.options.expiry_thres_minutes * 60.0),
            self._stock.options.thres_avl_size_perc_start,
            interval or _PAUSE_SECONDS,
        )
        self.precacher.start(options.precache_workers)
        if listens:
            notifications.listen(CONF, self._stock.host, self.precacher.look_at)
        if interval:
            self._stock.add_task(self.precacher.reconcile, interval, _FIRST_COMPARISON)

    def _start_spreading(self) -> None:
        options = CONF[config.GROUP]
        if self.spreader is not None or not options.spread_volumes:
            return
        if not self._connection.cluster.backing.copies_between_pools:
            self._tell_why_not()
            return
        self.spreader = Spreader(
            self.filler,
            Rule(options.spread_volumes, options.spread_window, options.spread_copies),
        )
        self.spreader.start(options.spread_interval)

    def _tell_why_not(self) -> None:
        if not self._told_why_not:
            LOG.info(
                'Images in demand are not spread over the pools of '
                '%(backend)s: ONTAP copies no NVMe namespaces between '
                'FlexVols.',
                {'backend': self._stock.section},
            )
        self._told_why_not = True


def wishes(keep_unused: float) -> Wishes:
    """What is configured; a line that says nothing is left out.

    :param keep_unused: seconds for which a superseded image stays after its last use
    """
    options = CONF[config.GROUP]
    return Wishes(
        _configured_images(options.precache_images),
        frozenset(options.precache_projects),
        CONF.verify_glance_signatures != 'disabled',
        tuple(_configured_families(options.precache_families)),
        keep_unused,
    )


def _configured_families(lines: Iterable[str]) -> Iterator[Family]:
    for line in lines:
        try:
            yield parse_family(line)
        except ValueError as err:
            # No reason to have no backend at all.
            LOG.error('%s. The line is left out.', err)


def _configured_images(lines: Iterable[str]) -> dict[str, frozenset[str]]:
    """The pools that are named for images, by ids and names of these."""
    configured: dict[str, frozenset[str]] = {}
    for line in lines:
        try:
            image, pools = parse_image(line)
        except ValueError as err:
            # No reason to have no backend at all.
            LOG.error('%s. The line is left out.', err)
        else:
            configured[image] = configured.get(image, frozenset()) | pools
    return configured
