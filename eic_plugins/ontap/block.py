"""LUNs and NVMe namespaces on FlexVols: FlexClone, copy, name, resize, delete.

Facts (NetApp's REST reference, ``/storage/luns`` and ``/storage/namespaces``):
both have a path ``/vol/FLEXVOL/NAME`` and a ``comment`` of at most 254
characters; a clone (``clone.source``, by name or by uuid, both since 9.6) is
inside one FlexVol and takes no size. A copy (``copy.source``, ONTAP 9.10, LUNs
only) goes between FlexVols, is done in the background, shows its progress for
two minutes after its end, is cancelled by deleting its destination, and counts
among the cluster's 50 copies. LUNs can be renamed, and namespaces cannot be
(unified ONTAP, all releases from 9.6 to 9.19).
"""

import copy
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Self

from oslo_log import log as logging

from eic_plugins.model import FlexVol, StoredObject, VolumeProperties
from eic_plugins.ontap import copies, jobs
from eic_plugins.ontap.files import DestinationMissingError
from eic_plugins.ontap.session import (
    RETURN_TIMEOUT,
    JsonObject,
    OntapError,
    OntapRejectedError,
    OntapSession,
    OntapTimeoutError,
    OntapUnreachableError,
)
from eic_plugins.support.clock import SYSTEM, Clock

LOG = logging.getLogger(__name__)
_FIELDS = 'uuid,name,comment,os_type,space.size,create_time,location.volume'
_PROGRESS = 'copy.source.progress'
_BUSY = 'Device busy'
"""Of this error no code is documented; the stock driver knows it so, too."""
_ENDED = frozenset({'failed', 'reverting', 'paused_error'})
"""States of a copy that will not go on by itself."""
BLOCK = 4096
"""Devices are made of whole blocks of this many bytes."""
ROUNDING = 16 << 20
"""By fewer bytes than this a LUN may be larger than was asked for: ONTAP rounds up to
its geometry, whose cylinders have 255 * 63 sectors at most (8,225,280 bytes)."""


@dataclasses.dataclass(frozen=True)
class BlockDevice:
    """A LUN or a namespace as ONTAP describes it; ``size`` in bytes."""

    uuid: str
    name: str
    """Its path below ``/vol/FLEXVOL/``."""
    size: int
    comment: str
    created: str
    flexvol_uuid: str
    os_type: str = ''


@dataclasses.dataclass(frozen=True)
class BlockOptions:
    """How new ones are made: the backend's ``netapp_lun_*`` options.

    A clone that ONTAP refuses with "Device busy" is asked for again for
    ``busy_timeout`` seconds, each ``busy_interval``.
    """

    os_type: str = 'linux'
    space_reserved: bool = True
    busy_timeout: float = 30.0
    busy_interval: float = 3.0


class UncertainError(OntapError):
    """Whether work was done is not known, and nothing there can tell."""


class BlockDevices:
    """What is the same for LUNs and namespaces of one SVM."""

    resource: str
    """The REST collection."""
    kind: str
    """``luns`` or ``namespaces``."""
    _deletion: Mapping[str, str] = {}

    def __init__(
        self,
        session: OntapSession,
        svm: str,
        options: BlockOptions | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        self._session = session
        self._svm = svm
        self._options = options or BlockOptions()
        self._clock = clock
        self._copied: dict[str, BlockDevice] = {}

    def thin(self) -> Self:
        """The same, whose new devices have no space reserved, whatever the backend
        says.
        """
        found = copy.copy(self)
        found._options = dataclasses.replace(self._options, space_reserved=False)
        return found

    def take_copied(self, file: StoredObject) -> BlockDevice | None:
        """What the last look at a copy's end saw, once; no call."""
        return self._copied.pop(device_path(file), None)

    def find(self, file: StoredObject) -> BlockDevice | None:
        """The device, None if there is none."""
        devices = self._list(device_path(file))
        return devices[0] if devices else None

    def list(self, flexvol: FlexVol, *patterns: str) -> Sequence[BlockDevice]:
        """The devices of a FlexVol with names like one of the patterns."""
        return self._list(
            '|'.join(f'/vol/{flexvol.name}/{pattern}' for pattern in patterns)
        )

    def named(self, name: str) -> Sequence[BlockDevice]:
        """All devices of that base name in the FlexVols of the SVM."""
        return self._list(f'/vol/*/{name}')

    def used(self, flexvol: FlexVol, pattern: str) -> Mapping[str, int]:
        """The bytes that devices take in a FlexVol, by their names."""
        folder = f'/vol/{flexvol.name}/'
        records = self._session.records(
            self.resource,
            **{
                'svm.name': self._svm,
                'name': folder + pattern,
                'fields': 'name,space.used',
            },
        )
        return {
            str(record['name']).removeprefix(folder): int(record['space']['used'])
            for record in records
            if record.get('space', {}).get('used') is not None
        }

    def create(self, file: StoredObject, size: int) -> BlockDevice:
        """A new device of ``size`` bytes, thinly provisioned where the
        backend says so.
        """
        try:
            answer = self._session.post(
                self.resource,
                {
                    'svm': {'name': self._svm},
                    'name': device_path(file),
                    'os_type': self._options.os_type,
                    'space': {'size': size, **self._guarantee()},
                },
                return_timeout=RETURN_TIMEOUT,
                return_records='true',
            )
            self._finish(answer)
            return self._described(answer, file)
        except OntapError as err:
            if not _is_unsure(err):
                raise
            return self._expect(file, err, self._patience(err, RETURN_TIMEOUT))

    @property
    def os_type(self) -> str:
        """That of new devices; a clone or a copy has its source's."""
        return self._options.os_type

    def clone(
        self,
        source: StoredObject,
        destination: StoredObject,
        timeout: float,
        properties: VolumeProperties | None = None,
        judge: bool = True,
    ) -> BlockDevice:
        """FlexClone ``source``; the destination must not exist.

        The clone has the ``os_type`` of its source, and those of ``properties`` that
        devices of this kind have. A source with a ``uuid`` is cloned only if it is
        still that very device. ONTAP may say that it is busy, for example when many
        clones of one source are asked for at once: then it is asked again.

        :param timeout: seconds
        :param judge: whether what has the destination's name is taken for the
            clone, if ONTAP does not say how its work ended. Right where nothing
            else can have that name
        :raises UncertainError: it did not say, and nothing is to be taken for it
        :raises OntapError: there may be a destination all the same
        """
        interval = self._options.busy_interval or 1.0
        for _ in range(int(self._options.busy_timeout / interval)):
            try:
                return self._clone(source, destination, timeout, properties, judge)
            except OntapRejectedError as err:
                if _BUSY not in err.message:
                    raise
                LOG.debug('%s; it is asked again in %s s', err, interval)
            self._clock.sleep(interval)
        return self._clone(source, destination, timeout, properties, judge)

    def _clone(
        self,
        source: StoredObject,
        destination: StoredObject,
        timeout: float,
        properties: VolumeProperties | None,
        judge: bool,
    ) -> BlockDevice:
        body = {
            'svm': {'name': self._svm},
            'name': device_path(destination),
            'clone': {'source': _reference(source)},
            **self._clone_fields(properties or VolumeProperties()),
        }
        hold = min(RETURN_TIMEOUT, int(timeout))
        try:
            answer = self._session.post(
                self.resource,
                body,
                timeout,
                return_timeout=hold,
                return_records='true',
            )
            self._finish(answer, timeout)
            return self._described(answer, destination)
        except OntapError as err:
            if not _is_unsure(err):
                raise
            if not judge:
                raise UncertainError(str(err)) from err
            LOG.warning('%s; looking for the clone itself', err)
            return self._expect(destination, err, self._patience(err, timeout))

    def publish(
        self,
        device: BlockDevice,
        to: StoredObject,
        comment: Callable[[BlockDevice], str],
        timeout: float,
        free: bool,
    ) -> BlockDevice:
        """Have the device's bytes under another name in its FlexVol, with a comment.

        What has the new name has no comment, or this one.

        :param comment: of the device that is to have it, whose uuid may be new
        :param timeout: seconds that one FlexClone may take
        :param free: whether it is known that nothing has the new name
        :returns: the device that has the name
        :raises OntapRejectedError: also if something has the name
        :raises UncertainError: whether anything of it was done is not known;
            once more with a name that is free
        """
        raise NotImplementedError

    def modify(self, device: BlockDevice, **fields: Any) -> None:
        """PATCH a device: ``name``, ``comment``, ``space`` and the like."""
        path = f'{self.resource}/{device.uuid}'
        try:
            # Without return_timeout, releases from 9.16.1 on answer with a job.
            self._finish(
                self._session.patch(path, fields, return_timeout=RETURN_TIMEOUT)
            )
        except OntapError as err:
            # Only the device can tell whether it was done.
            def done() -> bool:
                return _has(self._session.get(path, fields=_FIELDS), fields)

            if not _is_unsure(err) or not self._sees(done, err):
                raise

    def resize(self, device: BlockDevice, size: int) -> None:
        """Set a device's size in bytes."""
        self.modify(device, space={'size': size})

    def delete(self, device: BlockDevice) -> None:
        """Delete a device; not an error if there is none.

        :raises OntapRejectedError: also if it is a LUN that is mapped. ONTAP would
            give its number to another LUN, while a host may still have its device
        """
        try:
            self._finish(
                self._session.delete(
                    f'{self.resource}/{device.uuid}',
                    **self._deletion,
                    return_timeout=RETURN_TIMEOUT,
                )
            )
        except jobs.JobUnknownError as err:

            def gone() -> bool:
                found = self.named(device.name)
                return all(other.uuid != device.uuid for other in found)

            if not self._sees(gone, err):
                raise
        except OntapRejectedError as err:
            if err.status != HTTPStatus.NOT_FOUND:
                raise

    def _list(self, names: str) -> Sequence[BlockDevice]:
        records = self._session.records(
            self.resource, **{'svm.name': self._svm, 'name': names, 'fields': _FIELDS}
        )
        return [_parse(record) for record in records]

    def _described(self, answer: JsonObject, file: StoredObject) -> BlockDevice:
        """What an answer tells of; looked for, if it does not tell."""
        records = answer.get('records') or ()
        if records and records[0].get('space', {}).get('size') is not None:
            return _parse(records[0])
        return self._expect(file, None)

    def _expect(
        self, file: StoredObject, cause: OntapError | None, deadline: float = 0.0
    ) -> BlockDevice:
        for _ in jobs.looks(deadline, self._clock):
            device = self.find(file)
            if device is not None:
                return device
        raise DestinationMissingError(
            f'nothing at {device_path(file)}: {cause}'
        ) from cause

    def _sees(self, done: Callable[[], bool], err: OntapError) -> bool:
        """Whether a short work of unknown end is done, by what it was to do."""
        until = self._patience(err, RETURN_TIMEOUT)
        return any(done() for _ in jobs.looks(until, self._clock))

    def _patience(self, err: OntapError, timeout: float) -> float:
        """Until when work of unknown end may still be done: if its job is not known,
        it may not have begun.
        """
        unknown = isinstance(err, jobs.JobUnknownError)
        return self._clock.monotonic() + (timeout if unknown else 0.0)

    def _guarantee(self) -> JsonObject:
        return {'guarantee': {'requested': self._options.space_reserved}}

    def _clone_fields(self, properties: VolumeProperties) -> JsonObject:
        """What a clone's request says of its properties."""
        return {}

    def _finish(self, answer: JsonObject, timeout: float = RETURN_TIMEOUT) -> None:
        uuid = jobs.job_uuid(answer)
        if uuid is not None:
            jobs.wait(self._session, uuid, timeout, self._clock)


class Luns(BlockDevices):
    """LUNs, for iSCSI and Fibre Channel."""

    resource = '/api/storage/luns'
    kind = 'luns'

    def _clone_fields(self, properties: VolumeProperties) -> JsonObject:
        """A clone has neither of its source's."""
        space = dict(self._guarantee())
        if properties.space_allocation:
            space['scsi_thin_provisioning_support_enabled'] = True
        if not properties.qos_policy:
            return {'space': space}
        return {'space': space, 'qos_policy': {'name': properties.qos_policy}}

    def copy(
        self,
        source: StoredObject,
        destination: StoredObject,
        timeout: float,
        throughput: int = 0,
        keep: Callable[[], None] = lambda: None,
    ) -> None:
        """Copy between FlexVols inside the cluster; blocks until it is done.

        Parameters and errors as :meth:`eic_plugins.ontap.files.Files.copy`.
        What came of it can be :meth:`taken <take_copied>` without a call.
        """
        ends: dict[str, Any] = dict(_reference(source))
        if throughput:
            ends['max_throughput'] = throughput
        body = {
            'svm': {'name': self._svm},
            'name': device_path(destination),
            'copy': {'source': ends},
        }
        deadline = self._clock.monotonic() + timeout
        try:
            answer = copies.start(
                lambda: self._session.post(
                    self.resource,
                    body,
                    deadline - self._clock.monotonic(),
                    return_timeout=RETURN_TIMEOUT,
                ),
                deadline,
                self._clock,
            )
            self._finish(answer, deadline - self._clock.monotonic())
        except OntapError as err:
            # Of work that nobody knows of, the destination tells as much.
            if isinstance(err, OntapUnreachableError) or not _is_unsure(err):
                raise
        self._wait_for_copy(
            destination, deadline, copies.Progress(destination, keep, self._clock)
        )

    def publish(
        self,
        device: BlockDevice,
        to: StoredObject,
        comment: Callable[[BlockDevice], str],
        timeout: float,
        free: bool,
    ) -> BlockDevice:
        """Rename it and say what it is, with one call."""
        text = comment(device)
        self.modify(device, name=device_path(to), comment=text)
        return dataclasses.replace(device, name=to.path, comment=text)

    def create_from_file(self, file: StoredObject, lun: StoredObject) -> None:
        """A LUN of a file's own bytes, which stays under both names.

        **Inferred, and never tried on a real ONTAP.** NetApp documents the command
        ``lun create -file-path``. It also documents that the file has to be in the
        LUN's FlexVol, and that it cannot be deleted before the LUN. It does not
        document that ``/private/cli`` of REST passes the command on with these
        parameters. No other call of the experiment is undocumented.
        """
        reserved = self._options.space_reserved
        self._session.post(
            '/api/private/cli/lun',
            {
                'vserver': self._svm,
                'path': device_path(lun),
                'file-path': device_path(file),
                'ostype': self._options.os_type,
                'space-reserve': 'enabled' if reserved else 'disabled',
            },
        )

    def _wait_for_copy(
        self,
        destination: StoredObject,
        deadline: float,
        still_running: Callable[[str], None],
    ) -> None:
        for _ in jobs.looks(deadline, self._clock):
            state, why, copied = self._copy_state(destination)
            if state == 'complete' and copied:
                self._copied[device_path(destination)] = copied
                return
            if state in _ENDED:
                raise OntapRejectedError(
                    HTTPStatus.OK, 'none', f'the copy failed: {why}'
                )
            still_running(state)
        raise OntapTimeoutError(
            f'the copy to {device_path(destination)} had not ended in time'
        )

    def _copy_state(
        self,
        destination: StoredObject,
    ) -> tuple[str, str, BlockDevice | None]:
        """The state of the copy, why it failed, and its destination.

        A copy whose progress is not shown is not known to be whole.
        """
        records = self._session.records(
            self.resource,
            **{
                'svm.name': self._svm,
                'name': device_path(destination),
                'fields': f'{_FIELDS},{_PROGRESS}',
            },
        )
        if not records:
            return 'failed', 'its destination is gone', None
        source = records[0].get('copy', {}).get('source', {})
        progress = source.get('progress')
        if not progress:
            return 'failed', 'ONTAP does not know of it', None
        why = progress.get('failure') or progress.get('last_failure') or {}
        return (
            str(progress.get('state')),
            str(why.get('message', '')),
            _parse(records[0]),
        )


class Namespaces(BlockDevices):
    """NVMe namespaces: ONTAP copies none between FlexVols."""

    resource = '/api/storage/namespaces'
    kind = 'namespaces'
    # The stock driver leaves each in a subsystem, without hosts. Hosts know
    # namespaces by their identifiers and not by numbers.
    _deletion: Mapping[str, str] = {'allow_delete_while_mapped': 'true'}

    def publish(
        self,
        device: BlockDevice,
        to: StoredObject,
        comment: Callable[[BlockDevice], str],
        timeout: float,
        free: bool,
    ) -> BlockDevice:
        """Clone it to the name, say what the clone is, and delete it.

        Namespaces have no other way to another name. Three calls.
        """
        source = dataclasses.replace(to, path=device.name, uuid=device.uuid)
        made = self.clone(source, to, timeout, judge=free)
        text = comment(made)
        try:
            self.modify(made, comment=text)
        except OntapError:
            self._discard(made)
            raise
        self._discard(device)
        return dataclasses.replace(made, comment=text)

    def _discard(self, device: BlockDevice) -> None:
        """Delete it; if that fails, it is left over, and known by its name."""
        try:
            self.delete(device)
        except OntapError as err:
            LOG.warning(
                '%(name)s is left: %(err)s. It is tried again with every cleaning.',
                {'name': device.name, 'err': err},
            )

    def copy(
        self,
        source: StoredObject,
        destination: StoredObject,
        timeout: float,
        throughput: int = 0,
        keep: Callable[[], None] = lambda: None,
    ) -> None:
        """Refused: there is no such call."""
        raise OntapRejectedError(
            HTTPStatus.BAD_REQUEST,
            'none',
            'ONTAP copies no NVMe namespace between FlexVols',
        )


def device_path(file: StoredObject) -> str:
    """``/vol/FLEXVOL/NAME``."""
    return f'/vol/{file.flexvol.name}/{file.path}'


def _reference(source: StoredObject) -> dict[str, str]:
    """A clone's or a copy's source: what was seen, or else what is there."""
    if source.uuid:
        return {'uuid': source.uuid}
    return {'name': device_path(source)}


def _is_unsure(err: OntapError) -> bool:
    """True if the work may be done, for all that the error says."""
    if isinstance(err, OntapRejectedError):
        return err.unsure
    return isinstance(err, jobs.JobUnknownError | OntapUnreachableError)


def _has(record: JsonObject, fields: JsonObject) -> bool:
    """Whether a device is what a PATCH was to make of it."""
    return all(
        _has(record.get(name, {}), value)
        if isinstance(value, dict)
        else record.get(name, '') == value
        for name, value in fields.items()
    )


def _parse(record: JsonObject) -> BlockDevice:
    # /vol/FLEXVOL/NAME, maybe with a qtree in between
    _, _, rest = str(record['name']).partition('/vol/')
    return BlockDevice(
        str(record['uuid']),
        rest.partition('/')[2],
        int(record.get('space', {}).get('size', 0)),
        str(record.get('comment') or ''),
        str(record.get('create_time') or ''),
        str(record.get('location', {}).get('volume', {}).get('uuid', '')),
        str(record.get('os_type') or ''),
    )
