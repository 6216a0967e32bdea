"""Finds the FlexVols that an operator names, on the clusters of cinder.conf."""

import argparse
import dataclasses
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence

from eic_plugins.cli import arguments
from eic_plugins.cli.cloud import CloudError
from eic_plugins.cli.controller import no_cinder
from eic_plugins.model import FlexVol
from eic_plugins.ontap.efficiency import Efficiency
from eic_plugins.ontap.namespace import Namespace, UnknownShareError
from eic_plugins.ontap.session import OntapError, OntapSession


@dataclasses.dataclass(frozen=True)
class BackendSvm:
    """An SVM of enabled backends, and what its cluster can be asked.

    ``backends`` are the names of their sections; ``nfs`` if one has NFS pools, which
    cinder-volume mounts below ``mount_base``. ``user`` is ONTAP's, empty with a
    certificate.
    """

    name: str
    backends: tuple[str, ...]
    nfs: bool
    namespace: Namespace
    efficiency: Efficiency
    session: OntapSession
    user: str = ''
    mount_base: str = ''
    protocols: Mapping[str, str] = dataclasses.field(
        default_factory=dict, compare=False
    )
    """By the backends' names."""


@dataclasses.dataclass(frozen=True)
class Found:
    """A FlexVol's UUID, and who can be asked of it."""

    svm: BackendSvm
    uuid: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The argument that says where the configuration is."""
    arguments.add_config_file(parser)


def svms(config_files: Sequence[str]) -> list[BackendSvm]:
    """The SVMs of the enabled NetApp backends, each once.

    :param config_files: empty for those that Cinder looks for
    :raises CloudError: no configuration, or no such backend in it
    """
    # It takes Cinder seconds to be imported: wrong arguments are refused before.
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            from eic_plugins.volume.stock import enabled_backends  # noqa: PLC0415
    except ImportError as err:
        raise no_cinder(err) from err
    try:
        backends = enabled_backends.read(config_files)
    except enabled_backends.ConfigurationError as err:
        raise CloudError(str(err)) from err
    if not backends:
        raise CloudError(
            'cinder.conf has no enabled backend with netapp_server_hostname and '
            'netapp_vserver. Name the file with --config-file.'
        )
    groups: dict[tuple[str, int, str], list[enabled_backends.NetAppBackend]] = {}
    for each in backends:
        key = each.endpoint.host, each.endpoint.port, each.svm
        groups.setdefault(key, []).append(each)
    found = []
    for same in groups.values():
        session = OntapSession(same[0].endpoint)
        names = tuple(each.name for each in same)
        found.append(
            BackendSvm(
                same[0].svm,
                names,
                any(each.nfs for each in same),
                Namespace(session, same[0].svm),
                Efficiency(session),
                session,
                same[0].endpoint.username or '',
                next((each.mount_base for each in same if each.nfs), ''),
                {each.name: each.protocol for each in same},
            )
        )
    return found


def find(known: Sequence[BackendSvm], names: Iterable[str]) -> list[Found]:
    """The FlexVols of these names, each once.

    :param names: as the scheduler has them (``HOST@BACKEND#POOL``), shares, or
        names of FlexVols
    :raises CloudError: there is none of that name, or several
    """
    unique = {found.uuid: found for found in (_find(known, name) for name in names)}
    return list(unique.values())


def _find(known: Sequence[BackendSvm], name: str) -> Found:
    host, _, pool = name.rpartition('#')
    section = host.rpartition('@')[2]
    asked = [each for each in known if not section or section in each.backends]
    if not asked:
        sections = ', '.join(section for each in known for section in each.backends)
        raise CloudError(f'No enabled backend is called {section!r}, but: {sections}.')
    reasons: list[str] = []
    found = {
        flexvol.uuid: Found(svm, flexvol.uuid)
        for svm, flexvol in _candidates(asked, pool, reasons)
    }
    if not found:
        raise CloudError(
            f'There is no pool or FlexVol {name!r}. {". ".join(dict.fromkeys(reasons))}'
        )
    if len(found) > 1:
        raise CloudError(
            f'{len(found)} backends have a FlexVol {name!r}. Write BACKEND#{pool}.'
        )
    return next(iter(found.values()))


def _candidates(
    asked: Iterable[BackendSvm], pool: str, reasons: list[str]
) -> Iterator[tuple[BackendSvm, FlexVol]]:
    for svm in asked:
        try:
            if ':/' in pool:
                yield svm, svm.namespace.pool(pool).flexvol
            else:
                yield svm, svm.namespace.flexvol(pool)
        except (UnknownShareError, OntapError) as err:
            reasons.append(str(err))
