"""What Cinder calls of the block drivers (iSCSI, Fibre Channel, NVMe).

Cached images are LUNs or namespaces of the pool's FlexVol, outside any
project's quota. The first one of a cluster's SVM is filled from Glance, over a
connection to this host as Cinder's own download uses one. Other pools of the
SVM copy LUNs inside the cluster. Volumes are clones, grown to their size. A
volume that gets another image (``reimage``) is left to Cinder: a device that is
mapped cannot be replaced.

The stock driver's options keep their meaning, in the backend's section: of the
cache, as for NFS, ``thres_avl_size_perc_start``, ``thres_avl_size_perc_stop``,
``expiry_thres_minutes``, ``netapp_nfs_image_cache_cleanup_interval``; of clones,
``netapp_lun_clone_busy_timeout`` and ``netapp_lun_clone_busy_interval``, here for
namespaces, too.
"""

from typing import Any

from cinder.volume import volume_utils
from cinder.volume.drivers.netapp import options as na_opts

from eic_plugins.volume.driver import EICDriver


class BlockDriver(EICDriver):
    """A driver whose stock driver keeps its work in ``library``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.configuration.append_config_values(na_opts.netapp_img_cache_opts)
        self._has_tasks = False

    def check_for_setup_error(self) -> None:
        """As the stock driver, which starts all periodic tasks at its end."""
        self._add_tasks()
        super().check_for_setup_error()

    def _add_tasks(self) -> None:
        """Once: set-up is repeated if it has failed, with the tasks kept."""
        if not self._has_tasks:
            self._has_tasks = True
            self.eic.stock.add_task(
                self.eic.clean,
                self.configuration.netapp_nfs_image_cache_cleanup_interval,
            )
        self.eic.background.start()

    def get_volume_stats(self, refresh: bool = False) -> dict[str, Any]:
        """Stock statistics, with the capability ``eic`` of each pool."""
        stats: dict[str, Any] = super().get_volume_stats(refresh)
        pools = stats.get('pools', ())
        self.eic.statistics.add_capabilities(pools)
        if refresh:
            self.eic.statistics.were_read(pools)
        return stats

    def failover_host(self, context: Any, *args: Any, **kwargs: Any) -> Any:
        """Stock failover, then a session to the other cluster."""
        done = super().failover_host(context, *args, **kwargs)
        self.eic.connect()
        return done

    def failover_completed(self, context: Any, *args: Any, **kwargs: Any) -> Any:
        """Stock end of a failover, then a session to the other cluster."""
        done = super().failover_completed(context, *args, **kwargs)
        self.eic.connect()
        return done

    def connector_properties(self) -> Any:
        """What this host says of itself, when it is to connect to a device."""
        return volume_utils.brick_get_connector_properties(
            self.configuration.use_multipath_for_image_xfer,
            self.configuration.enforce_multipath_for_image_xfer,
        )
