"""Cached images as LUNs or NVMe namespaces of a FlexVol::

    /vol/FLEXVOL/img-cache-<image id>          the cached image; what it is
                                               stands in its comment
    /vol/FLEXVOL/eic-fill-<image id>-<random>  one being made; with ``.raw``
                                               and ``.lun``, what it is made of

A device without that comment, or whose comment is not sealed for this very
device, is no cached image, whatever its name. They are nobody's: outside any
project's quota, and in no list of volumes.

The last use stands in the comment, too; writing it costs a call, so that it is
written only when it is older than ten minutes.
"""

import contextlib
import datetime
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from oslo_log import log as logging

from eic_plugins import inspection
from eic_plugins.eviction import IN_USE_SECONDS, Usage
from eic_plugins.model import (
    CACHED_IMAGE_PREFIX,
    CachedImage,
    FlexVol,
    Image,
    Pool,
    StoredFile,
)
from eic_plugins.ontap.block import BLOCK, BlockDevice, BlockDevices
from eic_plugins.ontap.files import Files
from eic_plugins.ontap.image_files import FILE_SUFFIX
from eic_plugins.ontap.session import OntapError, OntapRejectedError
from eic_plugins.planner import GIB
from eic_plugins.storage import (
    FILL_PREFIX,
    Examine,
    Leftover,
    PoolStorage,
    Record,
    VolumeNotMadeError,
    image_is_gone,
    is_image_id,
)
from eic_plugins.storage.seals import Place, Seals

LOG = logging.getLogger(__name__)
_USE_SECONDS = 600.0

Attach = Callable[[StoredFile, BlockDevice], AbstractContextManager[Path]]
"""Connects a device to this host for as long as the context lasts."""


class BlockStorage(PoolStorage):
    """The LUNs, or the namespaces, of one FlexVol.

    :param attach: connects a device to this host
    :param clone_timeout: seconds that one FlexClone may take
    :param seals: of the comments
    :param files: files beside them, if LUNs are made of any
    """

    def __init__(self, pool: Pool, devices: BlockDevices, attach: Attach,
                 clone_timeout: float, seals: Seals,
                 clock: Callable[[], float] = time.time,
                 files: Files | None = None) -> None:
        self.pool = pool
        self._devices = devices
        self._attach = attach
        self._clone_timeout = clone_timeout
        self._seals = seals
        self._clock = clock
        self._files = files
        self._seen: dict[str, BlockDevice] = {}
        self._written: set[str] = set()

    def refresh(self) -> None:
        """ONTAP is asked each time."""

    def read(self, image_id: str) -> Record | None:
        """The record: one call."""
        found = self._find(image_id)
        record = self._record_of(found) if found else None
        if found is None or record is None:
            self._seen.pop(image_id, None)
            return None
        self._seen[image_id] = found
        return record

    def touch(self, image_id: str) -> bool:
        """Write the time of use, unless that was done lately: no call then,
        for this follows a look at the record.
        """
        found = self._seen.pop(image_id, None) or self._find(image_id)
        return self._write_use(found, _USE_SECONDS)

    def keep(self, image_id: str) -> None:
        """Often enough that no eviction takes it meanwhile."""
        self._write_use(self._find(image_id), IN_USE_SECONDS / 4)

    def _write_use(self, found: BlockDevice | None, older_than: float) -> bool:
        record = self._record_of(found) if found else None
        if found is None or record is None:
            return False
        now = self._clock()
        if now - last_use(found) > older_than:
            self._devices.modify(found, comment=format_comment(
                self._place(found, _image_id(found)), record, self._seals, now))
        return True

    def examine(self, name: str, expected_size: int,
                also: Examine | None, inspected: bool = False) -> int:
        """Its size; its bytes, too, if they come from neither this host, which
        inspected them when it wrote them, nor another cached image.
        """
        file = self.pool.file(name)
        found = self._devices.find(file)
        if found is None or not expected_size or found.size < expected_size:
            raise inspection.UnsafeImageError(
                f'{found.size if found else 0} bytes are there, the image has '
                f'{expected_size or "an unknown number"}')
        if inspected or name in self._written:
            looks = [also] if also else []
        else:
            _check_whole_blocks(found, expected_size)
            looks = [inspection.check_raw, *([also] if also else [])]
        if looks:
            with self._attach(file, found) as path:
                for look in looks:
                    look(path)
        return expected_size

    def prove(self, name: str, image: Image) -> None:
        """Refused: nothing that needs proof is in block pools.

        :raises NotTheImageError: always
        """
        raise inspection.NotTheImageError(f'{name} is nothing that is adopted')

    def cut(self, name: str, image: Image) -> None:
        """Refused: nothing longer than its image comes into block pools.

        :raises NotTheImageError: always
        """
        raise inspection.NotTheImageError(f'{name} is nothing that is cut')

    def make_volume(self, name: str, cached: CachedImage, size: int) -> None:
        """Clone the cached image, and let the clone grow."""
        try:
            device = self._devices.clone(cached.file, self.pool.file(name),
                                         self._clone_timeout)
            if device.size < size * GIB:
                self._devices.resize(device, size * GIB)
        except OntapError as err:
            self.remove_volume(name)
            raise VolumeNotMadeError(
                err, image_is_gone(cached, err, self._devices.find)) from err

    def publish(self, target: StoredFile, image: Image, record: Record) -> None:
        """Rename it and say what it is, with one call."""
        self._written.discard(target.name)
        device = self._devices.find(target)
        if device is None:
            raise OntapRejectedError(404, '4', f'{target.path} is gone')
        comment = format_comment(self._place(device, image.id), record,
                                 self._seals, self._clock())
        final = self.pool.file(image.cached_name)
        try:
            self._devices.rename(device, final, comment=comment)
        except OntapRejectedError:
            # Something has the name: stale, or never inspected.
            self.remove(final.path)
            self._devices.rename(device, final, comment=comment)

    def withdraw(self, image_id: str) -> None:
        """Take the comment away."""
        found = self._find(image_id)
        if found is not None:
            self._devices.modify(found, comment='')

    def withdraw_unused(self, usage: Usage) -> bool:
        """A clone that is made in between is whole: it needs its source for
        one moment only, in ONTAP.
        """
        found = self._find(usage.image_id)
        if found is None:
            return True
        if last_use(found) > usage.last_used:
            return False
        self._devices.modify(found, comment='')
        return True

    def remove_image(self, image_id: str) -> None:
        """Delete what has the cached image's name."""
        self.remove(CACHED_IMAGE_PREFIX + image_id)

    def remove(self, name: str) -> None:
        """Delete it; a copy that is still going on is cancelled by that."""
        self._remove(name, 'It is tried again with every cleaning.')

    def _remove(self, name: str, advice: str) -> None:
        self._written.discard(name)
        try:
            self._delete(self.pool.file(name))
        except OntapError as err:
            LOG.error('%(name)s is left in pool %(pool)s: %(err)s. %(advice)s',
                      {'name': name, 'pool': self.pool.name, 'err': err,
                       'advice': advice})

    def _delete(self, file: StoredFile) -> None:
        if self._files is not None and _is_fill_file(file.name):
            self._files.delete(file)
            return
        found = self._devices.find(file)
        if found is not None:
            self._devices.delete(found)

    def remove_volume(self, name: str) -> None:
        """Delete what was to become a volume."""
        self._remove(name, 'Cinder cannot make the volume while it is there. '
                           'Delete the volume through Cinder, which deletes '
                           'it, too.')

    def usages(self) -> Iterator[Usage]:
        """Everything with a cached image's name."""
        for usage, _record in self.held():
            yield usage

    def held(self) -> Iterator[tuple[Usage, Record | None]]:
        """One call, however many there are."""
        return map(self._held, self._cached())

    def held_of(self, image_id: str) -> tuple[Usage, Record | None] | None:
        """One call."""
        found = self._find(image_id)
        return self._held(found) if found else None

    def _held(self, device: BlockDevice) -> tuple[Usage, Record | None]:
        return (Usage(_image_id(device), last_use(device), device.size),
                self._record_of(device))

    def leftovers(self) -> Iterator[Leftover]:
        """Everything with a fill's name, idle since it was made; LUNs first,
        for a file cannot be deleted before a LUN of it.
        """
        for device in self._devices.list(self.pool.flexvol, f'{FILL_PREFIX}*'):
            yield from _leftover(device.name, device.created)
        if self._files is not None:
            for file in self._files.list(self.pool.flexvol,
                                         f'{FILL_PREFIX}*{FILE_SUFFIX}'):
                yield from _leftover(file.name, file.changed)

    def image_ids(self) -> Iterator[str]:
        """The images of everything that has a record."""
        for device in self._cached():
            if self._record_of(device) is not None:
                yield _image_id(device)

    def unrecorded(self, image_id: str) -> StoredFile | None:
        """Nothing: no stock driver makes such devices."""
        return None

    @contextlib.contextmanager
    def writable(self, name: str, size: int) -> Iterator[Path]:
        """A new device of that size, connected to this host.

        :raises UnsafeImageError: the size is not known, or what was written
            is no raw disk
        """
        if not size:
            raise inspection.UnsafeImageError('its size is not known')
        file = self.pool.file(name)
        device = self._devices.create(file, -(-size // BLOCK) * BLOCK)
        with self._attach(file, device) as path:
            yield path
            inspection.check_raw(path)
        self._written.add(name)

    def _cached(self) -> Sequence[BlockDevice]:
        return [device for device in self._devices.list(
                    self.pool.flexvol, f'{CACHED_IMAGE_PREFIX}*')
                if is_image_id(_image_id(device))]

    def _record_of(self, device: BlockDevice) -> Record | None:
        return record_of(device, self._place(device, _image_id(device)),
                         self._seals)

    def _place(self, device: BlockDevice, image_id: str) -> Place:
        return Place(self.pool.flexvol.uuid, device.uuid, image_id)

    def _find(self, image_id: str) -> BlockDevice | None:
        return self._devices.find(
            self.pool.file(CACHED_IMAGE_PREFIX + image_id))


def found_elsewhere(image: Image, flexvols: Sequence[FlexVol],
                    devices: BlockDevices,
                    seals: Seals) -> tuple[CachedImage, ...]:
    """Cached images of these bytes in these FlexVols of the SVM: one call."""
    by_uuid = {flexvol.uuid: flexvol for flexvol in flexvols}
    found = []
    for device in devices.named(image.cached_name) if flexvols else ():
        flexvol = by_uuid.get(device.flexvol_uuid)
        # Not in a qtree, where EIC puts none.
        if flexvol is None or device.name != image.cached_name:
            continue
        record = record_of(device, Place(flexvol.uuid, device.uuid, image.id),
                           seals)
        if record and record.identity == image.identity:
            found.append(CachedImage(
                StoredFile(flexvol, device.name), record.identity,
                record.virtual_size, record.signature))
    return tuple(found)


def record_of(device: BlockDevice, place: Place, seals: Seals) -> Record | None:
    """The record, if it is sealed for this device, which is large enough."""
    record = parse_comment(device.comment, place, seals)
    if record is None or device.size < record.virtual_size:
        return None
    return record


def _image_id(device: BlockDevice) -> str:
    return device.name.removeprefix(CACHED_IMAGE_PREFIX)


def _check_whole_blocks(device: BlockDevice, expected_size: int) -> None:
    """Of what nobody has written in the image's size, it must be that."""
    if device.size - expected_size >= BLOCK:
        raise inspection.UnsafeImageError(
            f'{device.size} bytes are there, the image has {expected_size}')


def _is_fill_file(name: str) -> bool:
    return name.startswith(FILL_PREFIX) and name.endswith(FILE_SUFFIX)


def _leftover(name: str, idle_since: str) -> Iterator[Leftover]:
    image_id = name.removeprefix(FILL_PREFIX).rpartition('-')[0]
    if is_image_id(image_id):
        yield Leftover(name, image_id, _seconds(idle_since))


def format_comment(place: Place, record: Record, seals: Seals,
                   used: float) -> str:
    """The record, sealed, and the time of the last use, as a comment."""
    return json.dumps({'eic': record.identity, 'size': record.virtual_size,
                       'sig': record.signature, 'used': int(used),
                       'seal': seals.make(place, record)},
                      separators=(',', ':'))


def parse_comment(comment: str, place: Place, seals: Seals) -> Record | None:
    """The record in a comment, None unless its seal holds for that place."""
    found = _parse(comment)
    identity, size, signature = (
        found.get(key) for key in ('eic', 'size', 'sig'))
    if not (isinstance(identity, str) and type(size) is int
            and isinstance(signature, str)):
        return None
    record = Record(identity, size, signature)
    return record if seals.holds(found.get('seal'), place, record) else None


def last_use(device: BlockDevice) -> float:
    """Seconds since the epoch; that of its making, without a record."""
    used = _parse(device.comment).get('used')
    return float(used) if isinstance(used, int) else _seconds(device.created)


def _parse(comment: str) -> dict[str, object]:
    try:
        found = json.loads(comment or '{}')
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _seconds(created: str) -> float:
    """ONTAP's time (ISO 8601); now, if it says none: nothing is swept then."""
    try:
        return datetime.datetime.fromisoformat(created).timestamp()
    except ValueError:
        return time.time()
