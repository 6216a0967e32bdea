"""An image's cached image in a pool of files, as ONTAP lists the files.

It is for hosts that do not mount the pool's share. A record cannot be read there, only
seen: so its seal is not checked, and it counts for the image as it is now.
"""

import dataclasses
import datetime

from oslo_log import log as logging

from eic_plugins.model import CACHED_IMAGE_PREFIX, Image, Pool, StoredObject
from eic_plugins.ontap.files import Files, FileStat
from eic_plugins.ontap.session import OntapRejectedError
from eic_plugins.storage.file_records import RECORD_PREFIX, RECORD_SUFFIX, record_name
from eic_plugins.storage.interface import Record, UnrecordedFiles, View
from eic_plugins.storage.names import is_image_id

LOG = logging.getLogger(__name__)
BY_ONTAP = "ONTAP's list of files"
BY_REPORT = "the pool's last report to the scheduler"


@dataclasses.dataclass(frozen=True)
class ListedImageFile:
    """A file with a cached image's name; sizes in bytes, ``last_used`` in seconds
    since the epoch, ``recorded`` if a file with its record's name is beside it.
    """

    image_id: str
    size: int
    occupied: int | None
    last_used: float | None
    recorded: bool


def listed_images(pool: Pool, files: Files) -> list[ListedImageFile]:
    """The cached images of a pool of files: two calls.

    :raises OntapError: the cluster did not answer, or its role does not allow it
    """
    records = {
        each.name: each
        for each in files.details(pool, f'{RECORD_PREFIX}*{RECORD_SUFFIX}')
    }
    found = []
    for file in files.details(pool, f'{CACHED_IMAGE_PREFIX}*'):
        image_id = file.name.removeprefix(CACHED_IMAGE_PREFIX)
        if is_image_id(image_id):
            record = records.get(record_name(image_id))
            found.append(
                ListedImageFile(
                    image_id,
                    file.size,
                    file.used,
                    _seconds((record or file).modified),
                    record is not None,
                )
            )
    return found


def _seconds(moment: str) -> float | None:
    try:
        return datetime.datetime.fromisoformat(moment).timestamp()
    except ValueError:
        return None


class ListedFiles(View, UnrecordedFiles):
    """One image in one pool.

    :param reported: whether the pool has told the scheduler that it has the image;
        this counts if ONTAP does not let the user look at files
    """

    kind = 'files'

    def __init__(
        self, pool: Pool, files: Files, image: Image, reported: bool = False
    ) -> None:
        self.pool = pool
        self.seen_by = BY_ONTAP
        self._files = files
        self._image = image
        self._reported = reported

    def refresh(self, image_id: str = '') -> None:
        """Nothing is remembered."""

    def read(self, image_id: str) -> Record | None:
        """A record, if there is a file with its name beside the bytes.

        :raises OntapError: the cluster did not answer
        """
        try:
            recorded = self._stat(record_name(image_id))
            found = self._stat(self._image.cached_name) if recorded else None
        except OntapRejectedError as err:
            LOG.info(
                'Files of pool %(pool)s cannot be looked at: %(err)s',
                {'pool': self.pool.name, 'err': err},
            )
            return self._as_reported()
        return self._record(found.size) if found else None

    def unrecorded(self, image_id: str) -> StoredObject | None:
        """What has the cached image's name, and no file with a record's name."""
        try:
            name = self._image.cached_name
            if self._stat(name) is None or self._stat(record_name(image_id)):
                return None
        except OntapRejectedError:
            return None
        return self.pool.stored(name)

    @property
    def foreign_files(self) -> UnrecordedFiles:
        """These."""
        return self

    def _as_reported(self) -> Record | None:
        self.seen_by = BY_REPORT
        return self._record(self._image.raw_size) if self._reported else None

    def _record(self, size: int) -> Record:
        return Record(self._image.identity, size, self._image.signature)

    def _stat(self, name: str) -> FileStat | None:
        found = self._files.stat(self.pool.stored(name))
        return found if found and found.regular else None
