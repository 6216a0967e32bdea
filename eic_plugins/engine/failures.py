"""What may go wrong with a fill, and what that means for the other routes."""

import contextlib
from collections.abc import Iterator

from oslo_log import log as logging

from eic_plugins.engine.pool_cache import (
    LockLostError,
    LocksUnavailableError,
    LockTimeoutError,
    NoRoomError,
    PublishForbiddenError,
)
from eic_plugins.model import Reason, Refusal
from eic_plugins.ontap.files import (
    CopyForbiddenError,
    PlaceGoneError,
    SvmNotPeeredError,
)
from eic_plugins.ontap.session import (
    OntapBusyError,
    OntapError,
    OntapForbiddenError,
    OntapRejectedError,
    OntapUnreachableError,
)
from eic_plugins.storage.inspection import NotTheImageError, UnsafeImageError
from eic_plugins.storage.interface import CannotGrowError, NotReadableError
from eic_plugins.storage.mount import ShareNotMountedError

LOG = logging.getLogger(__name__)


class DownloadError(Exception):
    """The image could not be fetched or converted."""


class SignatureError(Exception):
    """The image's signature could not be verified."""


class ImageRefusedError(Exception):
    """Cinder demands something of an image that these bytes do not have."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class TooLargeError(Exception):
    """The disk, of ``virtual_size`` bytes, does not fit into the volume."""

    def __init__(self, virtual_size: int) -> None:
        super().__init__(f'the disk has {virtual_size} bytes')
        self.virtual_size = virtual_size


class RouteFailedError(Exception):
    """The route that was chosen failed; ``final`` if no other route can help."""

    def __init__(self, refusal: Refusal, final: bool) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal
        self.final = final


OF_THE_BYTES = (ImageRefusedError, TooLargeError, UnsafeImageError, SignatureError)
"""What speaks against the image, if it is said of what Glance itself has sent."""

FILL_FAILURES: dict[type[Exception], tuple[Reason, bool]] = {
    ImageRefusedError: (Reason.IMAGE_REFUSED, False),
    TooLargeError: (Reason.IMAGE_TOO_LARGE, False),
    UnsafeImageError: (Reason.INSPECTION_FAILED, False),
    SignatureError: (Reason.SIGNATURE_INVALID, False),
    LockTimeoutError: (Reason.WAIT_TIMED_OUT, True),
    LocksUnavailableError: (Reason.LOCKS_UNAVAILABLE, True),
    LockLostError: (Reason.LOCK_LOST, False),
    NoRoomError: (Reason.NO_ROOM, False),
    NotReadableError: (Reason.NOT_READABLE, False),
    ShareNotMountedError: (Reason.NOT_MOUNTED, True),
    OntapUnreachableError: (Reason.ONTAP_UNREACHABLE, True),
    OntapBusyError: (Reason.ONTAP_BUSY, True),
    SvmNotPeeredError: (Reason.SVM_NOT_PEERED, False),
    CopyForbiddenError: (Reason.COPY_FORBIDDEN, False),
    PlaceGoneError: (Reason.PLACE_GONE, False),
    PublishForbiddenError: (Reason.PERMISSION_DENIED, True),
    OntapForbiddenError: (Reason.PERMISSION_DENIED, False),
    NotTheImageError: (Reason.INSPECTION_FAILED, False),
    DownloadError: (Reason.DOWNLOAD_FAILED, False),
    OntapError: (Reason.FILL_FAILED, False),
    OSError: (Reason.FILL_FAILED, False),
}
"""What may end a fill: the reason, and whether no other route can help. The
first that fits counts."""


def fill_failure(err: Exception) -> tuple[Reason, bool]:
    """The reason of a fill's end, and whether no other route can help."""
    if isinstance(err, ImageRefusedError):
        return err.reason, False
    return next(how for kind, how in FILL_FAILURES.items() if isinstance(err, kind))


def reason_of(err: Exception | None, otherwise: Reason) -> Reason:
    """The reason that stands for this error of ONTAP's or of this host; else
    ``otherwise``.
    """
    if isinstance(err, OntapForbiddenError):
        return Reason.PERMISSION_DENIED
    if isinstance(err, CannotGrowError):
        return Reason.CANNOT_GROW
    if isinstance(err, OntapBusyError):
        return Reason.ONTAP_BUSY
    if isinstance(err, ShareNotMountedError):
        return Reason.NOT_MOUNTED
    unreachable = isinstance(err, OntapUnreachableError)
    return Reason.ONTAP_UNREACHABLE if unreachable else otherwise


@contextlib.contextmanager
def helping(what: str, *of: object) -> Iterator[None]:
    """Go on if ONTAP refuses what is done here: it could have helped, no more."""
    try:
        yield
    except OntapRejectedError as err:
        LOG.warning('ONTAP refuses: %(what)s: %(err)s', {'what': what % of, 'err': err})
