"""Cinder as ``eic precache`` uses it: pools, entries of its cache, seed volumes.

A seed is a volume of the internal tenant, made by Cinder's own
``volume.API.create``, which checks quota, limits, image and volume type as always.
One thing is added on its way to the scheduler: ``resource_backend`` in the
request's spec. With that field Cinder itself keeps a clone in the pool of its
source. So the scheduler's filters, capacities and retries hold, and the volume
can land nowhere else. It is not a scheduler hint, for anybody can send those.

Import it after :func:`eic_plugins.cinder_cache.controller.connect`.
"""

from collections.abc import Container, Iterable, Mapping
from typing import Any

from cinder import context, exception, objects
from cinder.db import api as db
from cinder.message import message_field
from cinder.scheduler import rpcapi
from cinder.volume import api as volume_api
from cinder.volume import configuration, driver, volume_types
from oslo_config import cfg
from oslo_utils import timeutils

from eic_plugins.cinder_cache.rules import (
    CachePool,
    CacheSettings,
    Entry,
    Seed,
    size_gib,
)
from eic_plugins.cinder_cache.volume_type import leads_to
from eic_plugins.model import Image
from eic_plugins.precache.image_service import ServiceImageService

_NAME = 'eic-precache-'
_IMAGE_KEY = 'eic_precache_image'
_POOL_KEY = 'eic_precache_pool'


class SeedRefusedError(Exception):
    """Cinder's own words."""


class InternalTenantMissingError(Exception):
    """Says what to configure."""


class Seeds:
    """Seed volumes, and what is there to decide about them.

    :param volume_type: name or id of the seeds' volume type; None to find one
    :raises InternalTenantMissingError: Cinder has none, so it caches nothing
    """

    def __init__(self, conf: cfg.ConfigOpts, volume_type: str | None = None) -> None:
        self._conf = conf
        if context.get_internal_tenant_context() is None:
            raise InternalTenantMissingError(
                'Set cinder_internal_tenant_project_id and '
                'cinder_internal_tenant_user_id in [DEFAULT] of cinder.conf, '
                'here and where cinder-volume runs: without them Cinder caches '
                'no image.'
            )
        self._asked_type = volume_type
        self._scheduler = rpcapi.SchedulerAPI()
        self._images = ServiceImageService(conf)
        self._reports: dict[str, Mapping[str, Any]] = {}

    def pools(self) -> list[CachePool]:
        """The pools of all services that are up, as the scheduler sees them."""
        self._reports = {
            each['name']: each.get('capabilities') or {}
            for each in self._scheduler.get_pools(_admin())
        }
        clusters = {each.cluster_name for each in _services()}
        return [
            _pool(name, report, clusters)
            for name, report in sorted(self._reports.items())
        ]

    def settings(self, pool: CachePool) -> CacheSettings:
        """What this process's configuration says of the pool's backend."""
        if pool.section not in self._conf.list_all_sections():
            return CacheSettings(None)
        backend = configuration.Configuration(driver.image_opts, pool.section)
        return CacheSettings(
            backend.image_volume_cache_enabled,
            backend.image_volume_cache_max_size_gb,
            backend.image_volume_cache_max_count,
        )

    def entries(self) -> list[Entry]:
        """All entries of Cinder's cache."""
        return [
            Entry(
                row.image_id, row.host, row.cluster_name, row.image_updated_at, row.size
            )
            for row in db.image_volume_cache_get_all(_admin())
        ]

    def volume_type_for(self, pool: CachePool) -> str | None:
        """Id of a volume type that leads to the pool: the default one, or the
        first one by name that is the backend's, or any; never an encrypted one,
        whose volumes Cinder does not cache.

        :raises SeedRefusedError: there is no such type as was asked for
        """
        return next(
            (
                each['id']
                for each in self._candidates(pool.backend_name)
                if self._leads_to(each, pool)
                and not volume_types.is_encrypted(_admin(), each['id'])
            ),
            None,
        )

    def find(self) -> list[Seed]:
        """All seeds, of this run and of others."""
        tenant = context.get_internal_tenant_context()
        return [
            _seed(each)
            for each in objects.VolumeList.get_all_by_project(tenant, tenant.project_id)
            # An image-volume has its seed's metadata, but its own name.
            if (each.display_name or '').startswith(_NAME)
            and _IMAGE_KEY in each.metadata
        ]

    def look(self, volume_id: str) -> Seed | None:
        """A seed as it is now, None if it is gone."""
        try:
            return _seed(objects.Volume.get_by_id(_admin(), volume_id))
        except exception.VolumeNotFound:
            return None

    def create(self, image: Image, pool: CachePool, volume_type: str) -> Seed:
        """Ask Cinder for a volume of the image in the pool.

        :raises SeedRefusedError: Cinder says no
        """
        api = volume_api.API(self._images)
        api.scheduler_rpcapi = _ToPool(self._scheduler, pool.name)
        try:
            volume = api.create(
                self._context(),
                size_gib(image),
                _NAME + image.id,
                'Makes Cinder cache its image. Deleted by eic precache.',
                image_id=image.id,
                availability_zone=self._zone(pool),
                volume_type=objects.VolumeType.get_by_id(_admin(), volume_type),
                metadata={_IMAGE_KEY: image.id, _POOL_KEY: pool.name},
            )
        except exception.CinderException as err:
            raise SeedRefusedError(str(err)) from err
        return _seed(objects.Volume.get_by_id(_admin(), volume['id']))

    def delete(self, seed: Seed) -> None:
        """Ask Cinder to delete a seed; one that is gone is no error.

        :raises SeedRefusedError: Cinder says no
        """
        tenant = context.get_internal_tenant_context()
        try:
            volume = objects.Volume.get_by_id(tenant, seed.volume_id)
            if volume.status != 'deleting':
                # What no host ever got can be forgotten in any state.
                volume_api.API(self._images).delete(
                    tenant, volume, force=not volume.host
                )
        except exception.VolumeNotFound:
            return
        except exception.CinderException as err:
            raise SeedRefusedError(str(err)) from err

    def complaint(self, seed: Seed) -> str:
        """What Cinder told the owner of a seed that it could not make."""
        told = db.message_get_all(_admin(), {'resource_uuid': seed.volume_id})
        return ' '.join(
            message_field.translate_detail(each['detail_id']) for each in told
        )

    def _candidates(self, backend_name: str) -> list[dict[str, Any]]:
        types = volume_types.get_all_types(_admin())
        if self._asked_type is not None:
            return [_named(types.values(), self._asked_type)]
        return sorted(
            types.values(),
            key=lambda each: (
                each['name'] != self._conf.default_volume_type,
                each['extra_specs'].get('volume_backend_name') != backend_name,
                each['name'],
            ),
        )

    def _leads_to(self, volume_type: Any, pool: CachePool) -> bool:
        return leads_to(volume_type, self._reports.get(pool.name, {}))

    def _zone(self, pool: CachePool) -> str | None:
        """The zone of the pool's service; Cinder's default if there is none."""
        backend = pool.name.partition('#')[0]
        for service in _services():
            if backend in {service.host, service.cluster_name}:
                return str(service.availability_zone)
        return None

    def _context(self) -> Any:
        """The internal tenant, who with the service's token may read images."""
        service = self._images.context()
        tenant = context.get_internal_tenant_context()
        return context.RequestContext(
            user_id=tenant.user_id,
            project_id=tenant.project_id,
            is_admin=True,
            auth_token=service.auth_token,
            service_catalog=self._images.catalog(),
            overwrite=False,
        )


class _ToPool:
    """The scheduler's RPC API, with one pool to choose from."""

    def __init__(self, scheduler: Any, pool: str) -> None:
        self._scheduler = scheduler
        self._pool = pool

    def create_volume(
        self, ctxt: Any, volume: Any, *, request_spec: Any, **arguments: Any
    ) -> None:
        """Pass it on."""
        request_spec['resource_backend'] = self._pool
        self._scheduler.create_volume(
            ctxt, volume, request_spec=request_spec, **arguments
        )


def _admin() -> Any:
    return context.get_admin_context()


def _named(kinds: Iterable[dict[str, Any]], name_or_id: str) -> dict[str, Any]:
    for each in kinds:
        if name_or_id in {each['name'], each['id']}:
            return each
    raise SeedRefusedError(f'There is no volume type {name_or_id!r}.')


def _services() -> Any:
    return objects.ServiceList.get_all_by_topic(_admin(), 'cinder-volume')


def _pool(
    name: str, report: Mapping[str, Any], clusters: Container[str | None]
) -> CachePool:
    across = (
        bool(report.get('clone_across_pools'))
        and name.partition('#')[0] not in clusters
    )
    return CachePool(
        name, report.get('volume_backend_name') or '', 'eic' in report, across
    )


def _seed(volume: Any) -> Seed:
    return Seed(
        volume.id,
        volume.metadata[_IMAGE_KEY],
        volume.metadata.get(_POOL_KEY, ''),
        volume.status,
        timeutils.delta_seconds(
            timeutils.normalize_time(volume.created_at), timeutils.utcnow()
        ),
        bool(volume.host),
    )
