"""Tells the outcome of each volume, wherever an operator may look for it.

One log line with the request's id, the volume itself (``record_outcome``),
a notification (``notify_outcome``) and the metrics (``metrics_directory``). None
of them can make a volume fail.
"""

import dataclasses
import unicodedata
from collections.abc import Callable, Collection
from typing import Any

from cinder import rpc
from cinder.api import common
from oslo_config import cfg
from oslo_log import log as logging

from eic_plugins import config
from eic_plugins.engine import remedies
from eic_plugins.engine.failures import reason_of
from eic_plugins.model import (
    CINDER_DOWNLOAD,
    NOTE_KEY,
    Outcome,
    Reason,
    Refusal,
)
from eic_plugins.volume.metrics import Metrics

CONF = cfg.CONF
LOG = logging.getLogger(__name__)

CREATED = 'created_from_image'
REIMAGED = 'reimaged'
PAYLOAD_VERSION = '1.0'
"""Of the notification. etc/notifications has its schema, and docs/notifications.md says
when it grows."""


def left_to_cinder(reason: Reason) -> Outcome:
    """The outcome where no route was as much as tried."""
    return Outcome(CINDER_DOWNLOAD, (Refusal.of_everything(reason),), 0.0, 0)


def cut_off(volume: Any, image_id: Any, err: Exception) -> Outcome:
    """The outcome where an error ended the making of a volume; it is logged.

    Called where the error is handled, so that the log has its traceback if it is ours.
    """
    reason = reason_of(err, Reason.INTERNAL_ERROR)
    what = {'volume': volume['id'], 'image': image_id, 'err': err}
    if reason is Reason.INTERNAL_ERROR:
        LOG.exception(
            'Volume %(volume)s of image %(image)s: an error of ours; Cinder downloads '
            'the image.',
            what,
        )
    else:
        LOG.warning(
            'Volume %(volume)s of image %(image)s: Cinder downloads the image: %(err)s',
            what,
        )
    return left_to_cinder(reason)


@dataclasses.dataclass(frozen=True)
class Event:
    """One volume that got an image: what (``CREATED`` or ``REIMAGED``), and
    the outcome.
    """

    what: str
    volume: Any
    image_id: str
    pool: str
    outcome: Outcome
    image_properties: Collection[str] = ()
    """Names of the image's own properties."""

    @property
    def has_own_metadata(self) -> bool:
        """True if somebody else gave the volume metadata."""
        ours = Outcome(
            '', (Refusal.of_everything(Reason.NOT_CACHED),), 0, 0
        ).to_metadata()
        return not set(self.volume.metadata or ()) <= set(ours)

    @property
    def may_be_noted(self) -> bool:
        """False where Cinder takes it away at once (reimage), and if the image
        has a property of its name: Cinder could not give that to the volume
        then, which would fail.
        """
        return self.what == CREATED and not any(
            map(_is_note_key, self.image_properties)
        )

    def to_payload(self) -> dict[str, Any]:
        """The notification: no location, no path, no detail of a refusal."""
        outcome = self.outcome
        return {
            'payload_version': PAYLOAD_VERSION,
            'volume_id': self.volume['id'],
            'tenant_id': self.volume['project_id'],
            'image_id': self.image_id,
            'pool': self.pool,
            'route': outcome.route,
            'reasons': [
                {'route': str(refusal.subject), 'reason': refusal.reason.value}
                for refusal in outcome.refusals
            ],
            'seconds': round(outcome.seconds, 3),
            'bytes_kept_off_host': outcome.bytes_kept_off_host,
            'signature_verified': outcome.signature_verified,
        }


class OutcomeRecorder:
    """Records outcomes of one backend.

    :param db: Cinder's database API
    :param host: the backend as Cinder names it, ``HOST@BACKEND``
    """

    def __init__(self, db: Any, host: str, metrics: Metrics) -> None:
        self._db = db
        self._host = host
        self._metrics = metrics

    def record(self, context: Any, event: Event) -> None:
        """Log it, and tell it where that is asked for."""
        self._log(context, event)
        eic = CONF[config.GROUP]
        if eic.record_outcome == 'always':
            self._try('in its metadata', self._record_metadata, context, event)
        elif eic.record_outcome == 'auto':
            self._try('in its metadata', self._record_beside, context, event)
        if eic.notify_outcome:
            self._try('notified', self._notify, context, event)
        self._try('in the metrics', self._count, context, event)

    def _log(self, context: Any, event: Event) -> None:
        outcome = event.outcome
        # The context, and with it the request's id, is named: what a thread
        # remembers may be that of another request.
        LOG.info(
            'Volume %(volume)s of image %(image)s in pool %(pool)s: route '
            '%(route)s in %(seconds).3f s, %(kept)d bytes kept off the '
            'host; refused: %(refused)s',
            {
                'volume': event.volume['id'],
                'image': event.image_id,
                'pool': event.pool,
                'route': outcome.route,
                'seconds': outcome.seconds,
                'kept': outcome.bytes_kept_off_host,
                'refused': outcome.explain() or 'none',
            },
            context=context,
        )
        if outcome.left_to_cinder:
            self._advise(context, event)

    def _advise(self, context: Any, event: Event) -> None:
        """Where no route could help, say what an operator can do."""
        for reason in dict.fromkeys(each.reason for each in event.outcome.refusals):
            LOG.info(
                'Volume %(volume)s: %(reason)s means that %(message)s. What to do: '
                '%(remedy)s. More: %(anchor)s',
                {
                    'volume': event.volume['id'],
                    'reason': reason.value,
                    'message': reason.message,
                    'remedy': remedies.remedy(reason),
                    'anchor': remedies.anchor(reason),
                },
                context=context,
            )

    def _try(
        self, where: str, tell: Callable[[Any, Event], None], context: Any, event: Event
    ) -> None:
        """Worth having, no more."""
        try:
            tell(context, event)
        except Exception as err:
            LOG.warning(
                'The outcome of volume %(volume)s is not %(where)s: %(err)s',
                {'volume': event.volume['id'], 'err': err, 'where': where},
                context=context,
            )

    def _record_metadata(self, context: Any, event: Event) -> None:
        # Adds to what the user may have set since the request; saving the
        # volume would replace that.
        volume = event.volume
        volume.metadata = self._db.volume_metadata_update(
            context, volume['id'], event.outcome.to_metadata(), False
        )
        volume.obj_reset_changes(['metadata'])

    def _record_beside(self, context: Any, event: Event) -> None:
        if not event.has_own_metadata:
            self._record_metadata(context, event)
        elif event.may_be_noted:
            self._note(context, event)

    def _note(self, context: Any, event: Event) -> None:
        volume_id = event.volume['id']
        self._db.volume_metadata_update(
            context,
            volume_id,
            {NOTE_KEY: event.outcome.to_note(volume_id)},
            False,
            common.METADATA_TYPES.image,
        )

    def _notify(self, context: Any, event: Event) -> None:
        # Does nothing without a driver in [oslo_messaging_notifications].
        rpc.get_notifier('volume', self._host).info(
            context, f'eic.volume.{event.what}', event.to_payload()
        )

    def _count(self, _context: Any, event: Event) -> None:
        self._metrics.record(event.pool, event.outcome)
        self._metrics.write()


def _is_note_key(name: str) -> bool:
    """As a database might see it that minds neither case nor accents nor
    spaces at the end.
    """
    plain = unicodedata.normalize('NFKD', name).encode('ascii', 'ignore')
    return plain.decode().strip().lower() == NOTE_KEY
