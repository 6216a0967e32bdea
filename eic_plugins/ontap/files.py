"""Files on FlexVols: FlexClone, copy offload, stat, rename, delete.

Facts: ``POST /storage/file/clone`` works inside one FlexVol in constant time;
``POST /storage/file/copy`` moves blocks between FlexVols of one cluster. A job
may vanish and an answer may be lost, so work whose end is not known is judged
by a stat of the destination.
"""

import dataclasses
from urllib.parse import quote

from oslo_log import log as logging

from eic_plugins.model import StoredFile
from eic_plugins.ontap import jobs
from eic_plugins.ontap.session import (
    RETURN_TIMEOUT,
    OntapError,
    OntapRejectedError,
    OntapSession,
    OntapUnreachableError,
    Record,
)

LOG = logging.getLogger(__name__)
_NOT_FOUND = 404
NO_SUCH_FILE = '6684674'


class DestinationMissingError(OntapError):
    """The work's end is not known and its destination is not there."""


@dataclasses.dataclass(frozen=True)
class FileStat:
    """What ONTAP says about a file; ``size`` in bytes."""

    size: int


class Files:
    """File operations of one cluster."""

    def __init__(self, session: OntapSession) -> None:
        self._session = session

    def clone(self, source: StoredFile, destination: StoredFile,
              timeout: float) -> None:
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
        try:
            self._run('/api/storage/file/clone', body, timeout)
        except (OntapUnreachableError, jobs.JobUnknownError) as err:
            LOG.warning('%s; looking for the clone itself', err)
            if self.stat(destination) is None:
                raise DestinationMissingError(
                    f'no clone at {destination.path}: {err}') from err

    def copy(self, source: StoredFile, destination: StoredFile,
             timeout: float) -> None:
        """Copy between FlexVols inside the cluster; blocks until it is done.

        :param timeout: seconds
        :raises OntapError: a part of the destination may exist; a job that
            vanished counts, as half a file can have its full size
        """
        body = {'files_to_copy': [{'source': _copy_end(source),
                                   'destination': _copy_end(destination)}]}
        self._run('/api/storage/file/copy', body, timeout)

    def stat(self, file: StoredFile) -> FileStat | None:
        """The file's size, None if there is no such file."""
        try:
            answer = self._session.get(_url(file), return_metadata='true')
        except OntapRejectedError as err:
            if _is_missing(err):
                return None
            raise
        records = answer.get('records') or [answer]
        return FileStat(int(records[0].get('size', 0)))

    def rename(self, file: StoredFile, to: StoredFile) -> None:
        """Rename inside a FlexVol; what had the name ``to`` must be gone."""
        self._finish(self._session.patch(
            _url(file), {'path': to.path}, return_timeout=RETURN_TIMEOUT))

    def delete(self, file: StoredFile) -> None:
        """Delete the file; not an error if there is none."""
        try:
            self._finish(self._session.delete(
                _url(file), return_timeout=RETURN_TIMEOUT))
        except OntapRejectedError as err:
            if not _is_missing(err):
                raise

    def _run(self, path: str, body: Record, timeout: float) -> None:
        hold = min(RETURN_TIMEOUT, int(timeout))
        answer = self._session.post(path, body, return_timeout=hold)
        self._finish(answer, timeout)

    def _finish(self, answer: Record, timeout: float = RETURN_TIMEOUT) -> None:
        uuid = jobs.job_uuid(answer)
        if uuid is not None:
            jobs.wait(self._session, uuid, timeout)


def _copy_end(file: StoredFile) -> Record:
    return {
        'volume': {'uuid': file.flexvol.uuid, 'name': file.flexvol.name},
        'svm': {'name': file.flexvol.svm},
        'path': file.path,
    }


def _url(file: StoredFile) -> str:
    return (f'/api/storage/volumes/{file.flexvol.uuid}/files/'
            f'{quote(file.path, safe="")}')


def _is_missing(err: OntapRejectedError) -> bool:
    return err.status == _NOT_FOUND or err.code == NO_SUCH_FILE
