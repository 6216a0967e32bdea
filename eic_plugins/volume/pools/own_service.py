"""The cinder-volume that a driver runs in, as the rest of Cinder sees it.

A driver has no handle on its manager. What it wants of it, it asks for as a
scheduler would: over RPC.
"""

from typing import Any

from cinder import context, exception, objects
from cinder.volume import rpcapi
from oslo_log import log as logging

LOG = logging.getLogger(__name__)


class OwnService:
    """The service of one backend.

    :param host: ``HOST@BACKEND``
    """

    def __init__(self, host: str) -> None:
        self._host = host
        self._uuid: str | None = None

    def uuid(self, of: Any) -> str | None:
        """Its id in Cinder's database; None if that is not to be had.

        :param of: the context of a request
        """
        if self._uuid is None:
            try:
                self._uuid = str(
                    objects.Service.get_by_args(
                        of.elevated(), self._host, 'cinder-volume'
                    ).uuid
                )
            except exception.CinderException as err:
                LOG.debug('The service of %s is not to be had: %s', self._host, err)
        return self._uuid

    def publish_statistics(self) -> None:
        """Have it collect its statistics, and publish them to the schedulers.

        :raises Exception: the message bus is not to be had
        """
        client = rpcapi.VolumeAPI()._get_cctxt(self._host)
        client.cast(context.get_admin_context(), 'publish_service_capabilities')
