"""The facts of this host that checks are about, each gathered once, when asked."""

import datetime
import pwd
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from eic_plugins.cli.checks import hosts, options, product
from eic_plugins.cli.checks.backends import Backend, read_backends
from eic_plugins.cli.checks.configuration import Configuration
from eic_plugins.cli.checks.finding import NotSeenError
from eic_plugins.cli.checks.hosts import Account
from eic_plugins.cli.checks.once import Deadline, Once
from eic_plugins.cli.checks.paste_file import PasteFile
from eic_plugins.cli.checks.sources import Source
from eic_plugins.cli.checks.stores import FileStore, read_stores
from eic_plugins.support.mounts import Mount, read_mounts

_T = TypeVar('_T')
_READ = 5.0
"""Seconds for what is on this host; an NFS mount may hang."""
_ASKED = 8.0
"""Seconds for what a service is asked; half of all of them if that is more."""
_IMAGES = 50


class Facts:
    """What can be seen from here; what cannot raises :class:`NotSeenError`.

    :param sources: the configuration files of each service
    :param seconds: after which all that is missing is given up
    :param users: the users that cinder-volume and glance-api run as: name or id
    :param mountinfo: what is mounted, as Linux tells it
    """

    def __init__(
        self,
        sources: Mapping[str, Source],
        seconds: float = 15.0,
        users: Mapping[str, str] | None = None,
        mountinfo: Path = Path('/proc/self/mountinfo'),
    ) -> None:
        self._sources = sources
        self._users = {'cinder': 'cinder', 'glance': 'glance', **(users or {})}
        self._mountinfo = mountinfo
        self._known: dict[tuple[str, ...], Once[Any]] = {}
        self._asked_for = max(_ASKED, seconds / 2)
        self.deadline = Deadline(seconds)

    @property
    def cinder(self) -> Configuration:
        """cinder.conf."""
        return self._configuration('cinder', options.for_cinder())

    @property
    def nova(self) -> Configuration:
        """nova.conf."""
        return self._configuration('nova', options.for_nova())

    @property
    def glance(self) -> Configuration:
        """glance-api.conf."""
        return self._configuration('glance', options.GLANCE)

    def configuration(self, service: str) -> Configuration:
        """That of ``cinder``, ``nova`` or ``glance``."""
        found: Configuration = getattr(self, service)
        return found

    def paste(self, service: str) -> PasteFile:
        """The paste file of cinder-api or nova-api."""
        return self.once(
            ('paste', service),
            f'the paste file of {service}-api',
            lambda: self._paste(service),
            _READ,
        )

    @property
    def backends(self) -> list[Backend]:
        """The backends of ``enabled_backends`` that have a section."""
        return self.once(
            ('backends',), 'the backends', lambda: read_backends(self.cinder), _READ
        )

    @property
    def eic_backends(self) -> list[Backend]:
        """Those whose driver is EIC's."""
        return [backend for backend in self.backends if backend.kind]

    @property
    def nfs_backends(self) -> list[Backend]:
        """Those of EIC's NFS driver."""
        return [backend for backend in self.backends if backend.kind == 'nfs']

    @property
    def stores(self) -> list[FileStore]:
        """Glance's file stores."""
        return self.once(
            ('stores',), "Glance's stores", lambda: read_stores(self.glance), _READ
        )

    def account(self, service: str) -> Account:
        """The user that cinder-volume or glance-api runs as."""
        return self.once(
            ('account', service),
            f'the user of {service}',
            lambda: hosts.account(self._users[service], service),
            _READ,
        )

    @property
    def mounts(self) -> list[Mount]:
        """What is mounted where, in this mount namespace."""
        return self.once(
            ('mounts',), 'mounts', lambda: read_mounts(self._mountinfo), _READ
        )

    def greeting(self, backend: Backend) -> product.Greeting:
        """Certificate and clock of a backend's cluster."""
        endpoint = backend.endpoint()
        return self.once(
            ('greeting', endpoint.host, str(endpoint.port), str(endpoint.verify)),
            f'the cluster at {endpoint.host}',
            lambda: product.greet(endpoint),
            self._asked_for,
        )

    def survey(self, backend: Backend) -> product.Survey:
        """A backend's cluster, once it let this backend's user in."""
        return self.once(
            ('survey', backend.name),
            f'the cluster of [{backend.name}]',
            lambda: _survey(backend),
            self._asked_for,
        )

    def interfaces(self, backend: Backend) -> list[product.Interface]:
        """The LIFs of a backend's cluster."""
        return self._asked(backend, 'LIFs', lambda survey: survey.interfaces())

    def flexvols(self, backend: Backend) -> list[product.Flexvol]:
        """The FlexVols of all SVMs that have a LIF on the backend's cluster."""

        def gather(survey: product.Survey) -> list[product.Flexvol]:
            svms = {lif.svm for lif in self.interfaces(backend)}
            return survey.flexvols(svms | {str(backend.get('netapp_vserver'))})

        return self._asked(backend, 'FlexVols', gather)

    def ask(
        self, backend: Backend, what: str, question: Callable[[product.Survey], _T]
    ) -> _T:
        """Anything else of a backend's cluster, asked once under that name."""
        return self._asked(backend, what, question)

    def addresses(self, server: str) -> frozenset[str]:
        """The addresses of a server's name, in canonical form."""
        return self.once(
            ('addresses', server),
            f'the name {server}',
            lambda: frozenset(product.addresses(server)),
            self._asked_for,
        )

    @property
    def apis(self) -> product.Apis:
        """Keystone, Glance and Cinder, as the service user of cinder.conf."""
        return self.once(
            ('apis',),
            'the credentials of the service user',
            lambda: product.Apis(self.cinder.oslo),
            self._asked_for,
        )

    @property
    def volume_hosts(self) -> list[str]:
        """The backends of cinder-volume that are up, ``HOST@BACKEND``."""
        return self.once(
            ('volume hosts',), "Cinder's API", self.apis.volume_hosts, self._asked_for
        )

    @property
    def roles(self) -> frozenset[str]:
        """The roles of the service user."""
        return self.once(('roles',), 'Keystone', self._roles, self._asked_for)

    @property
    def newest_images(self) -> list[Mapping[str, Any]]:
        """The newest active images."""
        return self.once(
            ('images',),
            "Glance's images",
            lambda: self.apis.images(_IMAGES),
            self._asked_for,
        )

    def locations(self, image_id: str) -> list[Mapping[str, Any]]:
        """The locations of an image: never to be shown."""
        return self.once(
            ('locations', image_id),
            "Glance's Locations API",
            lambda: self.apis.locations(image_id),
            self._asked_for,
        )

    def once(
        self,
        key: tuple[str, ...],
        what: str,
        gather: Callable[[], _T],
        seconds: float,
    ) -> _T:
        """A fact by its key: gathered by whoever asks first.

        :raises NotSeenError: it cannot be had, or not in time
        """
        found: Once[_T] = self._known.setdefault(key, Once(what, gather, seconds))
        return found.get(self.deadline)

    def now(self) -> datetime.datetime:
        """The time of this host."""
        return datetime.datetime.now(datetime.UTC)

    def _roles(self) -> frozenset[str]:
        return self.apis.roles()

    def _configuration(self, service: str, known: Mapping[str, Any]) -> Configuration:
        return self.once(
            ('configuration', service),
            f'the configuration of {service}',
            lambda: Configuration(self._sources[service], known),
            _READ,
        )

    def _paste(self, service: str) -> PasteFile:
        conf = self.configuration(service)
        text = conf.get('api_paste_config')
        if service == 'nova':
            text = text or conf.get('api_paste_config', 'wsgi')
        return PasteFile(conf.resolve(text), f'the host of {service}-api')

    def _asked(
        self, backend: Backend, what: str, question: Callable[[product.Survey], _T]
    ) -> _T:
        return self.once(
            ('asked', backend.name, what),
            f'the cluster of [{backend.name}], asked for {what}',
            lambda: _answer(what, question, self.survey(backend)),
            self._asked_for,
        )


def _survey(backend: Backend) -> product.Survey:
    endpoint = backend.endpoint()
    survey = product.survey_of(endpoint)
    try:
        survey.version()
        survey.svms()
    except product.SurveyError as err:
        raise NotSeenError(
            f'the cluster of [{backend.name}] does not answer its user: {err}',
            'see what ontap-reachable says',
        ) from err
    return survey


def _answer(
    what: str, question: Callable[[product.Survey], _T], survey: product.Survey
) -> _T:
    try:
        return question(survey)
    except product.SurveyError as err:
        raise NotSeenError(f'{what} cannot be read from ONTAP: {err}') from err


def user_name(uid: int) -> str:
    """The name of a user, or its number."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
