"""What can be done with LUNs and namespaces; only the error codes differ."""

import contextlib
import dataclasses
import errno
import os
from collections.abc import Callable
from typing import Any, Protocol

from ontap_simulator.errors.block import (
    CLONE_EXISTS,
    CLONE_FAILED,
    CLONE_TO_OTHER_VOLUME,
    COPY_DESTINATION_BUSY,
    LUN_OS_TYPE,
    NAMESPACE_BLOCKS,
    SAME_SIZE,
    BlockError,
)
from ontap_simulator.errors.block_codes import LUN, NAMESPACE, BlockCodes
from ontap_simulator.errors.common import InvalidValueError, UnsupportedError
from ontap_simulator.faults import Faults
from ontap_simulator.models.block import BlockObject, Place, new_serial_number
from ontap_simulator.models.block_requests import SMALLEST
from ontap_simulator.models.block_store import BlockStore
from ontap_simulator.models.clock import Clock
from ontap_simulator.models.files import check_not_full, file_errors
from ontap_simulator.models.lun_moves import LunMoves

LUN_BLOCK = 512
NAMESPACE_BLOCK = 4096
_MODE = 0o660


class Fabric(Protocol):
    """Who knows which hosts see a LUN or a namespace."""

    def is_mapped(self, identifier: str) -> bool:
        """Whether any host does."""

    def unmap(self, identifier: str) -> None:
        """Take it away from all of them."""


class BlockObjects:
    """The LUNs, or the namespaces, of the cluster."""

    def __init__(
        self,
        codes: BlockCodes,
        store: BlockStore,
        fabric: Fabric,
        faults: Faults,
        clock: Clock,
        count_clone: Callable[[str], None],
        rounded: Callable[[int], int] = lambda size: size,
    ) -> None:
        self.codes = codes
        self.store = store
        self.fabric = fabric
        self._faults = faults
        self._clock = clock
        self._count_clone = count_clone
        self._rounded = rounded
        self.moves = LunMoves(clock)

    def all(self) -> list[BlockObject]:
        """Every one of them, by name."""
        return self.store.all(self.codes.noun)

    def get(self, identifier: str) -> BlockObject:
        """One of them, by UUID."""
        return self.store.get(identifier, self.codes)

    def create(self, place: Place, new: BlockObject) -> BlockObject:
        """Make an empty one, without a single block; maybe larger than ``new``."""
        new = dataclasses.replace(new, size=self._rounded(new.size))
        with file_errors(place.path):
            try:
                check_not_full(self._faults, place.volume)
                place.volume.directory.create_sparse(place.path, new.size, _MODE)
            except FileExistsError as err:
                raise self._exists(place) from err
        self.store.put(new)
        return new

    def create_from_file(
        self, place: Place, file: Place, new: BlockObject
    ) -> BlockObject:
        """Make one out of a file. The file keeps its name, too.

        :raises BlockError: the file is a LUN or namespace already, or its size is
            no multiple of the block size
        """
        if file.volume != place.volume:
            raise InvalidValueError('file-path', file.name)
        with file_errors(file.path), file.volume.directory.open(file.path) as data:
            size = os.fstat(data).st_size
        if size < SMALLEST or size % new.block_size:
            raise BlockError(
                self.codes.bad_size,
                f'A file of {size} bytes has no '
                f'whole blocks of {new.block_size} bytes.',
            )
        if self.store.at(file.volume, file.path):
            raise self._exists(file)
        if place.path != file.path:
            self._link(place, file)
        new = dataclasses.replace(new, size=self._rounded(size))
        with place.volume.directory.writable(place.path) as data:
            os.ftruncate(data, new.size)
        self.store.put(new)
        return new

    def clone(self, place: Place, source: BlockObject, new: BlockObject) -> BlockObject:
        """FlexClone: the same blocks under a second name, in constant time.

        :raises BlockError: another volume, a name in use, or no space
        """
        self._check_same_volume(place, source)
        self._check_not_busy()
        try:
            check_not_full(self._faults, place.volume)
            place.volume.directory.clone(source.path, place.path, overwrite=False)
        except FileExistsError as err:
            raise BlockError(
                CLONE_EXISTS,
                f'The clone destination "{place.name}" exists already.',
                'name',
            ) from err
        except OSError as err:
            raise self._clone_failed(err) from err
        self.store.put(new)
        self._count_clone(self.codes.noun)
        return new

    def overwrite(self, found: BlockObject, source: BlockObject) -> BlockObject:
        """Give it the data of another one; its identity stays."""
        volume = self.store.volume(found)
        self._check_same_volume(Place(volume, found.path), source)
        self._check_not_busy()
        try:
            check_not_full(self._faults, volume)
            volume.directory.refill(source.path, found.path)
        except OSError as err:
            raise self._clone_failed(err) from err
        self._count_clone(self.codes.noun)
        return self.change(found, size=source.size, os_type=source.os_type)

    def rename(self, found: BlockObject, place: Place) -> BlockObject:
        """Another name. A LUN may move to another FlexVol with it.

        :raises BlockError: the name is in use
        :raises UnsupportedError: a namespace would be in another FlexVol
        """
        volume = self.store.volume(found)
        if place.volume != volume and self.codes is not LUN:
            raise UnsupportedError('A namespace stays in its volume.', target='name')
        with file_errors(found.path):
            try:
                volume.directory.move(found.path, place.volume.directory, place.path)
            except FileExistsError as err:
                raise BlockError(
                    self.codes.rename_exists, f'"{place.name}" exists already.', 'name'
                ) from err
        moved = self.change(found, path=place.path, volume=place.volume.name)
        if place.volume != volume:
            self.moves.note(moved, found.name)
        return moved

    def resize(self, found: BlockObject, size: int) -> BlockObject:
        """Grow it; the new blocks are empty.

        :raises BlockError: it is larger already; a LUN, also if it has that size
        """
        size = self._rounded(size)
        if size < found.size:
            raise BlockError(
                self.codes.shrinks, 'It cannot be made smaller.', 'space.size'
            )
        if size == found.size and self.codes is LUN:
            raise BlockError(SAME_SIZE, 'It has that size already.', 'space.size')
        volume = self.store.volume(found)
        with file_errors(found.path), volume.directory.writable(found.path) as file:
            os.ftruncate(file, size)
        return self.change(found, size=size)

    def change(self, found: BlockObject, **fields: Any) -> BlockObject:
        """Set some of its properties."""
        return self.store.update(found, **fields)

    def delete(
        self,
        found: BlockObject,
        even_if_mapped: bool,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        """Delete it with its data.

        :param before: called last, when it is sure that it can be deleted
        :raises BlockError: hosts see it, and ``even_if_mapped`` is not set
        """
        if self.fabric.is_mapped(found.uuid):
            if not even_if_mapped:
                raise BlockError(self.codes.mapped, f'"{found.name}" is mapped.')
            self.fabric.unmap(found.uuid)
        before()
        with contextlib.suppress(FileNotFoundError):
            self.store.volume(found).directory.delete(found.path)
        self.store.remove(found.uuid)

    def convert(
        self, source: BlockObject, identifier: str, mapped: bool
    ) -> BlockObject:
        """Turn a LUN into a namespace, or the other way round, in place.

        :param mapped: whether hosts see the source
        :raises BlockError: they do, or this source cannot be converted
        """
        if mapped:
            raise BlockError(self.codes.convert_mapped, f'"{source.name}" is mapped.')
        self._check_convertible(source)
        is_lun = self.codes is LUN
        new = dataclasses.replace(
            source,
            uuid=identifier,
            kind=self.codes.noun,
            serial_number=new_serial_number(identifier) if is_lun else '',
            block_size=LUN_BLOCK,
        )
        self.store.put(new)
        self.store.remove(source.uuid)
        return new

    def new(self, identifier: str, place: Place, **fields: Any) -> BlockObject:
        """What a new one is, nothing being made yet."""
        is_lun = self.codes is LUN
        return BlockObject(
            **{
                'uuid': identifier,
                'kind': self.codes.noun,
                'svm': place.volume.svm.name,
                'volume': place.volume.name,
                'path': place.path,
                'created': self._clock.time(),
                'block_size': LUN_BLOCK if is_lun else NAMESPACE_BLOCK,
                'serial_number': new_serial_number(identifier) if is_lun else '',
                **fields,
            }
        )

    def check_not_being_filled(self, found: BlockObject) -> None:
        """Refuse what a copy in progress does not allow."""
        if found.copying:
            raise BlockError(
                COPY_DESTINATION_BUSY, f'"{found.name}" is the destination of a copy.'
            )

    def _check_convertible(self, source: BlockObject) -> None:
        if self.codes is LUN and source.block_size != LUN_BLOCK:
            raise BlockError(
                NAMESPACE_BLOCKS,
                'A namespace with blocks of '
                f'{source.block_size} bytes cannot become a LUN.',
            )
        if self.codes is NAMESPACE and source.os_type not in NAMESPACE.os_types:
            raise BlockError(
                LUN_OS_TYPE, f'A LUN for {source.os_type} cannot become a namespace.'
            )

    def _check_not_busy(self) -> None:
        if self._faults.device_busy():
            raise BlockError(
                CLONE_FAILED,
                f'The {self.codes.noun} clone request failed: Device busy.',
            )

    def _check_same_volume(self, place: Place, source: BlockObject) -> None:
        if place.volume != self.store.volume(source):
            raise BlockError(
                CLONE_TO_OTHER_VOLUME,
                'A clone is in the volume of its source.',
                'clone.source',
            )

    def _link(self, place: Place, file: Place) -> None:
        with file_errors(place.path):
            try:
                place.volume.directory.link(file.path, place.path)
            except FileExistsError as err:
                raise self._exists(place) from err

    def _exists(self, place: Place) -> BlockError:
        return BlockError(
            self.codes.exists,
            f'A LUN or NVMe namespace exists at "{place.name}" already.',
            'name',
        )

    def _clone_failed(self, err: OSError) -> BlockError:
        reason = os.strerror(err.errno or errno.EIO)
        return BlockError(
            CLONE_FAILED, f'The {self.codes.noun} clone request failed: {reason}.'
        )
