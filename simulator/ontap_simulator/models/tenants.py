"""SVMs and LIFs that are made, changed and deleted while the cluster runs.

They are beside those of the topology, which a request can change and not delete,
and are kept over restarts.
"""

import dataclasses
import threading
import uuid as uuids
from collections.abc import Callable

from ontap_simulator.errors.common import (
    DuplicateError,
    NoSuchEntryError,
    UnsupportedError,
)
from ontap_simulator.models.nodes import Node
from ontap_simulator.models.state import State
from ontap_simulator.models.svms import Lif, Svm
from ontap_simulator.records import Record, merge

_SVMS = 'svms'
_LIFS = 'lifs'


class Tenants:
    """The SVMs and LIFs of the cluster."""

    def __init__(
        self, state: State, svms: list[Svm], lifs: list[Lif], nodes: list[Node]
    ) -> None:
        self._state = state
        self._nodes = nodes
        self._lock = threading.RLock()
        self._first = ({svm.uuid: svm for svm in svms}, {lif.uuid: lif for lif in lifs})
        self._changed: Callable[[], None] = lambda: None
        self.svms = self._stored_svms(svms)
        self.lifs = self._stored_lifs(lifs)

    def watch(self, changed: Callable[[], None]) -> None:
        """Have that called after each change of an address."""
        self._changed = changed

    def create_svm(
        self, name: str, protocols: tuple[str, ...], ipspace: str, properties: Record
    ) -> Svm:
        """Make an SVM.

        :raises DuplicateError: there is one of that name
        """
        with self._lock:
            if any(svm.name == name for svm in self.svms):
                raise DuplicateError(f'SVM "{name}" exists.')
            svm = Svm(name, str(uuids.uuid4()), protocols, ipspace, properties)
            # In place: others hold the list.
            self.svms.append(svm)
            self._save()
        return svm

    def change_svm(self, svm: Svm, properties: Record) -> None:
        """Set some of what has no effect."""
        with self._lock:
            merge(svm.properties, properties)
            self._save()

    def delete_svm(self, svm: Svm) -> None:
        """Delete an SVM and its LIFs.

        :raises UnsupportedError: it is one of the topology's
        """
        if svm.uuid in self._first[0]:
            raise UnsupportedError('This simulator keeps the SVMs of its topology.')
        with self._lock:
            for lif in [lif for lif in self.lifs if lif.svm == svm]:
                self.lifs.remove(lif)
            self.svms.remove(svm)
            self._save()
        self._changed()

    def create_lif(self, name: str, address: str, svm: Svm, properties: Record) -> Lif:
        """Make a LIF. Nothing listens at its address.

        :raises DuplicateError: the SVM has one of that name, or at that address
        """
        with self._lock:
            if any(
                lif.svm.ipspace == svm.ipspace
                and (lif.address == address or (lif.svm, lif.name) == (svm, name))
                for lif in self.lifs
            ):
                raise DuplicateError(f'LIF "{name}" or its address exists.')
            lif = Lif(name, str(uuids.uuid4()), address, svm, self._nodes[0])
            merge(lif.properties, properties)
            self.lifs.append(lif)
            self._save()
        self._changed()
        return lif

    def change_lif(self, lif: Lif, properties: Record, name: str, address: str) -> None:
        """Set its name, its address, or what has no effect."""
        changed = dataclasses.replace(lif, name=name, address=address)
        with self._lock:
            merge(changed.properties, properties)
            self.lifs[self.lifs.index(lif)] = changed
            self._save()
        self._changed()

    def delete_lif(self, lif: Lif) -> None:
        """Delete a LIF.

        :raises UnsupportedError: it is one of the topology's
        """
        if lif.uuid in self._first[1]:
            raise UnsupportedError('This simulator keeps the LIFs of its topology.')
        with self._lock:
            if lif not in self.lifs:
                raise NoSuchEntryError('uuid')
            self.lifs.remove(lif)
            self._save()
        self._changed()

    def reset(self) -> None:
        """Have no other SVMs and LIFs than those of the topology."""
        svms, lifs = self._first
        with self._lock:
            self.svms[:] = list(svms.values())
            self.lifs[:] = list(lifs.values())
            for properties in [each.properties for each in self.svms] + [
                each.properties for each in self.lifs
            ]:
                properties.clear()
            self._save()
        self._changed()

    def _save(self) -> None:
        self._state.save(
            _SVMS,
            {
                svm.uuid: {
                    'name': svm.name,
                    'protocols': list(svm.protocols),
                    'ipspace': svm.ipspace,
                    'properties': svm.properties,
                }
                for svm in self.svms
                if svm.properties or svm.uuid not in self._first[0]
            },
        )
        self._state.save(
            _LIFS,
            {
                lif.uuid: {
                    'name': lif.name,
                    'address': lif.address,
                    'svm': lif.svm.uuid,
                    'properties': lif.properties,
                }
                for lif in self.lifs
                if lif != self._first[1].get(lif.uuid) or lif.properties
            },
        )

    def _stored_svms(self, configured: list[Svm]) -> list[Svm]:
        found = list(configured)
        for identifier, kept in self._state.load(_SVMS).items():
            if identifier in self._first[0]:
                merge(self._first[0][identifier].properties, kept['properties'])
            else:
                protocols = tuple(kept.pop('protocols'))
                found.append(Svm(uuid=identifier, protocols=protocols, **kept))
        return found

    def _stored_lifs(self, configured: list[Lif]) -> list[Lif]:
        found = {lif.uuid: lif for lif in configured}
        by_uuid = {svm.uuid: svm for svm in self.svms}
        for identifier, kept in self._state.load(_LIFS).items():
            svm = by_uuid.get(kept['svm'])
            if svm is not None:
                fields = {**kept, 'svm': svm}
                found[identifier] = Lif(uuid=identifier, node=self._nodes[0], **fields)
        return list(found.values())
