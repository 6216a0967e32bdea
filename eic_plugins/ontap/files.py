"""Files on FlexVols: FlexClone, copy offload, stat, rename, delete.

Facts: ``POST /storage/file/clone`` works inside one FlexVol in constant time;
``POST /storage/file/copy`` moves blocks between FlexVols of one cluster. A job
may vanish and an answer may be lost, so work whose end is not known is judged
by a stat of the destination.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from urllib.parse import quote

from oslo_log import log as logging

from eic_plugins.model import FlexVol, Pool, StoredObject
from eic_plugins.ontap import copies, jobs
from eic_plugins.ontap.session import (
    RETURN_TIMEOUT,
    JsonObject,
    OntapError,
    OntapRejectedError,
    OntapSession,
    OntapUnreachableError,
)
from eic_plugins.support.clock import SYSTEM, Clock

LOG = logging.getLogger(__name__)
# The first as Cinder's driver expects it, the second as NetApp's reference
# documents it for DELETE.
_NO_SUCH_FILE = frozenset({'6684674', '131074'})
_CLONE = '/api/storage/file/clone'
_COPY = '/api/storage/file/copy'
PathOf = Callable[[StoredObject], str]
"""Writes a file's path as an end of a copy."""


class DestinationMissingError(OntapError):
    """The work's end is not known and its destination is not there."""


class SvmNotPeeredError(OntapRejectedError):
    """The copy's two SVMs are not peered (any more) with file_copy."""


class CopyForbiddenError(OntapRejectedError):
    """Only the administrator of the SVM that a copy goes to may ask for it."""


class PlaceGoneError(OntapRejectedError):
    """A FlexVol or an SVM that was known is not there any more."""


_COPY_REFUSALS: Mapping[str, type[OntapRejectedError]] = {
    # The peering is not in the state "peered" yet; it lacks file_copy; there is none.
    '7012362': SvmNotPeeredError,
    '7013360': SvmNotPeeredError,
    '7013361': SvmNotPeeredError,
    '7012363': CopyForbiddenError,
    '917506': PlaceGoneError,
    '2621464': PlaceGoneError,
}
"""ONTAP's codes for a file copy that mean more than that it failed (NetApp's API
description, ``file_copy_create``)."""


@dataclasses.dataclass(frozen=True)
class FileStat:
    """What ONTAP says about a file; ``size`` in bytes.

    ``regular`` unless it says that this is a link or whatever else.
    """

    size: int
    regular: bool = True


@dataclasses.dataclass(frozen=True)
class ListedFile:
    """A file of a FlexVol's root, and when it was changed (ISO 8601)."""

    name: str
    changed: str


@dataclasses.dataclass(frozen=True)
class FileDetails:
    """A file; ``size`` and ``used`` in bytes, None if ONTAP does not say; the time
    of its last modification (ISO 8601).
    """

    name: str
    size: int
    used: int | None
    modified: str


class Files:
    """File operations of one cluster.

    :param paths: the forms that paths of copies may have; by default, either
    """

    def __init__(
        self,
        session: OntapSession,
        clock: Clock = SYSTEM,
        paths: Sequence[PathOf] = (),
    ) -> None:
        self._session = session
        self._clock = clock
        self._paths = paths or (relative, with_volume)

    def clone(
        self, source: StoredObject, destination: StoredObject, timeout: float
    ) -> None:
        """FlexClone ``source``; the destination must not exist.

        :param timeout: seconds
        :raises OntapError: there may be a destination all the same, unless it
            is an :class:`OntapRejectedError` or DestinationMissingError
        """
        body = {
            'volume': {'uuid': source.flexvol.uuid, 'name': source.flexvol.name},
            'source_path': source.path,
            'destination_path': destination.path,
        }
        deadline = self._clock.monotonic() + timeout
        try:
            self._run(_CLONE, body, timeout)
        except jobs.JobUnknownError as err:
            # It may not have begun.
            self._expect(source, destination, err, deadline)
        except OntapUnreachableError as err:
            # A kept-alive connection may have died unseen. A second clone is
            # harmless: it never overwrites what the first one made.
            LOG.warning('%s; looking for the clone itself', err)
            if self.stat(destination) is None:
                self._clone_again(body, source, destination, timeout)
        except OntapRejectedError as err:
            if not err.unsure:
                raise
            self._expect(source, destination, err)

    def copy(
        self,
        source: StoredObject,
        destination: StoredObject,
        timeout: float,
        throughput: int = 0,
        keep: Callable[[], None] = lambda: None,
    ) -> None:
        """Copy between FlexVols inside the cluster; blocks until it is done.

        A cluster runs 50 copies of files and LUNs at once: beyond that, this
        waits for a place.

        :param timeout: seconds, with the waiting
        :param throughput: bytes per second at most, 0 for no cap
        :param keep: called every half minute, while it goes on
        :raises SvmNotPeeredError: the two SVMs are not peered for it
        :raises CopyForbiddenError: the user is not the destination SVM's
        :raises PlaceGoneError: a FlexVol or an SVM is not there any more
        :raises OntapError: a part of the destination may exist; a job that
            vanished counts, as half a file can have its full size
        """
        deadline = self._clock.monotonic() + timeout
        progress = copies.Progress(destination, keep, self._clock)
        more: JsonObject = {'max_throughput': throughput} if throughput else {}

        def start(path_of: PathOf) -> None:
            ends = [('source', source), ('destination', destination)]
            pair = {end: _copy_end(file, path_of) for end, file in ends}
            self._copy({'files_to_copy': [pair], **more}, deadline, progress)

        try:
            self._in_either_form(start, source)
        except OntapRejectedError as err:
            kind = _COPY_REFUSALS.get(err.code)
            if kind is None:
                raise
            raise kind(err.status, err.code, err.message, err.unsure) from err

    def _in_either_form(
        self, start: Callable[[PathOf], None], source: StoredObject
    ) -> None:
        """Say the paths in the form that the cluster takes, and remember it.

        NetApp's examples have paths relative to the FlexVol, and Cinder's driver
        puts the FlexVol's name in front. A cluster that takes the other form does
        not find the source, though it is there.
        """
        first, *others = self._paths
        try:
            start(first)
        except OntapRejectedError as err:
            if not others or not is_missing(err) or self.stat(source) is None:
                raise
            start(others[0])
            self._paths = others
        else:
            self._paths = (first,)

    def _copy(
        self, body: JsonObject, deadline: float, progress: copies.Progress
    ) -> None:
        clock = self._clock
        copies.start(
            lambda: self._run(_COPY, body, deadline - clock.monotonic(), progress),
            deadline,
            clock,
        )

    def stat(self, file: StoredObject) -> FileStat | None:
        """The file's size, None if there is no such file."""
        try:
            answer = self._session.get(_url(file), return_metadata='true')
        except OntapRejectedError as err:
            if is_missing(err):
                return None
            raise
        records = answer.get('records') or [answer]
        return FileStat(
            int(records[0].get('size', 0)), records[0].get('type', 'file') == 'file'
        )

    def list(self, flexvol: FlexVol, pattern: str) -> Sequence[ListedFile]:
        """The files in the FlexVol's root with names like the pattern."""
        records = self._session.records(
            f'/api/storage/volumes/{flexvol.uuid}/files',
            type='file',
            name=pattern,
            fields='name,changed_time',
        )
        return [
            ListedFile(str(record['name']), str(record.get('changed_time') or ''))
            for record in records
        ]

    def details(self, pool: Pool, pattern: str) -> Sequence[FileDetails]:
        """What is known of a pool's files with names like the pattern."""
        folder = f'/{quote(pool.directory, safe="")}' if pool.directory else ''
        records = self._session.records(
            f'/api/storage/volumes/{pool.flexvol.uuid}/files{folder}',
            type='file',
            name=pattern,
            fields='name,size,bytes_used,modified_time',
        )
        return [
            FileDetails(
                str(record['name']),
                int(record.get('size') or 0),
                record.get('bytes_used'),
                str(record.get('modified_time') or ''),
            )
            for record in records
        ]

    def resize(self, file: StoredObject, size: int) -> None:
        """Set a file's size in bytes."""
        self._finish(self._session.patch(_url(file), {'size': size}))

    def rename(self, file: StoredObject, to: StoredObject) -> None:
        """Rename inside a FlexVol; what had the name ``to`` must be gone."""
        try:
            # Takes no return_timeout, unlike clone, copy and delete.
            self._finish(self._session.patch(_url(file), {'path': to.path}))
        except OntapRejectedError as err:
            done = err.unsure and self.stat(file) is None
            if not (done and self.stat(to) is not None):
                raise

    def delete(self, file: StoredObject) -> None:
        """Delete the file; not an error if there is none."""
        try:
            self._finish(
                self._session.delete(_url(file), return_timeout=RETURN_TIMEOUT)
            )
        except OntapRejectedError as err:
            if not is_missing(err):
                raise

    def _clone_again(
        self,
        body: JsonObject,
        source: StoredObject,
        destination: StoredObject,
        timeout: float,
    ) -> None:
        try:
            self._run(_CLONE, body, timeout)
        except OntapError as err:
            self._expect(source, destination, err)

    def _expect(
        self,
        source: StoredObject,
        destination: StoredObject,
        cause: OntapError,
        deadline: float = 0.0,
    ) -> None:
        """A clone whose end is not known counts if it is there in its source's size.

        :param deadline: on ``clock.monotonic``, until when it may still come about
        """
        for _ in jobs.looks(deadline, self._clock):
            found = self.stat(destination)
            if found is not None and found == self.stat(source):
                return
        raise DestinationMissingError(
            f'no file at {destination.path}, or a part of one: {cause}'
        ) from cause

    def _run(
        self,
        path: str,
        body: JsonObject,
        timeout: float,
        still_running: Callable[[str], None] | None = None,
    ) -> None:
        deadline = self._clock.monotonic() + timeout
        hold = min(RETURN_TIMEOUT, int(timeout))
        answer = self._session.post(path, body, timeout, return_timeout=hold)
        # It may have stood in a line for longer than the work may take.
        left = max(deadline - self._clock.monotonic(), hold)
        self._finish(answer, left, still_running)

    def _finish(
        self,
        answer: JsonObject,
        timeout: float = RETURN_TIMEOUT,
        still_running: Callable[[str], None] | None = None,
    ) -> None:
        uuid = jobs.job_uuid(answer)
        if uuid is not None:
            jobs.wait(self._session, uuid, timeout, self._clock, still_running)


def relative(file: StoredObject) -> str:
    """The path from the FlexVol's root."""
    return file.path


def with_volume(file: StoredObject) -> str:
    """The path with the FlexVol's name in front."""
    return f'{file.flexvol.name}/{file.path}'


def _copy_end(file: StoredObject, path_of: PathOf) -> JsonObject:
    return {
        'volume': {'uuid': file.flexvol.uuid, 'name': file.flexvol.name},
        'svm': {'name': file.flexvol.svm},
        'path': path_of(file),
    }


def _url(file: StoredObject) -> str:
    return f'/api/storage/volumes/{file.flexvol.uuid}/files/{quote(file.path, safe="")}'


def is_missing(err: OntapRejectedError) -> bool:
    """Whether the error is that there is no such file."""
    return err.status == HTTPStatus.NOT_FOUND or err.code in _NO_SUCH_FILE
