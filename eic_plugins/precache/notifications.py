"""Listens to Glance's notifications, to learn at once which image changed.

In glance-api.conf::

    [oslo_messaging_notifications]
    driver = messagingv2

A notification only says which image to look at: what is true of the image,
Glance's API says. A forged, late or repeated one thus does no harm, and a lost
one waits for the next comparison (``precache_interval``).
"""

import threading
from collections.abc import Callable, Mapping
from typing import Any

import oslo_messaging
from oslo_config import cfg
from oslo_log import log as logging
from oslo_utils import uuidutils

from eic_plugins import config
from eic_plugins.support import native

LOG = logging.getLogger(__name__)


class ImageEvents:
    """The endpoint of the listener.

    :param look_at: takes the id of an image that may have changed
    """

    # glance/notifier.py; deactivation, visibility and an import that ends are
    # updates. image.send, a download, is none.
    filter_rule = oslo_messaging.NotificationFilter(
        event_type=r'^image\.(activate|update|upload|delete)$'
    )

    def __init__(self, look_at: Callable[[str], None]) -> None:
        self._look_at = look_at

    def info(
        self,
        _context: Any,
        _publisher_id: str,
        event_type: str,
        payload: Any,
        _metadata: Any,
    ) -> None:
        """What oslo.messaging calls for a notification of this priority."""
        image_id = payload.get('id') if isinstance(payload, Mapping) else None
        if uuidutils.is_uuid_like(image_id):
            LOG.debug(
                '%(event)s of image %(image)s.',
                {'event': event_type, 'image': image_id},
            )
            self._look_at(str(image_id))


def listen(conf: cfg.ConfigOpts, host: str, look_at: Callable[[str], None]) -> None:
    """Listen in the background, from when the message bus can be reached.

    :param host: ``host@backend``: a queue of this name gets a copy of each
    """
    threading.Thread(
        target=_start, args=(conf, host, look_at), daemon=True, name='eic-notifications'
    ).start()


def _start(conf: cfg.ConfigOpts, host: str, look_at: Callable[[str], None]) -> None:
    options = conf[config.GROUP]
    try:
        # Waits for the message bus.
        oslo_messaging.get_notification_listener(
            oslo_messaging.get_notification_transport(
                conf, url=options.notification_transport_url
            ),
            [
                oslo_messaging.Target(
                    exchange=options.notification_exchange, topic=topic
                )
                for topic in options.notification_topics
            ],
            [ImageEvents(look_at)],
            pool=f'eic-{host}',
            executor='eventlet' if native.is_patched() else 'threading',
        ).start()
    except Exception:
        LOG.exception(
            "Backend %s does not hear Glance's notifications; "
            'precache_interval has to do. Check '
            '[eic] notification_transport_url.',
            host,
        )
    else:
        LOG.info("Backend %s listens to Glance's notifications.", host)
