"""Cached images as LUNs or NVMe namespaces of a FlexVol::

    /vol/FLEXVOL/img-cache-<image id>          the cached image; what it is
                                               stands in its comment
    /vol/FLEXVOL/eic-fill-<image id>-<random>  one being made; with ``.raw``
                                               and ``.lun``, what it is made of

A device without that comment, or whose comment is not sealed for this very
device, is no cached image, whatever its name. They are nobody's: outside any
project's quota, and in no list of volumes.

A device that was seen is cloned by its uuid, without another look
(:mod:`eic_plugins.storage.seen`). The last use stands in the comment, too. No
volume waits for it to be written: that is done once a minute, if what stands
there is older than ten minutes. From then on the comment says that there was a
second use; before, it has served one volume at most, as far as is known.
"""

import contextlib
import dataclasses
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from http import HTTPStatus
from pathlib import Path

from oslo_log import log as logging
from oslo_utils import units

from eic_plugins.model import (
    CACHED_IMAGE_PREFIX,
    CachedImage,
    FlexVol,
    Image,
    Pool,
    StoredObject,
    VolumeProperties,
)
from eic_plugins.ontap.block import (
    BLOCK,
    ROUNDING,
    BlockDevice,
    BlockDevices,
    UncertainError,
)
from eic_plugins.ontap.files import Files
from eic_plugins.ontap.luns_of_files import FILE_SUFFIX
from eic_plugins.ontap.session import (
    OntapBusyError,
    OntapError,
    OntapForbiddenError,
    OntapRejectedError,
)
from eic_plugins.storage import inspection
from eic_plugins.storage.block_records import (
    format_comment,
    image_id_of,
    last_use,
    record_of,
    time_of,
    used_again,
)
from eic_plugins.storage.eviction import IN_USE_SECONDS, Usage
from eic_plugins.storage.interface import (
    CannotGrowError,
    Examine,
    GrowthForbiddenError,
    Leftover,
    PoolStorage,
    Record,
    VolumeNotMadeError,
)
from eic_plugins.storage.names import FILL_PREFIX, is_image_id
from eic_plugins.storage.seals import Place, Seals
from eic_plugins.storage.seen import SeenDevice, SeenDevices
from eic_plugins.support.clock import SYSTEM, Clock

LOG = logging.getLogger(__name__)
_USE_SECONDS = 600.0
_WRITING_SECONDS = 120.0
"""Twice as long as between two times of writing uses."""
_TOO_LARGE = frozenset({'5374125', '72089724'})
"""ONTAP's codes of a LUN's and of a namespace's size."""

Attach = Callable[[StoredObject, BlockDevice], AbstractContextManager[Path]]
"""Connects a device to this host for as long as the context lasts."""

Release = Callable[[StoredObject, BlockDevice], bool]
"""Disconnects a device from this host; whether that was done."""


class BlockStorage(PoolStorage):
    """The LUNs, or the namespaces, of one FlexVol.

    :param attach: connects a device to this host
    :param clone_timeout: seconds that one FlexClone may take
    :param seals: of the comments
    :param files: files beside them, if LUNs are made of any
    :param release: disconnects what cannot be deleted, if it is connected here
    :param seen: what the backend has seen of its pools' devices
    """

    remembers = True
    use_delay = _USE_SECONDS + _WRITING_SECONDS

    def __init__(
        self,
        pool: Pool,
        devices: BlockDevices,
        attach: Attach,
        clone_timeout: float,
        seals: Seals,
        clock: Clock = SYSTEM,
        files: Files | None = None,
        seen: SeenDevices | None = None,
        release: Release = lambda _file, _device: False,
    ) -> None:
        self.pool = pool
        self.kind = devices.kind
        self._devices = devices
        self._attach = attach
        self._clone_timeout = clone_timeout
        self._seals = seals
        self._clock = clock
        self._files = files
        self._release = release
        self._seen = seen or SeenDevices(devices)
        self._limits: dict[str, tuple[int, float]] = {}
        """Sizes that clones of devices could not grow to, and since when."""
        self._made: dict[str, BlockDevice] = {}
        """What this host has written, until it has its final name."""

    def refresh(self, image_id: str = '') -> None:
        """One call, which sees the image in all pools; :meth:`held` and
        :meth:`image_ids` look anyway.
        """
        if image_id:
            self._seen.look(image_id)

    def read(self, image_id: str) -> Record | None:
        """The record: no call if it was seen before, otherwise one."""
        record = self.recall(image_id)
        if record is None:
            self.refresh(image_id)
            record = self.recall(image_id)
        return record

    def recall(self, image_id: str) -> Record | None:
        """The record, if it was seen; no call."""
        seen = self._seen.get(self.pool.flexvol, image_id)
        return self._record_of(seen.device) if seen else None

    def touch(self, image_id: str) -> bool:
        """Remember the time of use: no call."""
        return self._seen.use(self.pool.flexvol, image_id, self._clock.time())

    def keep(self, image_id: str) -> None:
        """Write it often enough that no eviction takes the image meanwhile."""
        self.read(image_id)
        self.touch(image_id)
        seen = self._seen.get(self.pool.flexvol, image_id)
        if seen is not None:
            self._write_use(seen, IN_USE_SECONDS / 4)

    def write_uses(self) -> int:
        """At most one call for each cached image in ten minutes."""
        return sum(
            self._write_use(seen, _USE_SECONDS)
            for seen in self._seen.unwritten(self.pool.flexvol)
        )

    def _write_use(self, seen: SeenDevice, older_than: float) -> bool:
        device, record = seen.device, self._record_of(seen.device)
        if record is None or seen.used - last_use(device) <= older_than:
            return False
        comment = format_comment(
            self._place(device, image_id_of(device)),
            record,
            self._seals,
            seen.used,
            again=True,
        )
        try:
            self._devices.modify(device, comment=comment)
        except OntapRejectedError as err:
            if err.status != HTTPStatus.NOT_FOUND:
                raise
            self._forget(device)
            return False
        self._seen.written(dataclasses.replace(device, comment=comment), seen.used)
        return True

    def examine(
        self,
        name: str,
        expected_size: int,
        also: Examine | None,
        inspected: bool = False,
    ) -> int:
        """Its size; its bytes, too, if they come from neither this host, which
        inspected them when it wrote them, nor another cached image.
        """
        file = self.pool.stored(name)
        written = name in self._made
        found = self._made_as(file)
        if found is None or not expected_size or found.size < expected_size:
            raise inspection.UnsafeImageError(
                f'{found.size if found else 0} bytes are there, the image has '
                f'{expected_size or "an unknown number"}'
            )
        self._made[name] = found
        if inspected or written:
            looks = [also] if also else []
        else:
            _check_size(found, expected_size)
            looks = [
                inspection.check_raw,
                lambda path: inspection.check_zeros_from(path, expected_size),
                *([also] if also else []),
            ]
        if looks:
            with self._attach(file, found) as path:
                for look in looks:
                    look(path)
        return expected_size

    def make_volume(
        self, name: str, cached: CachedImage, size: int, properties: VolumeProperties
    ) -> None:
        """Clone the cached image that was seen, and let the clone grow: one
        call if it has the volume's size, otherwise two.
        """
        try:
            self._check_limit(cached, size * units.Gi)
        except CannotGrowError as err:
            raise VolumeNotMadeError(err, image_is_gone=False) from err
        try:
            device = self._devices.clone(
                cached.stored, self.pool.stored(name), self._clone_timeout, properties
            )
            self._grow(device, cached, size * units.Gi)
        except OntapError as err:
            self.remove_volume(name)
            raise VolumeNotMadeError(err, self._is_gone(cached, err)) from err

    def _grow(self, device: BlockDevice, cached: CachedImage, wanted: int) -> None:
        # ONTAP may have rounded the cached image up, as it does any LUN of that size.
        if not cached.virtual_size <= device.size < wanted + ROUNDING:
            raise OntapError(
                f'the clone has {device.size} bytes, the image '
                f'{cached.virtual_size}, the volume {wanted}'
            )
        if device.size >= wanted:
            return
        try:
            self._devices.resize(device, wanted)
        except OntapForbiddenError as err:
            raise GrowthForbiddenError(err.status, err.code, err.message) from err
        except OntapRejectedError as err:
            if err.code not in _TOO_LARGE:
                raise
            self._limits[cached.stored.uuid] = wanted, self._clock.time()
            raise CannotGrowError(str(err)) from err

    def _check_limit(self, cached: CachedImage, wanted: int) -> None:
        """What could not grow so far lately is not tried again."""
        limit, since = self._limits.get(cached.stored.uuid, (wanted + 1, 0.0))
        if wanted >= limit and self._clock.time() - since < _USE_SECONDS:
            raise CannotGrowError(f'it could not grow to {limit} bytes before')

    def _is_gone(self, cached: CachedImage, err: OntapError) -> bool:
        """True if a clone failed because what was seen is not there any more,
        even if something else has its name by now.
        """
        if not isinstance(err, OntapRejectedError) or isinstance(err, OntapBusyError):
            return False
        try:
            found = self._devices.find(cached.stored)
        except OntapError:
            return False
        return found is None or cached.stored.uuid not in {'', found.uuid}

    def publish(self, target: StoredObject, image: Image, record: Record) -> Record:
        """Have it under the cached image's name, with its record."""
        device = self._made_as(target)
        self._made.pop(target.name, None)
        if device is None:
            raise OntapRejectedError(
                HTTPStatus.NOT_FOUND, '4', f'{target.path} is gone'
            )
        try:
            published = self._publish(device, image, record, free=False)
        except (OntapBusyError, OntapForbiddenError):
            raise
        except (OntapRejectedError, UncertainError):
            # Something has the name: of another host that was faster, or stale, or
            # never inspected.
            found = self._find(image.id)
            if found is not None and self._is_as_good(found, record):
                self.remove(target.name)
                published = found
            else:
                self._clear(found)
                published = self._publish(device, image, record, free=True)
        self._seen.put(published)
        return dataclasses.replace(record, uuid=published.uuid)

    def _publish(
        self, device: BlockDevice, image: Image, record: Record, free: bool
    ) -> BlockDevice:
        return self._devices.publish(
            device,
            self.pool.stored(image.cached_name),
            lambda named: format_comment(
                self._place(named, image.id), record, self._seals, self._clock.time()
            ),
            self._clone_timeout,
            free,
        )

    def _is_as_good(self, found: BlockDevice, record: Record) -> bool:
        """True of a cached image of the same bytes that volumes can be cloned from."""
        return self._seen.serves(found) and self._record_of(found) == record

    def _clear(self, found: BlockDevice | None) -> None:
        if found is not None:
            self._devices.delete(found)

    def _made_as(self, file: StoredObject) -> BlockDevice | None:
        """What a fill has just made there: known, or one call."""
        return (
            self._made.get(file.name)
            or self._devices.take_copied(file)
            or self._devices.find(file)
        )

    def withdraw(self, image_id: str) -> None:
        """Forget what was seen; take its comment away if it is there."""
        seen = self._seen.get(self.pool.flexvol, image_id)
        self._seen.forget(self.pool.flexvol, image_id)
        found = self._find(image_id)
        if found is not None and (seen is None or seen.device.uuid == found.uuid):
            self._devices.modify(found, comment='')

    def withdraw_unused(self, usage: Usage) -> bool:
        """Who remembers it on another host may clone it until it is deleted:
        by its uuid, so that the clone is whole or is not made.
        """
        found = self._find(usage.image_id)
        if found is None:
            return True
        if self._last_use(found) > usage.last_used:
            return False
        self._devices.modify(found, comment='')
        self._forget(found)
        return True

    def remove_image(self, image_id: str) -> None:
        """Delete what has the cached image's name."""
        self.remove(CACHED_IMAGE_PREFIX + image_id)

    def remove(self, name: str) -> None:
        """Delete it; a copy that is still going on is cancelled by that."""
        self._remove(name, 'It is tried again with every cleaning.')

    def _remove(self, name: str, advice: str) -> None:
        self._made.pop(name, None)
        try:
            self._delete(self.pool.stored(name))
        except (OntapError, OSError) as err:
            LOG.error(
                '%(name)s is left in pool %(pool)s: %(err)s. %(advice)s',
                {'name': name, 'pool': self.pool.name, 'err': err, 'advice': advice},
            )

    def _delete(self, file: StoredObject) -> None:
        if self._files is not None and _is_fill_file(file.name):
            self._files.delete(file)
            return
        found = self._devices.find(file)
        if found is None:
            return
        try:
            self._devices.delete(found)
        except OntapRejectedError:
            if not (file.name.startswith(FILL_PREFIX) and self._release(file, found)):
                raise
            self._devices.delete(found)

    def remove_volume(self, name: str) -> None:
        """Delete what was to become a volume."""
        self._remove(
            name,
            'Cinder cannot make the volume while it is there. '
            'Delete the volume through Cinder, which deletes '
            'it, too.',
        )

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
        used, record = self._last_use(device), self._record_of(device)
        once = (
            record is not None and not used_again(device) and used == last_use(device)
        )
        return Usage(image_id_of(device), used, device.size, device.size, once), record

    @contextlib.contextmanager
    def readable(self, image_id: str) -> Iterator[int]:
        """A clone of the device, connected to this host: as long as that is so, the
        cached image itself can be cloned and evicted by whoever does not wait.
        """
        name = f'{FILL_PREFIX}{image_id}-{secrets.token_hex(4)}'
        file = self.pool.stored(name)
        try:
            device = self._devices.thin().clone(
                self.pool.stored(CACHED_IMAGE_PREFIX + image_id),
                file,
                self._clone_timeout,
            )
            with (
                self._attach(file, device) as path,
                path.open('rb', buffering=0) as stream,
            ):
                yield stream.fileno()
        finally:
            self.remove(name)

    def leftovers(self) -> Iterator[Leftover]:
        """Everything with a fill's name, or with a cached image's and no comment,
        idle since it was made; LUNs first, for a file cannot be deleted before a
        LUN of it.
        """
        for device in self._devices.list(
            self.pool.flexvol, f'{FILL_PREFIX}*', f'{CACHED_IMAGE_PREFIX}*'
        ):
            yield from _left(device)
        if self._files is not None:
            for file in self._files.list(
                self.pool.flexvol, f'{FILL_PREFIX}*{FILE_SUFFIX}'
            ):
                yield from _leftover(file.name, file.changed)

    def image_ids(self) -> Iterator[str]:
        """The images of everything that has a record."""
        for device in self._cached():
            if self._record_of(device) is not None:
                yield image_id_of(device)

    @contextlib.contextmanager
    def writable(self, name: str, size: int) -> Iterator[Path]:
        """A new device of that size, connected to this host.

        :raises UnsafeImageError: the size is not known, or what was written
            is no raw disk
        """
        if not size:
            raise inspection.UnsafeImageError('its size is not known')
        file = self.pool.stored(name)
        device = self._devices.create(file, -(-size // BLOCK) * BLOCK)
        with self._attach(file, device) as path:
            yield path
            inspection.check_raw(path)
        self._made[name] = device

    def _cached(self) -> Sequence[BlockDevice]:
        return [
            device
            for device in self._seen.look_over(self.pool.flexvol)
            if is_image_id(image_id_of(device))
        ]

    def _record_of(self, device: BlockDevice) -> Record | None:
        return record_of(device, self._place(device, image_id_of(device)), self._seals)

    def _place(self, device: BlockDevice, image_id: str) -> Place:
        return Place(self.pool.flexvol.uuid, device.uuid, image_id)

    def _last_use(self, device: BlockDevice) -> float:
        """What stands there, or what this host has not written yet."""
        seen = self._seen.get(self.pool.flexvol, image_id_of(device))
        same = seen is not None and seen.device.uuid == device.uuid
        return max(last_use(device), seen.used if same and seen else 0.0)

    def _forget(self, device: BlockDevice) -> None:
        self._seen.forget(self.pool.flexvol, image_id_of(device))

    def _find(self, image_id: str) -> BlockDevice | None:
        return self._devices.find(self.pool.stored(CACHED_IMAGE_PREFIX + image_id))


def found_elsewhere(
    image: Image, flexvols: Sequence[FlexVol], seen: SeenDevices, seals: Seals
) -> tuple[CachedImage, ...]:
    """Cached images of these bytes in these FlexVols of the SVM, as the last
    look saw them: no call.
    """
    by_uuid = {flexvol.uuid: flexvol for flexvol in flexvols}
    found = []
    for device in seen.everywhere(image.id):
        flexvol = by_uuid.get(device.flexvol_uuid)
        if flexvol is None:
            continue
        record = record_of(device, Place(flexvol.uuid, device.uuid, image.id), seals)
        if record and record.identity == image.identity:
            found.append(
                CachedImage(
                    StoredObject(flexvol, device.name, uuid=device.uuid),
                    record.identity,
                    record.virtual_size,
                    record.signature,
                )
            )
    return tuple(found)


def _check_size(device: BlockDevice, expected_size: int) -> None:
    """Of what nobody has written in the image's size, it must be that: in whole
    blocks, or as ONTAP rounds up a LUN of a file.
    """
    if device.size - expected_size >= ROUNDING:
        raise inspection.UnsafeImageError(
            f'{device.size} bytes are there, the image has {expected_size}'
        )


def _is_fill_file(name: str) -> bool:
    return name.startswith(FILL_PREFIX) and name.endswith(FILE_SUFFIX)


def _left(device: BlockDevice) -> Iterator[Leftover]:
    if device.name.startswith(FILL_PREFIX):
        yield from _leftover(device.name, device.created)
    elif not device.comment and is_image_id(image_id_of(device)):
        # Its record is written last, and taken away first.
        yield Leftover(device.name, image_id_of(device), time_of(device.created))


def _leftover(name: str, idle_since: str) -> Iterator[Leftover]:
    image_id = name.removeprefix(FILL_PREFIX).rpartition('-')[0]
    if is_image_id(image_id):
        yield Leftover(name, image_id, time_of(idle_since))
