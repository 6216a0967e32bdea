"""Makes a command one of Cinder's controllers, or says why it cannot be one."""

import warnings
from collections.abc import Sequence

from oslo_config import cfg

from eic_plugins import config
from eic_plugins.cli import terminal
from eic_plugins.cli.cloud import CloudError

_GLANCE_SECONDS = 60.0


def connect(config_files: Sequence[str]) -> None:
    """Read Cinder's configuration, and connect to its database and message bus.

    What knows Cinder is imported after this, not before.

    :param config_files: empty for those that Cinder looks for
    :raises CloudError: Cinder is not installed, as on a laptop, or its
        configuration cannot be read
    """
    terminal.silence_libraries()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            from eic_plugins.cinder_cache import controller  # noqa: PLC0415
    except ImportError as err:
        raise no_cinder(err) from err
    try:
        controller.connect(config_files)
        _be_patient()
    except cfg.Error as err:
        raise CloudError(f"Cinder's configuration: {err}") from err


def _be_patient() -> None:
    """No user's request waits for this command, so it can wait for Glance."""
    options = cfg.CONF[config.GROUP]
    timeout = max(options.glance_timeout, _GLANCE_SECONDS)
    cfg.CONF.set_override('glance_timeout', timeout, config.GROUP)


def no_cinder(err: ImportError) -> CloudError:
    """The error of a command that Cinder is missing for."""
    return CloudError(
        f'{err}: this command runs where Cinder is installed, on a controller or a '
        'host of cinder-volume.'
    )
