"""Which release of ONTAP has what is asked for: the one place that knows.

ONTAP refuses a request for a field that its release does not have (code 262197, a
filter 262179). Everything that is asked is there since :data:`OLDEST`, but for what
:data:`_SINCE` lists (NetApp's API description; ``tests/unit/ontap/test_releases.py``
has the release of each field that is asked for).
"""

from collections.abc import Mapping

from oslo_log import log as logging

from eic_plugins.ontap.session import OntapRejectedError, OntapSession

LOG = logging.getLogger(__name__)

Release = tuple[int, int, int]
"""Generation, major and minor, as in 9.15.1."""

OLDEST: Release = (9, 11, 1)
"""The oldest release that EIC works with, and is tested with."""

SPLIT_STATUS = '/api/storage/file/clone/split-status'
UNSPLIT_SIZE = 'unsplit_size'
_SINCE: Mapping[tuple[str, str], Release] = {(SPLIT_STATUS, UNSPLIT_SIZE): (9, 15, 0)}
_UNKNOWN = frozenset({'262197', '262179'})


def release_of(session: OntapSession) -> Release | None:
    """The release that the cluster says, None if the user may not read it.

    :raises OntapError: there is no answer
    """
    try:
        found = session.get('/api/cluster', fields='version').get('version')
    except OntapRejectedError as err:
        LOG.info('The release of ONTAP is not known, as ONTAP does not say: %s', err)
        return None
    if not found:
        return None
    return found['generation'], found['major'], found['minor']


def since(path: str, field: str) -> Release:
    """The release from which on a collection has the field."""
    return _SINCE.get((path, field), OLDEST)


def has(release: Release | None, path: str, field: str) -> bool:
    """False if it is known that the collection does not have the field there."""
    return release is None or release >= since(path, field)


def is_unknown(err: OntapRejectedError) -> bool:
    """True if ONTAP says that it has no such field, filter or parameter."""
    return err.code in _UNKNOWN


def written(release: tuple[int, ...]) -> str:
    """As people write it."""
    return '.'.join(map(str, release))
