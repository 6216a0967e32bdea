"""The secret that records of cached images are sealed with.

``[eic] record_secret``; without it, the password of Cinder's database, which all
hosts of a deployment share already, or the whole ``[database] connection`` if
that has none. Rotation and loss: docs/operations.md.
"""

import secrets

from oslo_config import cfg
from oslo_log import log as logging
from sqlalchemy import exc
from sqlalchemy.engine import make_url

from eic_plugins import config

LOG = logging.getLogger(__name__)


def read(conf: cfg.ConfigOpts) -> tuple[str, ...]:
    """The secrets; the first one seals, all of them verify."""
    configured = tuple(filter(None, conf[config.GROUP].record_secret))
    if configured:
        return configured
    found = _of_database(conf.database.connection or '')
    if not found:
        LOG.warning(
            'Neither [eic] record_secret nor [database] connection is '
            'set: cached images are not known any more after a restart '
            'of cinder-volume, nor on other hosts.'
        )
    return (found or secrets.token_hex(),)


def _of_database(url: str) -> str:
    try:
        return str(make_url(url).password or '') or url
    except exc.ArgumentError:
        return url
