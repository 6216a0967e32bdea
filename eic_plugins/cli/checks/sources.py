"""Where each service has its configuration files on this host."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from eic_plugins.cli.checks.finding import NotSeenError

SERVICES = ('cinder', 'nova', 'glance')
_MAIN = {
    'cinder': 'cinder.conf',
    'nova': 'nova.conf',
    'glance': 'glance-api.conf',
}
_ROLES = {
    'cinder': ('cinder-volume', 'cinder-api', 'cinder-scheduler'),
    'nova': ('nova-api', 'nova-compute'),
    'glance': ('glance-api',),
}
_HOST = {
    'cinder': 'a host of cinder-api, cinder-scheduler or cinder-volume',
    'nova': 'the host of nova-api',
    'glance': 'the host of glance-api',
}


@dataclasses.dataclass(frozen=True)
class Source:
    """The files of one service, in the order in which it reads them.

    What stands in ``directories`` (``*.conf``) is read after ``files``.
    """

    service: str
    files: tuple[Path, ...] = ()
    directories: tuple[Path, ...] = ()
    beside: tuple[Path, ...] = ()
    """Where other containers of the service have theirs."""

    @property
    def where(self) -> str:
        """On which host these files are."""
        return _HOST[self.service]

    def all_files(self) -> list[Path]:
        """Every file.

        :raises NotSeenError: there is none, or one may not be read
        """
        found = [*self.files]
        for directory in self.directories:
            found += sorted(_listed(directory, self.where))
        if not found:
            raise NotSeenError(
                f'no {_MAIN[self.service]} on this host',
                f'run eic check on {self.where}, or give its file with --config-file',
            )
        return found


def find(
    files: Iterable[str] = (),
    directories: Iterable[str] = (),
    root: Path = Path('/'),
) -> Mapping[str, Source]:
    """The source of each service.

    Of a service that no argument names, the usual places are looked at: of a
    package, of Kolla's and TripleO's containers as their host has them.

    :param files: ``[SERVICE=]FILE``; without a service the path names it
    :param directories: ``[SERVICE=]DIRECTORY``
    :raises ValueError: which service an argument is of cannot be said
    """
    given_files = _by_service(files)
    given_directories = _by_service(directories)
    found = {}
    for service in SERVICES:
        source = Source(
            service,
            tuple(given_files.get(service, ())),
            tuple(given_directories.get(service, ())),
        )
        if not (given_files or given_directories):
            source = _usual(service, root)
        found[service] = source
    return found


def service_of(path: Path) -> str | None:
    """The service that a path names: its last part that does."""
    for part in reversed(path.parts):
        for service in SERVICES:
            if service in part:
                return service
    return None


def _by_service(arguments: Iterable[str]) -> Mapping[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for argument in arguments:
        name, separator, rest = argument.partition('=')
        named = bool(separator) and name in SERVICES
        path = Path(rest if named else argument)
        service = name if named else service_of(path.absolute())
        if service is None:
            raise ValueError(
                f'Say which service {argument} is of: cinder={argument}, '
                f'nova={argument} or glance={argument}.'
            )
        found.setdefault(service, []).append(path)
    return found


def _usual(service: str, root: Path) -> Source:
    for directory in _usual_directories(service, root):
        main = directory / _MAIN[service]
        if main.exists():
            files = _distribution(service, root, main)
            return Source(service, files, _parts(main), _roles(service, root))
    return Source(service)


def _usual_directories(service: str, root: Path) -> Sequence[Path]:
    return (
        root / 'etc' / service,
        *(root / 'etc/kolla' / role for role in _ROLES[service]),
        *(
            root / 'var/lib/config-data/puppet-generated' / name / 'etc' / service
            for name in (service, f'{service}_api')
        ),
    )


def _roles(service: str, root: Path) -> tuple[Path, ...]:
    found = (root / 'etc/kolla' / role for role in _ROLES[service])
    return tuple(directory for directory in found if directory.is_dir())


def _distribution(service: str, root: Path, main: Path) -> tuple[Path, ...]:
    """RDO's packages have defaults of their own, which are read first."""
    defaults = root / 'usr/share' / service / f'{main.stem}-dist.conf'
    return (defaults, main) if defaults.exists() else (main,)


def _parts(main: Path) -> tuple[Path, ...]:
    directory = main.with_name(f'{main.name}.d')
    return (directory,) if directory.is_dir() else ()


def _listed(directory: Path, where: str) -> list[Path]:
    try:
        return [path for path in directory.iterdir() if path.suffix == '.conf']
    except OSError as err:
        raise NotSeenError(
            f'{directory} cannot be read: {err.strerror}',
            f'run eic check on {where}, as a user that may read it',
        ) from err
