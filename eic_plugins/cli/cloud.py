"""A user's access to the cloud, by the environment that OpenStack's clients read.

``OS_CLOUD`` names a cloud of clouds.yaml and takes openstacksdk; ``OS_AUTH_URL``,
``OS_USERNAME``, … as in an openrc file take nothing else.
"""

import argparse
import os
from typing import Any

import glanceclient
from keystoneauth1 import adapter, exceptions, loading, session

_TIMEOUT = 60
_NOVA_MICROVERSION = '2.3'
"""Since this one, an administrator is told the root device's name."""
_TRANSFER_TIMEOUT = 600
"""Seconds that Glance may be silent: it stores an image before it answers."""


class CloudError(Exception):
    """Says what to do about it."""


def cinder(app: Any = None) -> adapter.Adapter:
    """The user's Cinder; it is asked for nothing yet.

    :param app: the program of a command; ``openstack`` has signed in already
    :raises CloudError: the environment does not say who the user is, or where
    """
    return _adapter('block-storage', app, min_version='3', max_version='3.latest')


def nova(app: Any = None) -> adapter.Adapter:
    """The user's Nova; see :func:`cinder`."""
    return _adapter(
        'compute',
        app,
        min_version='2.1',
        max_version='2.latest',
        default_microversion=_NOVA_MICROVERSION,
    )


def images(app: Any = None) -> adapter.Adapter:
    """The API of the user's Glance; see :func:`cinder`."""
    return _adapter('image', app, min_version='2', max_version='2.latest')


def glance(app: Any = None) -> Any:
    """The user's Glance, as glanceclient has it; see :func:`cinder`."""
    return glanceclient.Client(
        '2',
        session=_session(app, _TRANSFER_TIMEOUT),
        **_place(app),
    )


def _adapter(service_type: str, app: Any, **versions: str) -> adapter.Adapter:
    return adapter.Adapter(
        _session(app),
        service_type=service_type,
        raise_exc=False,
        **versions,
        **_place(app),
    )


def _place(app: Any) -> dict[str, Any]:
    manager = getattr(app, 'client_manager', None)
    if manager is None:
        named = os.environ.get('OS_INTERFACE'), os.environ.get('OS_REGION_NAME')
    else:
        named = manager.interface, manager.region_name
    return {'interface': named[0] or 'public', 'region_name': named[1] or None}


def _session(app: Any, timeout: float = _TIMEOUT) -> session.Session:
    manager = getattr(app, 'client_manager', None)
    if manager is not None:
        signed_in: session.Session = manager.session
        return signed_in
    cloud = os.environ.get('OS_CLOUD')
    try:
        return _from_clouds_yaml(cloud) if cloud else _from_environment(timeout)
    except exceptions.ClientException as err:
        raise CloudError(
            f'{err}. Load an openrc file (OS_AUTH_URL, OS_USERNAME, …), or set '
            'OS_CLOUD to a cloud of clouds.yaml.'
        ) from err


def _from_clouds_yaml(cloud: str) -> session.Session:
    try:
        from openstack import config  # noqa: PLC0415
    except ImportError as err:
        raise CloudError(
            'OS_CLOUD takes the package openstacksdk. Install it, '
            'or load an openrc file instead.'
        ) from err
    try:
        return config.OpenStackConfig().get_one(cloud=cloud).get_session()
    except Exception as err:
        raise CloudError(f'OS_CLOUD={cloud}: {err}') from err


def _from_environment(timeout: float) -> session.Session:
    """What keystoneauth's own command-line options default to."""
    parser = argparse.ArgumentParser()
    loading.register_auth_argparse_arguments(parser, [], default='password')
    loading.register_session_argparse_arguments(parser)
    options = parser.parse_args([])
    options.timeout = timeout
    auth = loading.load_auth_from_argparse_arguments(options)
    return loading.load_session_from_argparse_arguments(options, auth=auth)
