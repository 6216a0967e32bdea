"""Access to Glance as the service itself: its credentials, and a client with them."""

from typing import Any

import glanceclient
from keystoneauth1 import loading, session
from keystoneauth1.service_token import ServiceTokenAuthWrapper
from oslo_config import cfg

from eic_plugins import config


class CredentialsMissingError(Exception):
    """Neither [eic] nor [service_user] says how to authenticate."""


def service_session(
    conf: cfg.ConfigOpts, timeout: float | None = None, service_token: bool = False
) -> session.Session:
    """A session with the service's own credentials.

    :param service_token: its token is sent as that of a service, too
    :raises CredentialsMissingError: there are none
    """
    group = credentials_group(conf)
    auth = loading.load_auth_from_conf_options(conf, group)
    if service_token:
        auth = ServiceTokenAuthWrapper(user_auth=auth, service_auth=auth)
    return loading.load_session_from_conf_options(
        conf, group, auth=auth, timeout=timeout or conf[config.GROUP].glance_timeout
    )


def service_client(conf: cfg.ConfigOpts, authenticated: session.Session) -> Any:
    """Glance's client on that session."""
    options = conf[config.GROUP]
    return glanceclient.Client(
        '2',
        session=authenticated,
        interface=options.glance_interface,
        region_name=options.region_name,
        endpoint_override=options.glance_endpoint,
        # A failed look-up must cost little: what stands behind it is the
        # request without a hint, or Cinder's download.
        connect_retries=0,
    )


def credentials_group(conf: cfg.ConfigOpts) -> str:
    """The group of options that says how the service authenticates.

    :raises CredentialsMissingError: there is none
    """
    for group in (config.GROUP, 'service_user'):
        if group in conf and conf[group].get('auth_type'):
            return group
    raise CredentialsMissingError(
        'Set auth_type and the other keystoneauth options in [eic], or '
        'configure [service_user]: EIC asks Glance for image locations with '
        "the service's own credentials."
    )
