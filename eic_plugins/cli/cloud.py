"""A user's access to the cloud, by the environment that OpenStack's clients read.

``OS_CLOUD`` names a cloud of clouds.yaml and takes openstacksdk; ``OS_AUTH_URL``,
``OS_USERNAME``, … as in an openrc file take nothing else.
"""

import argparse
import os
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import glanceclient
from keystoneauth1 import adapter, exceptions, loading, session

_TIMEOUT = 60
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
    return _adapter('compute', app, min_version='2.1', max_version='2.latest')


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


class VolumeFinder:
    """Finds the volumes that the user may see.

    :param cinder: see :func:`cinder`
    """

    def __init__(self, cinder: adapter.Adapter) -> None:
        self._cinder = cinder

    def find(self, name_or_id: str) -> Mapping[str, Any]:
        """One volume, by its id or by its name in the user's project.

        :raises CloudError: there is none, or several; or Cinder says no
        """
        answer = self._get(f'/volumes/{name_or_id}')
        if answer is not None:
            return dict(answer['volume'])
        listed = self._get('/volumes/detail', name=name_or_id) or {}
        volumes = listed.get('volumes', [])
        if len(volumes) != 1:
            many = f'{len(volumes)} volumes have' if volumes else 'No volume has'
            raise CloudError(
                f'{many} the name or id {name_or_id!r} among those that you may see.'
            )
        return dict(volumes[0])

    def _get(self, path: str, **query: str) -> Any:
        try:
            answer = self._cinder.get(path, params=query)
        except exceptions.ClientException as err:
            raise CloudError(f'Cinder could not be asked: {err}') from err
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        if not answer.ok:
            raise CloudError(f'Cinder answered {answer.status_code} {answer.reason}.')
        return answer.json()


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
