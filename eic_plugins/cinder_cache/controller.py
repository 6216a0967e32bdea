"""Makes a program of ours one of Cinder's controllers, as cinder-manage is.

It reads cinder.conf and has Cinder's database and message bus.
"""

from collections.abc import Sequence

from cinder import objects, rpc
from cinder.common import config as cinder_config  # noqa: F401 - Cinder's options
from oslo_config import cfg

from eic_plugins import config

CONF = cfg.CONF


def connect(config_files: Sequence[str]) -> None:
    """Read the configuration, and connect to database and message bus.

    :param config_files: empty for those that Cinder looks for
    :raises cfg.Error: one of the files cannot be read
    """
    CONF([], project='cinder', default_config_files=list(config_files) or None)
    config.register(CONF)
    objects.register_all()
    rpc.init(CONF)
