"""What the checks use of the bundle's other rooms, in one place."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from keystoneauth1 import adapter, exceptions, loading
from oslo_config import cfg

from eic_plugins import config
from eic_plugins.glance import access, locations
from eic_plugins.glance.locations import paths
from eic_plugins.glance.locations_api import LocationsApi
from eic_plugins.middleware.paste_filter import OSLO_OPTIONS
from eic_plugins.ontap import releases, session, survey
from eic_plugins.support import name_resolution

EIC_SECTION = config.GROUP
EIC_OPTIONS = config.ALL_OPTS
AUTH_OPTIONS = tuple(loading.get_auth_common_conf_options())
"""What a section with credentials has, whatever the plugin."""
DRIVERS = {
    'nfs': 'eic_plugins.volume.nfs.EICNfsDriver',
    'iscsi': 'eic_plugins.volume.iscsi.EICISCSIDriver',
    'fc': 'eic_plugins.volume.fc.EICFibreChannelDriver',
    'nvme': 'eic_plugins.volume.nvme.EICNVMeDriver',
}
"""The driver of each ``netapp_storage_protocol``."""
STOCK_DRIVER = 'cinder.volume.drivers.netapp.common.NetAppDriver'
COPY_PROGRAM = 'eic-copyoffload'
WEIGHER = 'EICImageLocalityWeigher'
KEEPING_AUTH = 'eic_shared_password'
"""The auth plugin that keeps a token."""
FACTORIES = {
    'cinder': 'eic_plugins.middleware.cinder:filter_factory',
    'nova': 'eic_plugins.middleware.nova:filter_factory',
}
EGGS = {'cinder': 'egg:eic-plugins#cinder', 'nova': 'egg:eic-plugins#nova'}
FILTER_OPTIONS = {
    'cinder': config.CINDER_FILTER_OPTS,
    'nova': config.NOVA_FILTER_OPTS,
}
CACHED_IMAGE = 'img-cache-'
FILL = 'eic-fill-'
RECORD = '.eic-'

Endpoint = session.Endpoint
Survey = survey.Survey
Flexvol = survey.Flexvol
Interface = survey.Interface
Forbidden = survey.Forbidden
Greeting = survey.Greeting
SurveyError = session.OntapError
OLDEST_ONTAP = releases.OLDEST
TELLS_SHARED_DATA = releases.since(releases.SPLIT_STATUS, releases.UNSPLIT_SIZE)
written = releases.written
greet = survey.greet
addresses = name_resolution.addresses
LocationError = locations.LocationError


def eic_option_names(auth_type: str | None) -> frozenset[str]:
    """The names that ``[eic]`` may have, with those of an auth plugin.

    :raises ValueError: there is no such auth plugin here
    """
    known = [
        *config.ALL_OPTS,
        *loading.get_auth_common_conf_options(),
        *loading.get_session_conf_options(),
        *_plugin_options(auth_type),
    ]
    renamed = (old.name or '' for option in known for old in option.deprecated_opts)
    names = (*(option.dest for option in known), *renamed)
    return frozenset(name.replace('-', '_') for name in names if name)


def _plugin_options(auth_type: str | None) -> Iterable[cfg.Opt]:
    try:
        return loading.get_auth_plugin_conf_options(auth_type or 'password')
    except exceptions.NoMatchingPlugin as err:
        raise ValueError(f'there is no auth plugin {auth_type} here') from err


def survey_of(endpoint: session.Endpoint) -> survey.Survey:
    """What can be asked of a cluster."""
    return survey.Survey(session.OntapSession(endpoint))


class Apis:
    """Keystone, Glance and Cinder, as the service user of ``[eic]`` or
    ``[service_user]`` sees them.

    :param conf: cinder.conf
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        for group in (config.GROUP, 'service_user'):
            loading.register_session_conf_options(conf, group)
        self._session = access.service_session(conf)
        self._client = access.service_client(conf, self._session)
        self._locations = LocationsApi(conf)
        options = conf[config.GROUP]
        self._cinder = adapter.Adapter(
            self._session,
            service_type='block-storage',
            interface=options.glance_interface,
            region_name=options.region_name,
        )

    def roles(self) -> frozenset[str]:
        """The roles of the service user, in lower case."""
        access = self._session.auth.get_access(self._session)
        return frozenset(role.lower() for role in access.role_names or ())

    def images(self, limit: int) -> list[Mapping[str, Any]]:
        """Some images that are active, the newest first."""
        found: list[Mapping[str, Any]] = []
        wanted = {'visibility': 'all', 'status': 'active'}
        for image in self._client.images.list(filters=wanted, page_size=limit):
            found.append(image)
            if len(found) >= limit:
                break
        return found

    def locations(self, image_id: str) -> list[Mapping[str, Any]]:
        """The locations of an image, through the Locations API alone."""
        return self._locations.find(image_id)

    def volume_hosts(self) -> list[str]:
        """The backends that are up, ``HOST@BACKEND``, as Cinder lists them."""
        wanted = {'binary': 'cinder-volume'}
        answer = self._cinder.get('/os-services', params=wanted)
        listed = answer.json()['services']
        return [str(each['host']) for each in listed if each['state'] == 'up']


def share_of(share_location: str) -> tuple[str, str]:
    """Server and path of a ``share_location``.

    :raises LocationError: it is no ``nfs://SERVER/PATH``
    """
    parts = paths.split(share_location)
    if parts.scheme != 'nfs':
        raise paths.invalid('it is no nfs:// URL')
    return paths.server(parts), paths.decoded(parts.path.rstrip('/') or '/')


def check_filter_option(option: str, text: str, service: str) -> str | None:
    """What is wrong with an option of a filter's section; None if nothing is."""
    known: Mapping[str, Callable[[str], Any]] = {
        opt.dest: opt.type for opt in FILTER_OPTIONS[service]
    }
    if option in OSLO_OPTIONS:
        return None
    if option not in known:
        return 'is no option of the filter'
    try:
        known[option](text)
    except ValueError:
        return 'has no valid value'
    return None
