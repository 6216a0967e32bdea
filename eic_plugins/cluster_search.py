"""Finds a cached image in pools that belong to other backends of the cluster.

Backends of one cluster do not share mounts, maybe not even hosts. What they
share is ONTAP: a cached image's record is looked up on each FlexVol of the SVM
and of the SVMs that it is peered with, and copied into the pool to be read.
Asked only before a download, beside which a few calls cost nothing.
"""

import secrets
from collections.abc import Iterator

from oslo_log import log as logging

from eic_plugins.model import CachedImage, FlexVol, Image, StoredFile
from eic_plugins.ontap.files import Files
from eic_plugins.ontap.namespace import Namespace
from eic_plugins.ontap.peers import Peers
from eic_plugins.ontap.session import OntapError, OntapUnreachableError
from eic_plugins.storage import Record
from eic_plugins.storage.files import FileStorage, parse_record, record_name

LOG = logging.getLogger(__name__)
_MOST_FLEXVOLS = 64
_COPY_SECONDS = 60.0


class ClusterSearch:
    """Looks for cached images in the roots of a cluster's FlexVols."""

    def __init__(self, files: Files, namespace: Namespace,
                 peers: Peers) -> None:
        self._files = files
        self._namespace = namespace
        self._peers = peers

    def find(self, image: Image, storage: FileStorage,
             known: frozenset[str]) -> tuple[CachedImage, ...]:
        """The first cached image of these bytes, or none.

        :param storage: that of the pool that wants it
        :param known: the uuids of FlexVols that need not be looked at
        """
        try:
            for flexvol in self._candidates(storage, known):
                record = self._record(image, flexvol, storage)
                if record and record.identity == image.identity:
                    return (CachedImage(
                        StoredFile(flexvol, image.cached_name), record.identity,
                        record.virtual_size, record.signature_verified),)
        except OntapUnreachableError as err:
            LOG.warning('Other backends were not searched for image %(image)s: '
                        '%(err)s', {'image': image.id, 'err': err})
        return ()

    def _candidates(self, storage: FileStorage,
                    known: frozenset[str]) -> Iterator[FlexVol]:
        own = storage.pool.flexvol
        svms = [own.svm, *self._peers.partners(own.svm)]
        others = [flexvol for flexvol in self._namespace.flexvols(svms)
                  if flexvol.junction_path and flexvol.uuid != own.uuid
                  and flexvol.uuid not in known]
        if len(others) > _MOST_FLEXVOLS:
            LOG.info('Only %(some)d of %(all)d FlexVols are searched for cached '
                     'images.', {'some': _MOST_FLEXVOLS, 'all': len(others)})
        yield from others[:_MOST_FLEXVOLS]

    def _record(self, image: Image, flexvol: FlexVol,
                storage: FileStorage) -> Record | None:
        there = StoredFile(flexvol, record_name(image.id))
        try:
            if self._files.stat(there) is None:
                return None
            record = self._fetch(there, storage)
            found = self._files.stat(StoredFile(flexvol, image.cached_name))
        except OntapUnreachableError:
            raise
        except OntapError as err:
            LOG.debug('FlexVol %(flexvol)s cannot be searched: %(err)s',
                      {'flexvol': flexvol.name, 'err': err})
            return None
        complete = record and found and found.size == record.virtual_size
        return record if complete else None

    def _fetch(self, there: StoredFile, storage: FileStorage) -> Record | None:
        """Have ONTAP copy the record to here, and read it."""
        # A name that the sweep removes, if this is cut off.
        name = f'{there.name}.{secrets.token_hex(4)}'
        try:
            self._files.copy(there, storage.pool.file(name), _COPY_SECONDS)
            return parse_record(storage.mount.read(name))
        finally:
            storage.remove(name)
