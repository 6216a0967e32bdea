"""Errors of files, their clones and their copies.

Codes of file operations are 131072 plus the (BSD) error number, as NetApp's
131102 (read-only, 30) and 131138 (directory not empty, 66) show it. Only "no such
file" is 6684674. README.md lists what is inferred.
"""

import errno
import os
from http import HTTPStatus

from ontap_simulator.errors.common import OntapError

_FILE_ERRORS = 131072
_NO_SUCH_FILE = '6684674'

# ONTAP is a BSD: where its numbers are not Linux's.
_BSD_ERRNO = {errno.ENOTEMPTY: 66, errno.ELOOP: 62, errno.ENAMETOOLONG: 63}

_STATUS_OF_ERRNO = {
    errno.ENOENT: HTTPStatus.NOT_FOUND,
    errno.EEXIST: HTTPStatus.CONFLICT,
}


class CloneFailedError(OntapError):
    """A FlexClone of a file could not start."""

    code = '13565952'

    def __init__(self, reason: str) -> None:
        super().__init__(f'Clone start failed: {reason}.')


class CopyLimitError(OntapError):
    """As many file copies run as the cluster allows."""

    code = '7018877'

    def __init__(self, limit: int) -> None:
        super().__init__(
            'Maximum combined number of file and LUN copy and move '
            f'operations reached ({limit}).'
        )


PEERING_NOT_READY = '7012362'
PEERED_FOR_OTHERS = '7013360'
NOT_PEERED = '7013361'
NO_SUCH_VOLUME = '917506'
NO_SUCH_SVM = '2621464'


class NotPeeredError(OntapError):
    """Copies between SVMs need a peering for file_copy.

    :param code: what is wrong with the peering
    """

    def __init__(self, source: str, destination: str, code: str) -> None:
        super().__init__(
            f'SVMs "{source}" and "{destination}" are not peered with the '
            'application "file_copy".',
            code=code,
        )


class CopyPlaceError(OntapError):
    """A copy's FlexVol or SVM is not on this cluster."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message, code=code)


class SeveralVolumesError(OntapError):
    """One copy request reads from one volume and writes to one."""

    code = '7012352'

    def __init__(self) -> None:
        super().__init__(
            'All source files, and all destination files, of a '
            'request must be on the same volume.'
        )


class OtherClusterError(OntapError):
    """A copy cannot leave the cluster."""

    code = '7012365'

    def __init__(self) -> None:
        super().__init__('Source and destination must be on the same cluster.')


class FileError(OntapError):
    """A file operation failed as the system call of that name would."""

    def __init__(self, number: int, path: str) -> None:
        code = str(_FILE_ERRORS + _BSD_ERRNO.get(number, number))
        if number == errno.ENOENT:
            code = _NO_SUCH_FILE
        super().__init__(
            f'{os.strerror(number)} ({path}).',
            code=code,
            status=_STATUS_OF_ERRNO.get(number, HTTPStatus.BAD_REQUEST),
            target='path',
        )
        self.number = number
