"""Tries on an ONTAP what EIC needs of LUNs and namespaces: for ``eic verify``.

Each trial does one thing to what its caller made for it, and says what happened.
"""

import dataclasses
from typing import Any

from eic_plugins.model import StoredObject
from eic_plugins.ontap import jobs
from eic_plugins.ontap.block import BlockDevice, BlockDevices, device_path
from eic_plugins.ontap.session import (
    RETURN_TIMEOUT,
    OntapRejectedError,
    OntapSession,
)
from eic_plugins.ontap.trials import Held, NothingMadeError
from eic_plugins.support.clock import SYSTEM, Clock

_SECONDS = 30.0
MOST_COMMENT = 254
"""Characters of a comment, by NetApp's reference."""
SPACE_ALLOCATION = 'scsi_thin_provisioning_support_enabled'


@dataclasses.dataclass(frozen=True)
class Shown:
    """What ONTAP shows of a device, beside what EIC asks for."""

    serial: str
    """Its serial number; a namespace has its uuid."""
    space_allocation: bool


@dataclasses.dataclass(frozen=True)
class DeviceTrials:
    """Tries things with the LUNs, or the namespaces, of one SVM.

    Each method raises :class:`~eic_plugins.ontap.session.OntapError` if the cluster
    does not answer, or refuses what it should do.
    """

    session: OntapSession
    devices: BlockDevices
    svm: str
    clock: Clock = SYSTEM

    @property
    def of_luns(self) -> bool:
        """True of LUNs, False of namespaces."""
        return self.devices.kind == 'luns'

    def clone(
        self,
        source: BlockDevice,
        destination: StoredObject,
        hold: bool,
        space_allocation: bool = False,
    ) -> Held:
        """FlexClone a device, and look at the answer's job.

        :param hold: whether ONTAP is to hold the answer until the work has ended
        """
        body: dict[str, Any] = {
            'svm': {'name': self.svm},
            'name': device_path(destination),
            'clone': {'source': {'uuid': source.uuid}},
        }
        if space_allocation:
            body['space'] = {SPACE_ALLOCATION: True}
        answer = self.session.post(
            self.devices.resource,
            body,
            return_timeout=RETURN_TIMEOUT if hold else 0,
        )
        job = jobs.job_uuid(answer)
        if job is None:
            return Held(True, None)
        try:
            jobs.wait(self.session, job, _SECONDS, self.clock)
        except jobs.JobUnknownError:
            self.await_device(destination)
            return Held(False, False)
        return Held(False, True)

    def shown(self, device: BlockDevice) -> Shown:
        """What ONTAP shows of it."""
        fields = 'uuid,space'
        if self.of_luns:
            fields += ',serial_number'
        path = f'{self.devices.resource}/{device.uuid}'
        record = self.session.get(path, fields=fields)
        return Shown(
            str(record.get('serial_number') or record['uuid']),
            bool(record.get('space', {}).get(SPACE_ALLOCATION)),
        )

    def rename(self, device: BlockDevice, to: StoredObject) -> bool:
        """Give it another name; False if ONTAP does not do that."""
        try:
            self.devices.modify(device, name=device_path(to))
        except OntapRejectedError:
            return False
        return True

    def await_device(self, destination: StoredObject) -> BlockDevice:
        """Wait for a device whose job nobody knows.

        :raises NothingMadeError: it does not come
        """
        for _ in jobs.looks(self.clock.monotonic() + _SECONDS / 3, self.clock):
            found = self.devices.find(destination)
            if found is not None:
                return found
        raise NothingMadeError(f'nothing came of {destination.path}')
