"""Hands what was fetched from Glance over to Cinder's own download.

A request may be handed back to Cinder after its image was fetched: the image
failed when it was verified, converted or inspected. Cinder's download then
begins with that very file, and does not ask Glance for the same bytes again. It
does with this file what it does with any download: checks, signature,
conversion, messages to the user.

The file is Glance's answer, untouched, in ``image_conversion_dir``. It is removed
with the request. By its name, Cinder removes it at the backend's next start, too.
"""

import contextlib
import os
import secrets
import shutil
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from oslo_log import log as logging
from oslo_utils import units

LOG = logging.getLogger(__name__)
_COPIED = units.Mi  # bytes at a time


class Fetched:
    """The file that one request has fetched, if it has. Who drops this, drops it."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._end: weakref.finalize[Any, Any] | None = None

    def keep(self, path: str) -> None:
        """Keep the file under a second name: it stays when the first one is removed,
        and takes no more room.
        """
        self.drop()
        original = Path(path)
        # Cinder's clean-up at its start goes by the end of a name.
        kept = original.with_name(f'eic_{secrets.token_hex(4)}_{original.name}')
        try:
            kept.hardlink_to(original)
        except OSError as err:
            LOG.debug('%(path)s is not kept: %(err)s', {'path': path, 'err': err})
            return
        self._path = kept
        self._end = weakref.finalize(self, _unlink, kept)

    def drop(self) -> None:
        """Remove it: nobody needs it any more."""
        if self._end is not None:
            self._end()
        self._path = self._end = None

    def hand_over(self, image_service: Any, image_id: str) -> None:
        """Have the request's own image service give out the file, once."""
        path = self._path
        if path is None:
            return
        try:
            # Cinder looks for room for the image once more before it begins.
            if shutil.disk_usage(path.parent).free > path.stat().st_size:
                image_service.download = _Download(
                    path, image_id, image_service.download
                )
                weakref.finalize(image_service, _unlink, path)
                if self._end is not None:
                    self._end.detach()
        except (AttributeError, TypeError, OSError) as err:
            LOG.debug(
                'Cinder has to fetch image %(image)s again: %(err)s',
                {'image': image_id, 'err': err},
            )
        self.drop()


class KeepingService:
    """Cinder's image service, for one fetch of ours.

    Cinder's utilities remember in their image service what they have fetched.
    With this one, Cinder's own download does not see what they remember of ours.
    """

    def __init__(self, service: Any, fetched: Fetched, **meta: Any) -> None:
        self._service = service
        self._fetched = fetched
        self._meta = meta
        self.temp_images: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._service, name)

    def show(self, context: Any, image_id: str, **kwargs: Any) -> Any:
        """Glance's description, as it is true of what was made of the file."""
        return {**self._service.show(context, image_id, **kwargs), **self._meta}

    def describe(self, **meta: Any) -> None:
        """Say what was made of the file since it was fetched."""
        self._meta = {**self._meta, **meta}

    def download(self, context: Any, image_id: str, data: Any = None) -> Any:
        """Fetch, and keep what came."""
        found = self._service.download(context, image_id, data)
        name = getattr(data, 'name', None)
        if isinstance(name, str):
            self._fetched.keep(name)
        return found


class _Download:
    """An image service's ``download``, of which one answer is there already."""

    def __init__(
        self, path: Path, image_id: str, otherwise: Callable[..., Any]
    ) -> None:
        self._path: Path | None = path
        self._image_id = image_id
        # A bound method would keep the service, and with it the file, for ever.
        self._otherwise: Callable[[], Callable[..., Any] | None] = (
            weakref.WeakMethod(otherwise)
            if hasattr(otherwise, '__self__')
            else lambda: otherwise
        )

    def __call__(self, context: Any, image_id: str, data: Any = None) -> Any:
        path, self._path = self._path, None
        if path is not None and data is not None and image_id == self._image_id:
            try:
                _give(path, data)
            finally:
                _unlink(path)
            return None
        download = self._otherwise()
        if download is None:
            raise ReferenceError('the image service is gone')
        return download(context, image_id, data)


def _give(path: Path, data: Any) -> None:
    """Put it in the place of a file beside it, or copy it."""
    target = Path(str(getattr(data, 'name', '')))
    if target.parent == path.parent and target.is_file():
        path.replace(target)
        return
    with path.open('rb') as stream:
        while chunk := stream.read(_COPIED):
            data.write(chunk)


def _unlink(path: Path) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)  # noqa: PTH108 - also when the interpreter ends
