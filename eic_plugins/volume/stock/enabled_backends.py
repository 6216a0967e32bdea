"""The enabled NetApp backends of a cinder.conf, for programs beside cinder-volume.

Reads what cinder-volume reads: ``enabled_backends``, and each one's section.
"""

import contextlib
import dataclasses
from collections.abc import Sequence
from typing import Any

from cinder import exception
from cinder.common import config as _cinder  # noqa: F401 - Cinder's options
from cinder.volume.drivers.netapp.dataontap.utils import utils as dot_utils
from oslo_config import cfg

from eic_plugins.ontap.session import Endpoint
from eic_plugins.support import compat
from eic_plugins.volume.stock.credentials import endpoint_of


class ConfigurationError(Exception):
    """cinder.conf cannot be read, and why."""


@dataclasses.dataclass(frozen=True)
class NetAppBackend:
    """One backend's cluster, with its credentials, and its SVM.

    ``nfs`` if its pools are shares, and not FlexVols with LUNs or namespaces; below
    ``mount_base`` cinder-volume mounts them.
    """

    name: str
    endpoint: Endpoint
    svm: str
    nfs: bool = True
    mount_base: str = ''
    protocol: str = 'nfs'


def read(config_files: Sequence[str] = ()) -> list[NetAppBackend]:
    """Those that have a cluster and an SVM, in the file's order.

    :param config_files: empty for those that Cinder looks for
    :raises ConfigurationError: a file cannot be read
    """
    try:
        cfg.CONF([], project='cinder', default_config_files=list(config_files) or None)
    except cfg.Error as err:
        raise ConfigurationError(f'cinder.conf cannot be read: {err}') from err
    backends = []
    for name in cfg.CONF.enabled_backends or ():
        with contextlib.suppress(exception.ConfigNotFound):
            backends += _netapp(name, dot_utils.get_backend_configuration(name))
    return backends


def _netapp(name: str, backend: Any) -> list[NetAppBackend]:
    if not (backend.netapp_server_hostname and backend.netapp_vserver):
        return []
    nfs = backend.netapp_storage_protocol == 'nfs'
    backend.append_config_values(compat.share_options())
    return [
        NetAppBackend(
            name,
            endpoint_of(backend),
            backend.netapp_vserver,
            nfs,
            str(backend.nfs_mount_point_base or ''),
            str(backend.netapp_storage_protocol or ''),
        )
    ]
