"""Connects a cached image's device to this host, as Cinder does for a download.

A LUN is unmapped only when this host has no device of it any more: ONTAP gives
its number to the next LUN, and a device that was left behind would then be that
one's. Namespaces are known to hosts by identifiers, not by numbers.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cinder import exception
from cinder import utils as cinder_utils
from cinder.volume import volume_utils
from oslo_log import log as logging

from eic_plugins.model import StoredObject
from eic_plugins.ontap.block import BlockDevice, device_path
from eic_plugins.volume.stock.block import StockBlock, StockLuns

LOG = logging.getLogger(__name__)


class StillConnectedError(OSError):
    """This host may have a device of a LUN or a namespace still."""


class _Attachable(dict[str, Any]):
    """A device as the stock drivers ask a volume: by key and by attribute."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError as err:
            raise AttributeError(name) from err


class Attachment:
    """Attaches the devices of one backend to this host."""

    def __init__(self, stock: StockBlock) -> None:
        self._stock = stock

    @contextlib.contextmanager
    def attached(self, file: StoredObject, device: BlockDevice) -> Iterator[Path]:
        """The path of a device here, as long as the context lasts.

        :raises StillConnectedError: it may be there after that
        """
        try:
            with (
                self.exported(self.volume_of(file, device)) as connection,
                self._connected(connection) as path,
            ):
                yield path
        finally:
            self._stock.forget_device(file.name)

    def release(self, file: StoredObject, device: BlockDevice) -> bool:
        """Disconnect what a fill that was cut off left here; whether that was done."""
        return False

    def volume_of(self, file: StoredObject, device: BlockDevice) -> Any:
        """The device as the volume that the stock driver takes it for."""
        return _Attachable(
            {
                'id': file.name,
                'name': file.name,
                'size': device.size >> 30,
                'provider_auth': None,
                # The stock iSCSI driver looks the LUN up by it.
                'provider_location': f'{self._stock.svm}:{device_path(file)}',
                'multiattach': False,
                'volume_attachment': [],
            }
        )

    @contextlib.contextmanager
    def exported(self, volume: Any) -> Iterator[Any]:
        """Map it, and unmap it when this host has no device of it any more."""
        properties = self._stock.connector_properties()
        try:
            yield self._stock.export(volume, properties)
        except StillConnectedError:
            raise
        except BaseException:
            # It may have been mapped before that failed.
            with contextlib.suppress(Exception):
                self._stock.end_export(volume, properties)
            raise
        self._stock.end_export(volume, properties)

    @contextlib.contextmanager
    def _connected(self, connection: Any) -> Iterator[Path]:
        try:
            attached = self._stock.connect(connection)
        except exception.DeviceUnavailable as err:
            info = err.kwargs['attach_info']
            disconnect(info['connector'], connection, info['device'])
            raise
        path = attached['device']['path']
        try:
            # A device is root's, and its bytes are inspected by this process.
            with cinder_utils.temporary_chown(path):
                yield Path(path)
        finally:
            disconnect(attached['connector'], connection, attached['device'])


class LunAttachment(Attachment):
    """Attaches LUNs, and releases those that are mapped to this host still."""

    def __init__(self, stock: StockLuns) -> None:
        super().__init__(stock)
        self._luns = stock

    def release(self, file: StoredObject, device: BlockDevice) -> bool:
        """If it is mapped to this host: os-brick removes the devices that it
        finds under that number, and then it is unmapped.
        """
        try:
            return self._disconnect_leftover(file, device)
        except Exception as err:
            LOG.warning(
                '%(name)s stays mapped to this host, which may have its '
                'device still: %(err)s',
                {'name': device_path(file), 'err': err},
            )
            return False

    def _disconnect_leftover(self, file: StoredObject, device: BlockDevice) -> bool:
        path = device_path(file)
        if not self._luns.is_mapped(path):
            return False
        if not self._luns.is_mapped_here(path):
            LOG.warning(
                '%(name)s is mapped to another host, whose cinder-volume left it '
                'there and removes it when it cleans. If that host is gone for '
                'good, unmap the LUN.',
                {'name': path},
            )
            return False
        try:
            with self.exported(self.volume_of(file, device)) as connection:
                disconnect(self._connector(connection), connection, {})
        finally:
            self._luns.forget_device(file.name)
        return True

    def _connector(self, connection: Any) -> Any:
        """os-brick's, for a connection that another process has made."""
        options = self._luns.options
        return volume_utils.brick_get_connector(
            connection['driver_volume_type'],
            conn=connection,
            use_multipath=options.use_multipath_for_image_xfer,
            device_scan_attempts=options.num_volume_device_scan_tries,
        )


def disconnect(connector: Any, connection: Any, device: Any) -> None:
    """Flush the device and remove it from this host.

    :raises StillConnectedError: it may be there still
    """
    try:
        connector.disconnect_volume(connection['data'], device, force=True)
    except Exception as err:
        raise StillConnectedError(f'a device is not disconnected: {err}') from err
