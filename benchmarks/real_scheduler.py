"""Cinder's own host manager and weighers, without its services and database."""

from collections.abc import Mapping
from typing import Any

from cinder import context, objects
from oslo_utils import timeutils

HOST = 'model@gold'
"""The one backend."""


class RealScheduler:
    """Cinder's host manager, and the one backend that it hears of."""

    def __init__(self, weighers: list[str], image_id: str) -> None:
        from cinder.scheduler import host_manager  # noqa: PLC0415 - wants objects

        self._weighers = weighers
        self._image_id = image_id
        self._context = context.get_admin_context()
        service = objects.Service(
            self._context,
            host=HOST,
            topic='cinder-volume',
            disabled=False,
            binary='cinder-volume',
            cluster_name=None,
            availability_zone='nova',
        )
        type(service).is_up = property(lambda _self: True)
        objects.ServiceList.get_all = lambda *_args, **_kw: objects.ServiceList(
            self._context, objects=[service]
        )
        self._manager = host_manager.HostManager()

    def hear(self, pools: list[dict[str, Any]]) -> None:
        """A report of the backend's pools."""
        self._manager.update_service_capabilities(
            'volume',
            HOST,
            {
                'volume_backend_name': 'gold',
                'vendor_name': 'NetApp',
                'driver_version': '1',
                'storage_protocol': 'nfs',
                'pools': pools,
            },
            None,
            timeutils.utcnow(),
        )

    def place(self, hints: Mapping[str, Any]) -> str:
        """A pool for one volume, as the filter scheduler chooses it."""
        states = self._manager.get_all_backend_states(self._context)
        best = self._manager.get_weighed_backends(
            list(states),
            {
                'request_spec': {'image_id': self._image_id},
                'scheduler_hints': hints,
            },
            self._weighers,
        )[0].obj
        best.consume_from_volume({'size': 1})
        return str(best.pool_name)
