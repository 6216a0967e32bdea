"""What EIC needs of the released driver: the one thing that a backend knows of it.

Each protocol has an implementation, the only place that reaches into the stock
driver's internals: :mod:`eic_plugins.volume.stock.nfs` and
:mod:`eic_plugins.volume.stock.block`.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from eic_plugins.model import VolumeProperties

ModelUpdate = dict[str, Any]
"""What Cinder's manager saves of a volume."""


class StockDriver(Protocol):
    """A stock NetApp driver, whatever its protocol."""

    @property
    def options(self) -> Any:
        """The backend's section of cinder.conf."""

    @property
    def section(self) -> str:
        """The name of that section."""

    @property
    def active_section(self) -> str:
        """The section of the cluster that the driver works on: another one after
        a failover.
        """

    @property
    def host(self) -> str:
        """The backend as Cinder names it, ``HOST@BACKEND``."""

    @property
    def cluster_name(self) -> str | None:
        """The same of Cinder's cluster, if cinder-volume runs active-active."""

    @property
    def db(self) -> Any:
        """Cinder's database API."""

    @property
    def runs_as_root(self) -> bool:
        """True if commands on the driver's own files go through rootwrap."""

    def learn_pools(self) -> None:
        """Find out which pools there are, as when cinder-volume starts the driver.

        :raises Exception: ONTAP or a share is not to be had
        """

    def pool_names(self) -> Sequence[str]:
        """The backend's pools as the scheduler knows them."""

    def cannot_clone(self, host: str) -> bool:
        """True if the pool ``HOST@BACKEND#POOL`` is one that EIC leaves to Cinder."""

    def properties(self, volume: Any) -> VolumeProperties:
        """What the clone of a volume is to have by its type."""

    def finish(self, volume: Any, pool_name: str) -> ModelUpdate:
        """Do for a new clone what the driver does for a volume of its own.

        :returns: what Cinder has to know of it
        """

    def add_task(
        self, task: Callable[[], None], interval: float, delay: float = 0
    ) -> None:
        """Have something done each ``interval`` seconds, first after ``delay``."""


class CinderDriver:
    """What Cinder has given a driver, whatever its protocol: the same for all.

    :param driver: a stock driver that Cinder has made
    """

    def __init__(self, driver: Any) -> None:
        self._driver = driver

    @property
    def options(self) -> Any:
        """The backend's section of cinder.conf."""
        return self._driver.configuration

    @property
    def host(self) -> str:
        """``HOST@BACKEND``"""
        return str(self._driver.host)

    @property
    def cluster_name(self) -> str | None:
        """That of Cinder's cluster, if there is one."""
        return self._driver.cluster_name

    @property
    def db(self) -> Any:
        """Cinder's database API."""
        return self._driver.db
