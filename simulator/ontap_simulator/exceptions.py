"""ONTAP's errors: an HTTP status, a code (always a string) and a message.

Codes of file operations are 131072 plus the (BSD) error number, as NetApp's
131102 (read-only, 30) and 131138 (directory not empty, 66) have it; only "no
such file" is 6684674. README.md lists what is inferred.
"""

import errno
import os
from typing import Any

_FILE_ERRORS = 131072
_NO_SUCH_FILE = '6684674'
# ONTAP is a BSD: where its numbers are not Linux's.
_BSD_ERRNO = {errno.ENOTEMPTY: 66, errno.ELOOP: 62, errno.ENAMETOOLONG: 63}
_STATUS_OF_ERRNO = {errno.ENOENT: 404, errno.EEXIST: 409}


class ConfigError(Exception):
    """The topology file or an option is wrong; the text says what to do."""


class DropConnectionError(Exception):
    """Ends the TCP connection without an answer (fault drop_connection)."""


class OntapError(Exception):
    """Serialised as ``{"error": {"message", "code", "target"}}``."""

    status = 400
    code = '2'

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        target: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.target = target
        self.retry_after = retry_after
        if code is not None:
            self.code = code
        if status is not None:
            self.status = status

    def body(self) -> dict[str, Any]:
        """The error as it appears in answers and jobs."""
        error: dict[str, Any] = {'message': self.message, 'code': self.code}
        if self.target:
            error['target'] = self.target
        return error


class NoSuchEntryError(OntapError):
    """An instance that is addressed by its key is not there."""

    status = 404
    code = '4'

    def __init__(self, target: str) -> None:
        super().__init__("entry doesn't exist", target=target)


class DuplicateError(OntapError):
    """There is one of that name already."""

    status = 409
    code = '1'


class ApiNotFoundError(OntapError):
    """No resource has this path."""

    status = 404
    code = '3'


class MethodNotAllowedError(OntapError):
    """The resource has no such method."""

    status = 405
    code = '3'


class UnexpectedArgumentError(OntapError):
    """A query parameter that the resource's reference does not list."""

    code = '262179'

    def __init__(self, name: str) -> None:
        super().__init__(f'Unexpected argument "{name}".', target=name)


class NotAuthenticatedError(OntapError):
    """Unknown user or wrong password."""

    status = 401
    code = '6691623'

    def __init__(self) -> None:
        super().__init__('User is not authorized.')


class NotPermittedError(OntapError):
    """The user's role does not allow the call."""

    status = 403
    code = '6'

    def __init__(self) -> None:
        super().__init__('not authorized for that command')


class NoSuchSvmError(OntapError):
    """The SVM in the body or in X-Dot-SVM-Name is not on this cluster."""

    code = '2621462'

    def __init__(self, name: str) -> None:
        super().__init__(f'SVM "{name}" does not exist.', target='svm.name')


class NoSuchVolumeError(OntapError):
    """The volume in a body is not on this cluster."""

    status = 404
    code = '918235'

    def __init__(self, name: str) -> None:
        super().__init__(
            f'A volume with name or UUID "{name}" was not found.', target='volume'
        )


class InvalidValueError(OntapError):
    """A field or parameter has a value that cannot be."""

    code = '262197'

    def __init__(self, name: str, value: object) -> None:
        super().__init__(
            f'The value "{value}" is invalid for field "{name}".', target=name
        )


class MissingFieldError(OntapError):
    """A required field is not in the body."""

    code = '262187'

    def __init__(self, name: str) -> None:
        super().__init__(f'Field "{name}" was missing.', target=name)


class UnsupportedError(OntapError):
    """ONTAP can do it, this simulator cannot."""

    code = '3'


class BadBodyError(OntapError):
    """The body is not a JSON object."""

    code = '262158'


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


class NotPeeredError(OntapError):
    """Copies between SVMs need a peering for file_copy."""

    code = '7012362'

    def __init__(self, source: str, destination: str) -> None:
        super().__init__(
            f'SVMs "{source}" and "{destination}" are not peered with the '
            'application "file_copy".'
        )


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
            status=_STATUS_OF_ERRNO.get(number, 400),
            target='path',
        )
        self.number = number
