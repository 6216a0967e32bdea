"""Cinder's own host manager and weighers, without its services and database."""

from collections.abc import Mapping, Sequence
from typing import Any

from cinder import context, objects
from oslo_utils import timeutils

HOST = 'model@gold'
"""The one backend, unless others are given."""


class RealScheduler:
    """Cinder's host manager, and the backends that it hears of."""

    def __init__(
        self, weighers: list[str], image_id: str, hosts: Sequence[str] = (HOST,)
    ) -> None:
        from cinder.scheduler import host_manager  # noqa: PLC0415 - wants objects

        self._weighers = weighers
        self._image_id = image_id
        self.context = context.get_admin_context()
        services = [_service(self.context, host) for host in hosts]
        type(services[0]).is_up = property(lambda _self: True)
        objects.ServiceList.get_all = lambda *_args, **_kw: objects.ServiceList(
            self.context, objects=services
        )
        self.manager = host_manager.HostManager()

    def hear(self, pools: list[dict[str, Any]], host: str = HOST) -> None:
        """A report of a backend's pools."""
        self.manager.update_service_capabilities(
            'volume', host, report(pools), None, timeutils.utcnow()
        )

    def place(self, hints: Mapping[str, Any]) -> str:
        """A pool for one volume, as the filter scheduler chooses it."""
        states = self.manager.get_all_backend_states(self.context)
        best = self.manager.get_weighed_backends(
            list(states),
            {
                'request_spec': {'image_id': self._image_id},
                'scheduler_hints': hints,
            },
            self._weighers,
        )[0].obj
        best.consume_from_volume({'size': 1})
        return str(best.pool_name)


def report(pools: list[dict[str, Any]]) -> dict[str, Any]:
    """What a backend of these pools reports."""
    return {
        'volume_backend_name': 'gold',
        'vendor_name': 'NetApp',
        'driver_version': '1',
        'storage_protocol': 'nfs',
        'pools': pools,
    }


def _service(admin: Any, host: str) -> Any:
    return objects.Service(
        admin,
        host=host,
        topic='cinder-volume',
        disabled=False,
        binary='cinder-volume',
        cluster_name=None,
        availability_zone='nova',
    )
