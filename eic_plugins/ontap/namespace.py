"""From an NFS server and path to the FlexVol that really holds the file.

A LIF is not an SVM, a junction path is not a volume name, and an export may
lie below a junction: all three are looked up, and remembered for a while.
"""

import posixpath
import threading
from collections.abc import Iterable, Mapping
from http import HTTPStatus

from oslo_log import log as logging

from eic_plugins.model import (
    FlexVol,
    ImageCopy,
    Pool,
    Reason,
    Refusal,
    StoredObject,
)
from eic_plugins.ontap.session import JsonObject, OntapRejectedError, OntapSession
from eic_plugins.support.clock import SYSTEM, Clock
from eic_plugins.support.memory import Memory
from eic_plugins.support.name_resolution import addresses, canonical

LOG = logging.getLogger(__name__)

_LIF_TTL = 600.0
_TTL = 600.0
"""Seconds for which a FlexVol's junction path is remembered."""
_FRESH = 30.0
"""Seconds for which it is that a directory is outside of all of them."""
_LIFS = 'all'

Lifs = Mapping[str, frozenset[str]]
"""Address of a LIF -> names of the SVMs that have it."""
_Directory = tuple[str, str]
"""The name of an SVM, and a path in its namespace."""

_KIND = 'type,state,is_svm_root'

_QUERY_CHARACTERS = frozenset('|,*!<>{}"\\')


class UnknownShareError(Exception):
    """A share of nfs_shares_config leads to no FlexVol of this cluster."""


class Namespace:
    """The SVMs, LIFs and junction paths of one cluster, cached.

    Several IPspaces may have the same address. Nobody here knows which of them a
    location means, so such an address leads to no file. For the backend's own shares
    it is known: they are on the backend's SVM.

    :param own_svm: the backend's SVM (``netapp_vserver``), whose FlexVols alone
        are pools
    """

    def __init__(
        self,
        session: OntapSession,
        own_svm: str,
        clock: Clock = SYSTEM,
    ) -> None:
        self._session = session
        self._own_svm = own_svm
        self._fetching_lifs = threading.Lock()
        self._lifs: Memory[str, Lifs] = Memory(_LIF_TTL, clock=clock)
        self._fresh_lifs: Memory[str, Lifs] = Memory(_FRESH, clock=clock)
        self._flexvol_of: Memory[_Directory, FlexVol] = Memory(_TTL, clock=clock)
        self._outside: Memory[_Directory, Refusal] = Memory(_FRESH, clock=clock)
        self._flexvols_of: Memory[tuple[str, ...], list[FlexVol]] = Memory(
            _TTL, clock=clock
        )
        self._cluster: str | None = None

    def locate(self, copy: ImageCopy) -> StoredObject | Refusal:
        """The file behind a copy, or why it is none of this cluster's.

        :raises OntapError: the cluster did not answer
        """
        directory, name = posixpath.split(copy.path)
        held = self._directory(copy.server, directory)
        if isinstance(held, Refusal):
            return held
        flexvol, inside = held
        return StoredObject(flexvol, posixpath.join(inside, name))

    def pool(self, share: str) -> Pool:
        """The pool behind a share, ``SERVER:/EXPORT``.

        :raises UnknownShareError: it is not on this cluster
        :raises OntapError: the cluster did not answer
        """
        server, _, export = share.rpartition(':')
        held = self._directory(server.strip('[]'), export, own=True)
        if isinstance(held, Refusal):
            raise UnknownShareError(f'{share}: {held.reason.message}')
        flexvol, inside = held
        if flexvol.svm != self._own_svm:
            raise UnknownShareError(
                f'{share} is of SVM {flexvol.svm}, not of '
                f'netapp_vserver {self._own_svm}'
            )
        return Pool(share, flexvol, inside)

    def forget(self) -> None:
        """Look everything up again: something was not where it should be."""
        for memory in (self._lifs, self._fresh_lifs):
            memory.clear()
        self._flexvol_of.clear()
        self._outside.clear()
        self._flexvols_of.clear()

    def lifs_of(self, svm: str) -> tuple[str, ...]:
        """The addresses of the SVM's LIFs that no other SVM has."""
        return tuple(
            sorted(
                address for address, svms in self._read_lifs().items() if svms == {svm}
            )
        )

    def flexvols(self, svms: Iterable[str]) -> list[FlexVol]:
        """All FlexVols of these SVMs that a pool can live on; some may have no
        junction path. Roots of SVMs, mirrors, and those that are offline are not
        among them.

        :raises OntapError: the cluster did not answer
        """
        key = tuple(sorted(set(svms)))
        known = self._flexvols_of.get(key)
        if known is not None:
            return known
        records = self._session.records(
            '/api/storage/volumes',
            **{
                'svm.name': '|'.join(key),
                'style': 'flexvol',
                'fields': f'name,uuid,nas.path,svm.name,{_KIND}',
            },
        )
        flexvols = [
            FlexVol(
                self._cluster_uuid(),
                record['svm']['name'],
                record['name'],
                record['uuid'],
                record.get('nas', {}).get('path') or '',
            )
            for record in records
            if _is_usable(record) and not _is_root(record)
        ]
        self._flexvols_of.put(key, flexvols)
        return flexvols

    def flexvol(self, name: str) -> FlexVol:
        """A FlexVol of the backend's own SVM.

        :raises UnknownShareError: there is none of that name
        :raises OntapError: the cluster did not answer
        """
        for flexvol in self.flexvols([self._own_svm]):
            if flexvol.name == name:
                return flexvol
        raise UnknownShareError(
            f'netapp_vserver {self._own_svm} has no FlexVol {name} that is online and '
            'no mirror'
        )

    def _directory(
        self,
        server: str,
        path: str,
        own: bool = False,
    ) -> tuple[FlexVol, str] | Refusal:
        """The FlexVol of a directory, and the directory inside of it.

        :param own: whether it is known to be the backend's, if it can be
        """
        svm = self._svm_of(server, own)
        if isinstance(svm, Refusal):
            return svm
        flexvol = self._flexvol_holding(svm, path)
        if isinstance(flexvol, Refusal):
            return flexvol
        inside = posixpath.relpath(path, flexvol.junction_path)
        return flexvol, '' if inside == '.' else inside

    def _svm_of(self, server: str, own: bool) -> str | Refusal:
        server_addresses = addresses(server)
        for fresh in (False, True):
            lifs = self._read_lifs(fresh)
            svms_of = [lifs.get(address, frozenset()) for address in server_addresses]
            if own:
                svms_of = [svms & {self._own_svm} or svms for svms in svms_of]
            svms = frozenset[str]().union(*svms_of)
            if len(svms) == 1:
                return next(iter(svms))
            if svms:
                # Which one a mount has reached, nobody knows here.
                return Refusal.of_location(Reason.LOCATION_AMBIGUOUS)
        return Refusal.of_location(Reason.OTHER_CLUSTER)

    def _read_lifs(self, fresh: bool = False) -> Lifs:
        """LIF address -> SVM names; ``fresh``: not older than half a minute."""
        memory = self._fresh_lifs if fresh else self._lifs
        with self._fetching_lifs:
            lifs = memory.get(_LIFS)
            if lifs is None:
                lifs = self._fetch_lifs()
                self._lifs.put(_LIFS, lifs)
                self._fresh_lifs.put(_LIFS, lifs)
            return lifs

    def _fetch_lifs(self) -> Lifs:
        records = self._session.records(
            '/api/network/ip/interfaces', fields='ip.address,svm.name'
        )
        lifs: dict[str, frozenset[str]] = {}
        for record in records:
            svm = record.get('svm', {}).get('name')
            if svm:
                address = canonical(record['ip']['address'])
                lifs[address] = lifs.get(address, frozenset()) | {svm}
        return lifs

    def _flexvol_holding(self, svm: str, path: str) -> FlexVol | Refusal:
        directory = svm, path
        known = self._flexvol_of.get(directory) or self._outside.get(directory)
        if known is not None:
            return known
        flexvol = self._fetch_flexvol(svm, path)
        if isinstance(flexvol, Refusal):
            self._outside.put(directory, flexvol)
        else:
            self._flexvol_of.put(directory, flexvol)
        return flexvol

    def _fetch_flexvol(self, svm: str, path: str) -> FlexVol | Refusal:
        """The FlexVol with the longest junction path at or above a directory."""
        outside = Refusal.of_location(Reason.LOCATION_OUTSIDE_EXPORT)
        if _QUERY_CHARACTERS & set(path):
            return outside
        records = self._session.records(
            '/api/storage/volumes',
            **{
                'svm.name': svm,
                'nas.path': '|'.join(_and_parents(path)),
                'fields': f'name,uuid,nas.path,{_KIND}',
            },
        )
        # Nobody's images are in the root of an SVM; mirrors of it have its path.
        found = [record for record in records if not _is_root(record)]
        if not found:
            return outside
        nearest = max(found, key=lambda record: len(record['nas']['path']))
        if not _is_usable(nearest):
            return Refusal.of_location(Reason.FLEXVOL_UNUSABLE)
        return FlexVol(
            self._cluster_uuid(),
            svm,
            nearest['name'],
            nearest['uuid'],
            nearest['nas']['path'],
        )

    def _cluster_uuid(self) -> str:
        if self._cluster is None:
            try:
                answer = self._session.get('/api/cluster', fields='uuid')
                self._cluster = str(answer['uuid'])
            except (OntapRejectedError, KeyError) as err:
                # An SVM-scoped user may not read the cluster; its management
                # LIF names it as well for a comparison.
                if _may_pass(err):
                    return self._session.host
                LOG.info(
                    'The cluster is known by its address %(host)s until the driver '
                    'starts again, as ONTAP does not say its UUID: %(err)s',
                    {'host': self._session.host, 'err': err},
                )
                self._cluster = self._session.host
        return self._cluster


def _may_pass(err: Exception) -> bool:
    """True if the same question may have an answer the next time."""
    return (
        isinstance(err, OntapRejectedError)
        and err.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    )


def _is_usable(record: JsonObject) -> bool:
    """True of a FlexVol that can be read and written; what is not told may be."""
    return record.get('state', 'online') == 'online' and record.get('type') in {
        None,
        'rw',
    }


def _is_root(record: JsonObject) -> bool:
    """True of an SVM's root volume, and of the load-sharing mirrors of one."""
    return bool(record.get('is_svm_root')) or record.get('type') == 'ls'


def _and_parents(path: str) -> list[str]:
    directories = [path]
    while path not in {'/', ''}:
        path = posixpath.dirname(path)
        directories.append(path)
    return directories
