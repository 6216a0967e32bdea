"""Reads a Cinder backend's ``netapp_*`` options: the only credentials there are."""

from typing import Any

from eic_plugins.ontap.session import Endpoint
from eic_plugins.support import compat

_DEFAULT_PORTS = {'https': 443, 'http': 80}
_CERTIFICATE = (
    'netapp_private_key_file',
    'netapp_certificate_file',
    'netapp_ca_certificate_file',
)


def endpoint_of(backend: Any) -> Endpoint:
    """The cluster of a backend section, as the stock REST client reads it.

    Certificate authentication goes before the password when both are set, and
    then has its own CA (``netapp_ca_certificate_file``).
    """
    scheme = backend.netapp_transport_type
    common = {
        'host': backend.netapp_server_hostname,
        'port': int(backend.netapp_server_port or _DEFAULT_PORTS[scheme]),
        'scheme': scheme,
    }
    key, cert, ca = (compat.netapp_option(backend, name, '') for name in _CERTIFICATE)
    if key and cert:
        return Endpoint(**common, cert=cert, key=key, verify=_verify(backend, ca))
    return Endpoint(
        **common,
        username=backend.netapp_login,
        password=backend.netapp_password,
        verify=_verify(backend, backend.netapp_ssl_cert_path),
    )


def _verify(backend: Any, ca_path: str | None) -> bool | str:
    if not compat.netapp_option(backend, 'netapp_ssl_cert_verify', True):
        return False
    return ca_path or True
