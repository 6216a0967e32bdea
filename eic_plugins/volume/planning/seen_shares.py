"""Cached images on NFS shares, looked at: through a mount, or as ONTAP lists them."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from oslo_log import log as logging

from eic_plugins.engine.cluster_search import OtherPools
from eic_plugins.model import CachedImage, Image, Pool
from eic_plugins.ontap.files import Files
from eic_plugins.ontap.session import (
    OntapError,
    OntapRejectedError,
    OntapUnreachableError,
)
from eic_plugins.storage.file_records import RECORD_PREFIX, RECORD_SUFFIX, record_name
from eic_plugins.storage.files import FileStorage
from eic_plugins.storage.listed_files import (
    BY_ONTAP,
    BY_REPORT,
    ListedFiles,
    ListedImageFile,
    listed_images,
)
from eic_plugins.storage.mount import ShareMount
from eic_plugins.support import compat
from eic_plugins.volume.planning.planned_image import NothingIsDoneError
from eic_plugins.volume.planning.reports import ReportedPool
from eic_plugins.volume.planning.sight import (
    Access,
    Contents,
    SeenImage,
    Sight,
)

LOG = logging.getLogger(__name__)
BY_MOUNT = "the share's mount on this host"


class SeenShares:
    """The shares of one backend.

    :param options: the backend's section
    """

    copies_between_pools = True

    def __init__(self, access: Access, options: Any) -> None:
        options.append_config_values(compat.share_options())
        self.copier = Files(access.session)
        self.finder = self.volume_finder = access.namespace
        self._access = access
        self._base = Path(os.path.realpath(options.nfs_mount_point_base))
        self._others = OtherPools(access.namespace, access.peers)

    def sight(self, pool: ReportedPool, image: Image) -> Sight:
        """Through the mount, where this host has it and may read the record.

        :raises UnknownShareError: it is not on the backend's SVM
        :raises OntapError: the cluster did not answer
        """
        place, mount = self._access.namespace.pool(pool.name), self._mount_of(pool)
        if _is_readable(mount, image):
            return Sight(self._mounted(place, mount), lambda: BY_MOUNT)
        listed = ListedFiles(place, self.copier, image, pool.known.may_have(image.id))
        return Sight(listed, lambda: listed.seen_by)

    def contents(self, pool: ReportedPool) -> Contents:
        """Through the mount, where this host may read all records there."""
        place, mount = self._access.namespace.pool(pool.name), self._mount_of(pool)
        if mount_is_readable(mount) and _records_are_readable(mount):
            return Contents(list(_held(self._mounted(place, mount))), BY_MOUNT)
        try:
            listed = listed_images(place, self.copier)
        except OntapRejectedError as err:
            LOG.info(
                'Files of %(pool)s are not listed: %(err)s',
                {
                    'pool': pool.name,
                    'err': err,
                },
            )
            return Contents([*map(SeenImage, sorted(pool.known.cached))], BY_REPORT)
        return Contents([_seen(each) for each in listed], BY_ONTAP)

    def _mount_of(self, pool: ReportedPool) -> Path:
        name = hashlib.md5(pool.name.encode(), usedforsecurity=False).hexdigest()
        return self._base / name

    def search(
        self, image: Image, pool: Pool, others: Iterable[ReportedPool]
    ) -> Sequence[CachedImage]:
        """As ONTAP lists them; where it does not, the driver finds none, either."""
        try:
            for there in self._others.find(
                image, pool, [each.known for each in others]
            ):
                found = self._listed(there, image)
                if found is not None:
                    return (found,)
        except OntapError as err:
            LOG.warning('Other backends were not searched: %s', err)
        return ()

    def _listed(self, there: Pool, image: Image) -> CachedImage | None:
        try:
            record = ListedFiles(there, self.copier, image).read(image.id)
        except OntapUnreachableError:
            raise
        except OntapError:
            return None
        if record is None:
            return None
        return CachedImage(
            there.stored(image.cached_name),
            record.identity,
            record.virtual_size,
            record.signature,
        )

    def _mounted(self, place: Pool, mount: Path) -> FileStorage:
        return FileStorage(
            place,
            ShareMount(str(mount), _run_nothing),
            self.copier,
            self._access.clone_timeout,
            self._access.seals,
        )


def _is_readable(mount: Path, image: Image) -> bool:
    """Whether the record there, or that there is none, can be seen from here."""
    if not mount_is_readable(mount):
        return False
    record = mount / record_name(image.id)
    return not os.path.lexists(record) or os.access(record, os.R_OK)


def mount_is_readable(mount: Path) -> bool:
    """Whether a share is mounted there, and this user may look at it."""
    try:
        return mount.is_mount() and os.access(mount, os.R_OK | os.X_OK)
    except PermissionError:
        # Not even where it is mounted: an operator who is not Cinder's user.
        return False


def _records_are_readable(mount: Path) -> bool:
    return all(
        os.access(path, os.R_OK)
        for path in mount.glob(f'{RECORD_PREFIX}*{RECORD_SUFFIX}')
    )


def _held(storage: FileStorage) -> Iterator[SeenImage]:
    for usage, record in storage.held():
        yield SeenImage(
            usage.image_id,
            usage.size,
            usage.allocated,
            usage.last_used,
            record is not None,
            record.identity if record else None,
        )


def _seen(listed: ListedImageFile) -> SeenImage:
    return SeenImage(
        listed.image_id, listed.size, listed.occupied, listed.last_used, listed.recorded
    )


def _run_nothing(*command: str) -> None:
    raise NothingIsDoneError(' '.join(command))
