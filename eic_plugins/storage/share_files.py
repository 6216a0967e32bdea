"""Files of a share by ONTAP, or by its mount where ONTAP does not do it.

ONTAP needs no permission on the mount; the mount may answer where the cluster
does not.
"""

import contextlib

from oslo_log import log as logging

from eic_plugins.model import Pool, StoredObject
from eic_plugins.ontap.files import Files
from eic_plugins.ontap.session import (
    OntapBusyError,
    OntapError,
    OntapRejectedError,
)
from eic_plugins.storage.mount import ShareMount

LOG = logging.getLogger(__name__)


class ShareFiles:
    """The files in the root of one share."""

    def __init__(self, pool: Pool, mount: ShareMount, files: Files) -> None:
        self._pool = pool
        self._mount = mount
        self._files = files

    def rename(self, target: StoredObject, final: StoredObject) -> None:
        """Rename a file over another one; a file in the way is rare, and
        costs two calls more.

        Where ONTAP refuses that, the mount may allow it.

        :raises OntapError: neither did it
        """
        try:
            try:
                self._files.rename(target, final)
            except OntapBusyError:
                raise
            except OntapRejectedError:
                self._files.delete(final)
                self._files.rename(target, final)
        except OntapRejectedError as err:
            LOG.warning(
                'ONTAP did not rename %(file)s in pool %(pool)s '
                '(%(err)s); renaming it through the mount.',
                {'file': target.name, 'pool': self._pool.name, 'err': err},
            )
            with contextlib.suppress(OSError):
                self._mount.rename(target.name, final.name)
                return
            raise

    def delete(self, name: str, advice: str) -> None:
        """Delete a file by whatever way is open; logs ``advice`` if none is.

        Through ONTAP first, which needs no permission on the mount; where the
        cluster does not answer, its data LIF may.
        """
        try:
            self._files.delete(self._pool.stored(name))
        except OntapError as err:
            LOG.warning(
                'ONTAP did not delete %(file)s in pool %(pool)s '
                '(%(err)s); deleting it through the mount.',
                {'file': name, 'pool': self._pool.name, 'err': err},
            )
            self._delete_on_mount(name, advice)

    def _delete_on_mount(self, name: str, advice: str) -> None:
        try:
            self._mount.unlink(name)
        except OSError as err:
            LOG.error(
                '%(file)s is left in pool %(pool)s: %(err)s. %(advice)s',
                {'file': name, 'pool': self._pool.name, 'err': err, 'advice': advice},
            )
