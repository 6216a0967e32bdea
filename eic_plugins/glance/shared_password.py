"""Keystone password authentication with one token for a process, not one a use.

Cinder makes its ``[glance]`` authentication plugin anew for every volume from
an image. So each time it asks Keystone for a token, and Glance asks Keystone
about that token. This plugin takes the options of ``password`` and keeps its
token; keystoneauth finds it through ``keystoneauth1.plugin``. In cinder.conf of
cinder-volume, in place of ``auth_type = password``::

    [glance]
    auth_type = eic_shared_password
    auth_url = ...
    username = ...

A token is fetched again when it is about to expire, or after a 401, as always.
"""

import threading
from typing import Any

from keystoneauth1 import loading
from keystoneauth1.identity.generic import Password
from keystoneauth1.loading import Opt

_lock = threading.Lock()
_made: dict[tuple[tuple[str, Any], ...], Password] = {}


class SharedPassword(loading.BaseLoader[Password]):
    """Loads ``password``; for the same options the same plugin, with its token."""

    def __init__(self) -> None:
        self._password = loading.get_plugin_loader('password')

    @property
    def plugin_class(self) -> type[Password]:
        """Keystone's own plugin for version 2 or 3."""
        return Password

    def get_options(self) -> list[Opt]:
        """Those of ``password``."""
        return list(self._password.get_options())

    def load_from_options(self, **kwargs: Any) -> Password:
        """The plugin of these options.

        :raises keystoneauth1.exceptions.MissingRequiredOptions: one that
            ``password`` requires is missing
        """
        # By name alone: values may be of types that have no order.
        key = tuple(sorted(kwargs.items(), key=lambda item: item[0]))
        with _lock:
            if key not in _made:
                _made[key] = self._password.load_from_options(**kwargs)
            return _made[key]
