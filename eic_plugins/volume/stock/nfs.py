"""NetApp's stock NFS driver, as EIC uses it."""

from collections.abc import Callable, Sequence
from typing import Any

from oslo_concurrency import processutils
from oslo_log import log as logging

from eic_plugins.model import Pool, VolumeProperties
from eic_plugins.storage.mount import ShareMount, ShareNotMountedError
from eic_plugins.support import mounts
from eic_plugins.volume.stock import (
    extra_specs,
    permissions,
    recorded_format,
    waits,
)
from eic_plugins.volume.stock.interface import CinderDriver, ModelUpdate

LOG = logging.getLogger(__name__)


class StockNfs(CinderDriver):
    """A :class:`~.interface.StockDriver`, and the mounts of its shares.

    :param driver: a ``NetAppCmodeNfsDriver``
    """

    @property
    def section(self) -> str:
        """The name of that section."""
        return str(self._driver.backend_name)

    @property
    def active_section(self) -> str:
        """Another one after a failover."""
        return self._driver.failed_over_backend_name or self.section

    @property
    def runs_as_root(self) -> bool:
        """False with ``nas_secure_file_operations``."""
        return bool(getattr(self._driver, '_execute_as_root', True))

    def learn_pools(self) -> None:
        """Mounts the shares that are not mounted."""
        self._driver._update_ssc()

    def pool_names(self) -> Sequence[str]:
        """The shares that are mounted."""
        return tuple(self._driver._mounted_shares)

    def cannot_clone(self, host: str) -> bool:
        """As the stock driver decides it: a FlexGroup of an older ONTAP."""
        return bool(
            self._driver._is_flexgroup(host=host)
            and not self._driver._is_flexgroup_clone_file_supported()
        )

    def properties(self, volume: Any) -> VolumeProperties:
        """A file has none; :meth:`finish` sets its QoS policy."""
        return VolumeProperties()

    def finish(self, volume: Any, pool_name: str) -> ModelUpdate:
        """QoS, the format, and where the volume is."""
        volume['provider_location'] = pool_name
        # Removes the file itself when it fails.
        self._set_qos(volume)
        # Nobody is to probe the format of bytes that a guest wrote.
        # Cinder saves the place in a moment, with what is returned.
        volume.obj_reset_changes(['provider_location'])
        recorded_format.record(volume, 'raw')
        update = self._driver._get_volume_model_update(volume) or {}
        return {**update, 'provider_location': pool_name, 'bootable': True}

    def add_task(
        self, task: Callable[[], None], interval: float, delay: float = 0
    ) -> None:
        """Among the stock driver's own."""
        self._driver.loopingcalls.add_task(task, interval, delay)

    def mount(self, pool: Pool) -> ShareMount:
        """Where a share is mounted on this host."""
        return ShareMount(
            self._driver._get_mount_point_for_share(pool.name),
            self._run_command,
            permissions.mode(self.options),
            lambda point: self._ensure_mounted(pool.name, point),
        )

    def _ensure_mounted(self, share: str, point: str) -> None:
        """As the stock driver does before it makes a volume.

        :raises ShareNotMountedError: the share cannot be mounted
        """
        if mounts.is_mounted(point):
            return
        LOG.warning(
            'Share %(share)s is not mounted at %(point)s any more. It is mounted anew.',
            {'share': share, 'point': point},
        )
        try:
            self._driver._ensure_share_mounted(share)
        except Exception as err:
            raise ShareNotMountedError(
                f'{share} is not mounted at {point}, and cannot be: {err}'
            ) from err

    def renew_qos(self, volume: Any) -> None:
        """Give a volume's new file the policy that its old one had."""
        self._set_qos(volume, cleanup=False)

    def _set_qos(self, volume: Any, *, cleanup: bool = True) -> None:
        specs = extra_specs.of(volume)
        if extra_specs.name_no_qos(volume, specs):
            return
        with waits.bounded(self._driver.zapi_client):
            self._driver._do_qos_for_volume(volume, specs, cleanup)

    def _run_command(self, *command: str) -> None:
        """As the stock driver works on its shares: through rootwrap or not.

        :raises OSError: the command failed
        """
        try:
            self._driver._execute(*command, run_as_root=self._driver._execute_as_root)
        except processutils.ProcessExecutionError as err:
            raise PermissionError(f'{" ".join(command)} failed: {err.stderr}') from err
