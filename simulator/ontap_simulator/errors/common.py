"""ONTAP's errors: an HTTP status, a code (always a string) and a message."""

import time
from email.utils import formatdate
from http import HTTPStatus
from typing import Any


class ConfigError(Exception):
    """The topology file or an option is wrong; the text says what to do."""


class DropConnectionError(Exception):
    """Ends the TCP connection without an answer (fault drop_connection)."""


class OntapError(Exception):
    """Serialised as ``{"error": {"message", "code", "target"}}``."""

    status: int = HTTPStatus.BAD_REQUEST
    code = '2'

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        target: str | None = None,
        retry_after: float | str | None = None,
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

    status = HTTPStatus.NOT_FOUND
    code = '4'

    def __init__(self, target: str) -> None:
        super().__init__("entry doesn't exist", target=target)


class DuplicateError(OntapError):
    """There is one of that name already."""

    status = HTTPStatus.CONFLICT
    code = '1'


class ApiNotFoundError(OntapError):
    """No resource has this path."""

    status = HTTPStatus.NOT_FOUND
    code = '3'


class MethodNotAllowedError(OntapError):
    """The resource has no such method."""

    status = HTTPStatus.METHOD_NOT_ALLOWED
    code = '3'


class UnexpectedArgumentError(OntapError):
    """A parameter, filter or property that the call does not have."""

    code = '262179'

    def __init__(self, name: str) -> None:
        super().__init__(f'Unexpected argument "{name}".', target=name)


class NotAuthenticatedError(OntapError):
    """Unknown user or wrong password."""

    status = HTTPStatus.UNAUTHORIZED
    code = '6691623'

    def __init__(self) -> None:
        super().__init__('User is not authorized.')


class NotPermittedError(OntapError):
    """The user's role does not allow the call."""

    status = HTTPStatus.FORBIDDEN
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

    status = HTTPStatus.NOT_FOUND
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

    code = '262212'

    def __init__(self, name: str) -> None:
        super().__init__(
            f'The request is missing the required value "{name}".', target=name
        )


class NotChangeableError(OntapError):
    """A property that the reference lists for POST, and not for PATCH."""

    code = '262203'

    def __init__(self, name: str) -> None:
        super().__init__(f'Field "{name}" cannot be set in PATCH.', target=name)


class TooManyRequestsError(OntapError):
    """More requests than the cluster takes.

    :param retry_after: in how many seconds to come back
    :param as_date: whether that is said as a date
    """

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = '262160'

    def __init__(self, retry_after: float, as_date: bool) -> None:
        told = formatdate(time.time() + retry_after, usegmt=True)
        super().__init__(
            'Too many requests.', retry_after=told if as_date else retry_after
        )


class UnavailableError(OntapError):
    """A resource is at its limit (7), or in use (8)."""

    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, code: str, retry_after: float | None) -> None:
        super().__init__(
            'The service is not available.', code=code, retry_after=retry_after
        )


class UnsupportedError(OntapError):
    """ONTAP can do it, this simulator cannot."""

    status = HTTPStatus.METHOD_NOT_ALLOWED
    code = '3'


class BadBodyError(OntapError):
    """The body is not a JSON object."""

    code = '262201'


class BrokenJsonError(BadBodyError):
    """The body breaks JSON's grammar at one place."""

    code = '262199'


class TrailingJsonError(BadBodyError):
    """Something comes behind the JSON."""

    code = '262200'


class ArrayExpectedError(OntapError):
    """One value where the resource has an array."""

    code = '262254'


class NoArrayExpectedError(OntapError):
    """An array where the resource has one value."""

    code = '262255'


class SvmMismatchError(OntapError):
    """A request names two SVMs."""

    code = '2621706'

    def __init__(self) -> None:
        super().__init__('The specified values refer to different SVMs.')
