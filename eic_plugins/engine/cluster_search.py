"""Finds a cached image in pools that belong to other backends of the cluster.

For files on NFS. Backends of one cluster do not share mounts, maybe not even
hosts. What they share is ONTAP: it finds a cached image's record in another
FlexVol, and copies it into the own pool, where it can be read. Only FlexVols
that pools of this deployment live on are looked at, and a record counts only
with its seal (:mod:`eic_plugins.storage.seals`). This is done only before a
download, beside which a few calls cost nothing. (Block pools see the devices of
their whole SVM anyway.)
"""

import secrets
from collections.abc import Iterable, Iterator

from oslo_log import log as logging

from eic_plugins.model import CachedImage, Image, KnownPool, Pool
from eic_plugins.ontap.files import Files
from eic_plugins.ontap.namespace import Namespace
from eic_plugins.ontap.peers import Peers
from eic_plugins.ontap.session import (
    OntapError,
    OntapRejectedError,
    OntapUnreachableError,
)
from eic_plugins.storage.file_records import (
    MOST_RECORD_BYTES,
    parse_record,
    place_of,
    record_name,
)
from eic_plugins.storage.files import FileStorage
from eic_plugins.storage.interface import Record

LOG = logging.getLogger(__name__)
_MOST_POOLS = 64
_COPY_SECONDS = 60.0


class OtherPools:
    """The pools of a cluster's other backends that files can be copied from."""

    def __init__(self, namespace: Namespace, peers: Peers) -> None:
        self._namespace = namespace
        self._peers = peers

    def find(
        self, image: Image, pool: Pool, others: Iterable[KnownPool]
    ) -> Iterator[Pool]:
        """First those that were reported to have the image.

        :param pool: what is copied is wanted there
        :param others: the pools to look at
        :raises OntapError: the cluster did not answer
        """
        known = sorted(others, key=lambda other: not other.may_have(image.id))
        flexvols = (
            {
                flexvol.uuid: flexvol
                for flexvol in self._namespace.flexvols(
                    self._svms(pool.flexvol.svm, known)
                )
            }
            if known
            else {}
        )
        pools = [
            Pool(other.name, flexvols[other.flexvol], other.directory)
            for other in known
            if other.flexvol in flexvols
        ]
        if len(pools) > _MOST_POOLS:
            LOG.info(
                'Only %(some)d of %(all)d pools are searched for cached images.',
                {'some': _MOST_POOLS, 'all': len(pools)},
            )
        yield from pools[:_MOST_POOLS]

    def _svms(self, own: str, known: Iterable[KnownPool]) -> set[str]:
        svms = {pool.svm for pool in known}
        if svms <= {own}:
            return {own}
        try:
            return {own, *(svms & set(self._peers.partners(own)))}
        except OntapRejectedError as err:
            LOG.warning(
                'No cached images are looked for in other SVMs: %(err)s', {'err': err}
            )
            return {own}


class ClusterSearch:
    """Looks for cached images in pools of a cluster's other backends."""

    def __init__(self, files: Files, namespace: Namespace, peers: Peers) -> None:
        self._files = files
        self._others = OtherPools(namespace, peers)

    def find(
        self, image: Image, storage: FileStorage, others: Iterable[KnownPool]
    ) -> tuple[CachedImage, ...]:
        """The first cached image of these bytes, or none.

        :param storage: that of the pool that wants it
        :param others: the pools to look at
        """
        try:
            for pool in self._others.find(image, storage.pool, others):
                record = self._record(image, pool, storage)
                if record and record.identity == image.identity:
                    return (
                        CachedImage(
                            pool.stored(image.cached_name),
                            record.identity,
                            record.virtual_size,
                            record.signature,
                        ),
                    )
        except OntapError as err:
            LOG.warning(
                'Other backends were not searched for image %(image)s: %(err)s',
                {'image': image.id, 'err': err},
            )
        return ()

    def _record(self, image: Image, pool: Pool, storage: FileStorage) -> Record | None:
        there = pool.stored(record_name(image.id))
        try:
            record_file = self._files.stat(there)
            if not (
                record_file
                and record_file.regular
                and record_file.size <= MOST_RECORD_BYTES
            ):
                return None
            record = self._fetch(image, pool, storage)
            bytes_there = self._files.stat(pool.stored(image.cached_name))
        except OntapUnreachableError:
            raise
        except OntapError as err:
            LOG.debug(
                'Pool %(pool)s cannot be searched: %(err)s',
                {'pool': pool.name, 'err': err},
            )
            return None
        complete = (
            record
            and bytes_there
            and bytes_there.regular
            and bytes_there.size == record.virtual_size
        )
        return record if complete else None

    def _fetch(self, image: Image, pool: Pool, storage: FileStorage) -> Record | None:
        """Have ONTAP copy the record to here, and read it."""
        there = pool.stored(record_name(image.id))
        # A name that the sweep removes, if this is cut off.
        name = f'{there.name}.{secrets.token_hex(4)}'
        try:
            self._files.copy(there, storage.pool.stored(name), _COPY_SECONDS)
            return parse_record(
                storage.mount.read(name, MOST_RECORD_BYTES),
                place_of(pool.stored(image.cached_name), image.id),
                storage.seals,
            )
        finally:
            storage.remove(name)
