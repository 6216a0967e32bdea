"""Another image for a volume that is there: Cinder's ``reimage``.

For drivers that can put a new clone in the place of a volume's bytes, also while
the volume is attached. Nova asks for it to rebuild a server that has booted from
a volume. The drivers without it leave it to Cinder's download.
"""

import abc
import secrets
from typing import Any

from cinder.volume import volume_utils
from oslo_log import log as logging

from eic_plugins.glance.documents import image_from_meta
from eic_plugins.model import Reason
from eic_plugins.storage.names import FILL_PREFIX
from eic_plugins.volume.base import VolumeFromImage
from eic_plugins.volume.handover import Fetched
from eic_plugins.volume.outcomes import REIMAGED, Event, left_to_cinder

LOG = logging.getLogger(__name__)


class ReimagingDriver(VolumeFromImage):
    """A driver that replaces a volume by a clone of a cached image."""

    @abc.abstractmethod
    def _replace(self, volume: Any, made: str) -> None:
        """Put what was made under the name ``made`` in a volume's place."""

    def _reimage(
        self, context: Any, volume: Any, image_service: Any, image_id: str
    ) -> bool:
        """Replace the volume's bytes; False if that is left to Cinder."""
        made = f'{FILL_PREFIX}{image_id}-{secrets.token_hex(4)}'
        pool_name = volume_utils.extract_host(volume['host'], level='pool')
        fetched = Fetched()
        try:
            image = image_from_meta(image_service.show(context, image_id))
            fetcher = self._fetcher(
                context, image_service, image, volume['size'], fetched
            )
            outcome = self._make(fetcher, volume, made, None)
            if not outcome.left_to_cinder:
                self._replace(volume, made)
        except Exception:
            LOG.exception(
                'Volume %(volume)s does not get image %(image)s from '
                'a cached image, by an error of ours; Cinder '
                'downloads it.',
                {'volume': volume['id'], 'image': image_id},
            )
            outcome = left_to_cinder(Reason.INTERNAL_ERROR)
            self._remove(pool_name, made)
        self._recorder.record(
            context, Event(REIMAGED, volume, image_id, pool_name, outcome)
        )
        if outcome.left_to_cinder:
            fetched.hand_over(image_service, image_id)
        fetched.drop()
        return not outcome.left_to_cinder
