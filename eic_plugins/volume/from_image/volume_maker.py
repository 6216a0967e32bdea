"""Makes the volumes of images that Cinder asks a driver for."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from cinder.volume import volume_utils
from oslo_log import log as logging

from eic_plugins.glance.documents import image_from_meta
from eic_plugins.model import Image, Outcome, Reason, VolumeProperties
from eic_plugins.ontap.namespace import UnknownShareError
from eic_plugins.ontap.session import (
    OntapBusyError,
    OntapError,
    OntapForbiddenError,
    OntapRejectedError,
)
from eic_plugins.volume.cluster import Connection
from eic_plugins.volume.from_image.fetch import Fetchers
from eic_plugins.volume.from_image.handover import Fetched
from eic_plugins.volume.from_image.image_source import GlanceLocations, RequestedImage
from eic_plugins.volume.from_image.image_volumes import ImageVolumes
from eic_plugins.volume.from_image.outcomes import (
    CREATED,
    Event,
    OutcomeRecorder,
    cut_off,
    left_to_cinder,
)
from eic_plugins.volume.pools.own_service import OwnService
from eic_plugins.volume.stock.interface import ModelUpdate, StockDriver

LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Request:
    """A volume that is to have an image, as the volume manager asks for it.

    ``fetched`` is what was fetched for it; Cinder need not fetch that again.
    """

    context: Any
    volume: Any
    image_service: Any
    image_id: str
    fetched: Fetched = dataclasses.field(default_factory=Fetched)

    @property
    def pool_name(self) -> str:
        """The pool that the scheduler has chosen."""
        return pool_of(self.volume)

    def end(self, left_to_cinder: bool) -> None:
        """Have Cinder's download begin with what was fetched, or remove that."""
        if left_to_cinder:
            self.fetched.hand_over(self.image_service, self.image_id)
        self.fetched.drop()


class VolumeMaker:
    """Makes the volumes of one backend."""

    def __init__(
        self,
        stock: StockDriver,
        connection: Connection,
        fetchers: Fetchers,
        locations: GlanceLocations,
        service: OwnService,
        recorder: OutcomeRecorder,
    ) -> None:
        self.recorder = recorder
        self._stock = stock
        self._connection = connection
        self._fetchers = fetchers
        self._locations = locations
        self._service = service

    def create(
        self, request: Request, meta: Mapping[str, Any], location: Any
    ) -> ModelUpdate | None:
        """The volume from the image's cached image, made if need be.

        :param meta: what Glance says of the image
        :param location: what Cinder found of its locations
        :returns: what Cinder has to know of the volume; None hands the request
            back to Cinder, with nothing of the attempt left behind
        """
        volume, update = request.volume, None
        try:
            outcome = self.make(
                request, image_from_meta(meta), volume['name'], location
            )
            if not outcome.left_to_cinder:
                update = self.finish(request, outcome)
        except Exception as err:
            outcome = cut_off(volume, meta.get('id'), err)
            self.discard(volume)
        self.recorder.record(
            request.context,
            Event(
                CREATED,
                volume,
                request.image_id,
                request.pool_name,
                outcome,
                tuple(meta.get('properties') or ()),
            ),
        )
        request.end(left_to_cinder=update is None)
        return update

    def make(
        self, request: Request, image: Image, name: str, location: Any = None
    ) -> Outcome:
        """The volume's bytes under ``name``, or why not."""
        cluster, pool_name = self._connection.cluster, request.pool_name
        fetcher = self._fetchers.of(
            request.context,
            request.image_service,
            image,
            request.volume['size'],
            request.fetched,
        )
        if not cluster.breaker.allows():
            return left_to_cinder(Reason.ONTAP_UNREACHABLE)
        try:
            cache = cluster.pools.cache_of(pool_name)
        except (OntapError, UnknownShareError) as err:
            LOG.warning(
                'Volume %(volume)s: where pool %(pool)s is on ONTAP is '
                'not to be had; Cinder downloads the image: %(err)s',
                {'volume': request.volume['id'], 'pool': pool_name, 'err': err},
            )
            outcome = left_to_cinder(reason_without_pool(err))
        else:
            volume = request.volume
            source = RequestedImage(
                fetcher,
                self._locations,
                location,
                ImageVolumes(
                    cluster.backing.volume_finder, image, volume['project_id']
                ),
            )
            outcome = cluster.engine.create(
                _NewVolume(self._stock, volume, name),
                source.demand(
                    cluster,
                    cache,
                    cannot_clone=self._stock.cannot_clone(volume['host']),
                    encrypted=bool(volume['encryption_key_id']),
                ),
                cache,
                cluster.pools.neighbours_of(pool_name),
            )
        cluster.learn(pool_name, image.id, outcome)
        return outcome

    def finish(self, request: Request, outcome: Outcome) -> ModelUpdate:
        """Tell Cinder of a volume that was made.

        Which service has it, too, as soon as it is available: Cinder saves that a
        moment after the status. Who attaches the volume in between (Nova, when its
        request for it has just been answered) fails in os-brick's
        ``guard_connection``.
        """
        update = self._stock.finish(request.volume, request.pool_name)
        service = self._service.uuid(request.context)
        if service is not None:
            update = {**update, 'service_uuid': service}
        if outcome.signature_verified:
            # As Cinder's own download records it; last, for it cannot be
            # recorded twice.
            self._stock.db.volume_glance_metadata_bulk_create(
                request.context, request.volume['id'], {'signature_verified': True}
            )
        return update

    def discard(self, volume: Any) -> None:
        """Remove what there is of a volume that is nowhere recorded."""
        volume['provider_location'] = None
        self._connection.cluster.pools.remove(pool_of(volume), volume['name'])


class _NewVolume:
    """A volume of Cinder's, under the name that it is made with."""

    def __init__(self, stock: StockDriver, volume: Any, name: str) -> None:
        self.name = name
        self._stock = stock
        self._volume = volume

    def properties(self) -> VolumeProperties:
        """What its clone is to have."""
        return self._stock.properties(self._volume)


def pool_of(volume: Any) -> str:
    """The name of a volume's pool."""
    return str(volume_utils.extract_host(volume['host'], level='pool'))


def reason_without_pool(err: Exception) -> Reason:
    """Why a pool's place on ONTAP is not to be had."""
    kinds: Mapping[type[Exception], Reason] = {
        UnknownShareError: Reason.POOL_UNKNOWN,
        OntapForbiddenError: Reason.PERMISSION_DENIED,
        OntapBusyError: Reason.ONTAP_BUSY,
        OntapRejectedError: Reason.LOOKUP_FAILED,
    }
    return next(
        (reason for kind, reason in kinds.items() if isinstance(err, kind)),
        Reason.ONTAP_UNREACHABLE,
    )
