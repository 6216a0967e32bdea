"""Tells the outcome of each volume: one log line, and the volume's metadata."""

from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from eic_plugins import config
from eic_plugins.model import CINDER_DOWNLOAD, Outcome, Reason, Refusal

CONF = cfg.CONF
LOG = logging.getLogger(__name__)


def left_to_cinder(reason: Reason) -> Outcome:
    """The outcome where no route was as much as tried."""
    return Outcome(CINDER_DOWNLOAD, (Refusal('all', reason),), 0.0, 0)


class OutcomeRecorder:
    """Records outcomes of one backend.

    :param db: Cinder's database API
    """

    def __init__(self, db: Any) -> None:
        self._db = db

    def record(self, context: Any, volume: Any, image_id: str, pool: str,
               outcome: Outcome) -> None:
        """Log it, and write it where it is asked for."""
        LOG.info('Volume %(volume)s of image %(image)s in pool %(pool)s: route '
                 '%(route)s in %(seconds).3f s; refused: %(refused)s',
                 {'volume': volume['id'], 'image': image_id, 'pool': pool,
                  'route': outcome.route, 'seconds': outcome.seconds,
                  'refused': outcome.explain() or 'none'})
        if CONF[config.GROUP].record_outcome:
            self._record_metadata(context, volume, outcome)

    def _record_metadata(self, context: Any, volume: Any,
                         outcome: Outcome) -> None:
        """The outcome in the volume's metadata: worth having, no more."""
        try:
            # Adds to what the user may have set since the request; saving
            # the volume would replace that.
            volume.metadata = self._db.volume_metadata_update(
                context, volume['id'], outcome.to_metadata(), False)
            volume.obj_reset_changes(['metadata'])
        except Exception as err:
            LOG.warning('The outcome is not in the metadata of volume '
                        '%(volume)s: %(err)s',
                        {'volume': volume['id'], 'err': err})
