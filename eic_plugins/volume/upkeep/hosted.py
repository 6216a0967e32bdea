"""A backend in a program beside cinder-volume: its driver, without periodic tasks.

It is the driver that cinder-volume runs, made from the same section of cinder.conf
and set up in the same way. So it has the same locks, routes and ways to mount a
share or attach a device. What it makes belongs to the user that it runs as: it has to
be cinder-volume's.
"""

import contextlib
import os
import pwd
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import os_brick
from cinder import context, coordination, exception, objects
from cinder import utils as cinder_utils
from cinder.db import api as db
from cinder.volume import configuration
from oslo_config import cfg
from oslo_privsep import priv_context
from oslo_utils import importutils

from eic_plugins import config
from eic_plugins.volume.backend import Backend
from eic_plugins.volume.driver import EICDriver

CONF = cfg.CONF


class NotHostedError(Exception):
    """This program cannot be a cinder-volume of the backend, and why."""


def begin() -> None:
    """Be able to do what cinder-volume does on this host. Once a process.

    :raises NotHostedError: not as this user
    """
    _be_cinders_user()
    priv_context.init(root_helper=shlex.split(cinder_utils.get_root_helper()))
    os_brick.setup(CONF)
    coordination.COORDINATOR.start()


def end() -> None:
    """Leave the locks' backend; never raises."""
    with contextlib.suppress(Exception):
        coordination.COORDINATOR.stop()


def open_backend(host: str) -> Backend:
    """The backend, set up.

    :param host: as its pools are reported, ``HOST@BACKEND``
    :raises NotHostedError: it is not in this host's cinder.conf, its driver is not
        EIC's, or it does not start
    """
    section = host.partition('@')[2]
    if section not in CONF.list_all_sections():
        raise NotHostedError(f'cinder.conf has no section [{section}]')
    options = _options(section)
    try:
        with _no_metrics():
            made = importutils.import_object(
                options.volume_driver,
                configuration=options,
                host=host,
                db=db,
                is_vol_db_empty=False,
                active_backend_id=_active_backend(host),
            )
        return _set_up(made, section)
    except NotHostedError:
        raise
    except Exception as err:
        raise NotHostedError(
            f'the driver of [{section}] does not start here: {type(err).__name__}: '
            f'{err}'
        ) from err


def _options(section: str) -> Any:
    """As cinder-volume's manager reads them."""
    # Cinder's manager cannot be imported before its objects are registered.
    from cinder.volume import manager  # noqa: PLC0415

    return configuration.Configuration(
        manager.volume_backend_opts, config_group=section
    )


def _set_up(made: Any, section: str) -> Backend:
    if not isinstance(made, EICDriver):
        raise NotHostedError(f"the volume_driver of [{section}] is not EIC's")
    made.do_setup(context.get_admin_context())
    made.eic.stock.learn_pools()
    return made.eic


def _be_cinders_user() -> None:
    owner = Path(CONF.state_path).stat().st_uid
    if os.geteuid() != owner:
        name = pwd.getpwuid(owner).pw_name
        raise NotHostedError(
            f"what this makes has to be {name}'s, as what cinder-volume makes is: "
            f'run it as {name}, for example by sudo -u {name}'
        )


@contextlib.contextmanager
def _no_metrics() -> Iterator[None]:
    """The file of the metrics is cinder-volume's."""
    CONF.set_override('metrics_directory', None, config.GROUP)
    try:
        yield
    finally:
        CONF.clear_override('metrics_directory', config.GROUP)


def _active_backend(host: str) -> str | None:
    """The section of the cluster that the backend failed over to, if it did."""
    with contextlib.suppress(exception.CinderException):
        for each in objects.ServiceList.get_all_by_topic(
            context.get_admin_context(), 'cinder-volume'
        ):
            if host in {each.host, each.cluster_name}:
                return each.active_backend_id
    return None
