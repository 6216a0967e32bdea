"""Finds out from Glance, as the service, where the copies of an image are."""

import dataclasses
from collections.abc import Callable, Iterable

from oslo_config import cfg
from oslo_log import log as logging

from eic_plugins.glance.image_locations import ImageLocations, Location
from eic_plugins.glance.locations import LocationReader
from eic_plugins.middleware.lookup import Lookup, LookupLimits, NotUnderstoodError
from eic_plugins.middleware.metrics import UNCOUNTED, LookupCounts
from eic_plugins.middleware.remotes import Remote
from eic_plugins.model import ImageCopy
from eic_plugins.scheduler import locality
from eic_plugins.support.clock import SYSTEM, Clock

LOG = logging.getLogger(__name__)

Copies = tuple[ImageCopy, ...]


class CopiesInGlance:
    """Asks Glance; connects at the first look-up, not at start-up.

    :param budget: seconds that the names of servers may take to resolve
    """

    def __init__(self, conf: cfg.ConfigOpts, budget: float) -> None:
        self._conf = conf
        self._budget = budget
        self._reader = LocationReader.from_entry_points()
        self._glance: ImageLocations | None = None

    def find(self, image_id: str) -> Copies:
        """The copies that a pool could clone.

        :raises NotUnderstoodError: nothing can be read from what Glance says
        :raises Exception: Glance did not answer as it should
        """
        if self._glance is None:
            self._glance = ImageLocations(self._conf)
        locations = self._glance.find(image_id)
        try:
            return self._read(self._glance, image_id, locations)
        except Exception as err:
            raise NotUnderstoodError(f'{type(err).__name__}: {err}') from err

    def _read(
        self, glance: ImageLocations, image_id: str, locations: Iterable[Location]
    ) -> Copies:
        copies, refusals = self._reader.read_all(locations)
        for refusal in refusals:
            LOG.info(
                'A location of image %(image)s is of no use: %(why)s',
                {'image': image_id, 'why': refusal.reason.message},
            )
        # Where a Cinder volume is, the API plane cannot know.
        reachable = locality.by_address(
            (copy for copy in copies if isinstance(copy, ImageCopy)), self._budget
        )
        if not reachable or not glance.is_raw(image_id):
            return reachable
        return tuple(dataclasses.replace(copy, raw=True) for copy in reachable)


class CopyLookup:
    """Image id to copies, within a budget.

    :param find: asks the remote, see :meth:`CopiesInGlance.find`
    """

    def __init__(
        self,
        find: Callable[[str], Copies],
        limits: LookupLimits,
        remote: Remote,
        clock: Clock = SYSTEM,
        counts: LookupCounts = UNCOUNTED,
    ) -> None:
        self._find = find
        self._lookup: Lookup[str, Copies] = Lookup(limits, remote, clock, counts)

    @property
    def under_way(self) -> frozenset[str]:
        """The images that Glance is being asked about."""
        return self._lookup.under_way

    def copies(self, image_id: str, budget: float, owner: str) -> Copies | None:
        """The copies, None if they are not to be had in ``budget`` seconds.

        :param owner: id of the project whose request it is for
        """
        return self._lookup.within(budget, owner, image_id, self._find)
