"""ONTAP's limits for clones: is a FlexVol, or its node, near one?

A FlexVol may have 640 TB of shared data. Each node takes a certain load of clones
that are still to be split; at the maximum it refuses new clones, until it has
split some. When ``[eic] clone_limit_percent`` of either is used, volumes are
downloaded.

Both are read with the pool statistics, and never for a volume. If the user may
not read one of them, volumes are cloned until ONTAP refuses.

Before 9.15 ONTAP does not tell how much data clones share. What efficiency saves in
a FlexVol is taken instead: that is as much, or more.
"""

from collections.abc import Callable, Iterable, Mapping

from oslo_log import log as logging
from oslo_utils import units

from eic_plugins.model import FlexVol
from eic_plugins.ontap import releases
from eic_plugins.ontap.session import (
    JsonObject,
    OntapBusyError,
    OntapError,
    OntapRejectedError,
    OntapSession,
)
from eic_plugins.support.clock import SYSTEM, Clock

LOG = logging.getLogger(__name__)

SHARED_DATA_LIMIT = 640 * units.Ti
"""Bytes that files of one FlexVol may share."""
_SAVED = 'efficiency.space_savings.total'
_SPLIT_LOADS = '/api/storage/file/clone/split-loads'
_TTL = 300.0

_ESTIMATED = 'What efficiency saves in each FlexVol is taken instead.'
_NOT_WATCHED = (
    'Nor does it tell what efficiency saves: shared data are not watched, and volumes '
    'are cloned until ONTAP refuses.'
)

Used = Mapping[str, float]
"""FlexVol's UUID -> what it has used of a limit, 1 being all of it."""


class CloneLimits:
    """How near the FlexVols of one backend are to ONTAP's limits.

    :param percent: of a limit from which on it counts as reached; 0 to read
        nothing
    """

    def __init__(
        self,
        session: OntapSession,
        percent: int,
        clock: Clock = SYSTEM,
    ) -> None:
        self._session = session
        self._percent = percent
        self._clock = clock
        self._read = float('-inf')
        self._release: releases.Release | None = None
        self._estimates = False
        """Whether it was said that shared data are estimated."""
        self._found: dict[str, Used] = {}
        self._refused: set[str] = set()
        self._reached: frozenset[str] = frozenset()

    def reached(self, flexvol: FlexVol) -> bool:
        """True if no more clones should be made there. Asks nobody."""
        return flexvol.uuid in self._reached

    def used(self, flexvol: FlexVol) -> float | None:
        """What is used of the nearest limit, None if nothing is known."""
        return max(
            (
                used[flexvol.uuid]
                for used in self._found.values()
                if flexvol.uuid in used
            ),
            default=None,
        )

    def forget(self) -> None:
        """Read them again at the next :meth:`refresh`."""
        self._read = float('-inf')

    def refresh(self, flexvols: Iterable[FlexVol]) -> None:
        """Read the cluster again if what is known is five minutes old."""
        if not self._percent or self._clock.monotonic() - self._read < _TTL:
            return
        self._read = self._clock.monotonic()
        here = {flexvol.uuid: flexvol for flexvol in flexvols}
        svms = '|'.join(sorted({flexvol.svm for flexvol in here.values()}))
        if not svms:
            return
        self._ask('shared data of FlexVols', self._shared_data, svms)
        self._ask('split load of nodes', self._split_load, svms)
        self._tell(here)

    def _ask(self, what: str, fetch: Callable[[str], Used], svms: str) -> None:
        try:
            self._found[what] = fetch(svms)
        except OntapBusyError as err:
            self._not_read(what, err)
        except OntapRejectedError as err:
            self._found.pop(what, None)
            if what not in self._refused:
                LOG.info(
                    'The %(what)s is not watched, so volumes are cloned '
                    'until ONTAP refuses. ONTAP does not show it: %(err)s',
                    {'what': what, 'err': err},
                )
            self._refused.add(what)
        except OntapError as err:
            self._not_read(what, err)
        else:
            self._refused.discard(what)

    @staticmethod
    def _not_read(what: str, err: OntapError) -> None:
        """What was read last is nearer to the truth than nothing."""
        LOG.debug('The %(what)s could not be read: %(err)s', {'what': what, 'err': err})

    def _shared_data(self, svms: str) -> Used:
        """What clones share, or what is saved in all where that is not told."""
        if self._tells_unsplit():
            try:
                return self._unsplit(svms)
            except OntapRejectedError as err:
                if not releases.is_unknown(err):
                    raise
        return self._saved(svms)

    def _tells_unsplit(self) -> bool:
        wanted = releases.SPLIT_STATUS, releases.UNSPLIT_SIZE
        # A cluster may be upgraded meanwhile.
        if self._release is None or not releases.has(self._release, *wanted):
            self._release = releases.release_of(self._session)
        return releases.has(self._release, *wanted)

    def _unsplit(self, svms: str) -> Used:
        records = self._session.records(
            releases.SPLIT_STATUS,
            **{'svm.name': svms, 'fields': f'volume.uuid,{releases.UNSPLIT_SIZE}'},
        )
        return {
            _uuid(record, 'volume'): int(record.get(releases.UNSPLIT_SIZE) or 0)
            / SHARED_DATA_LIMIT
            for record in records
        }

    def _saved(self, svms: str) -> Used:
        records = self._session.records(
            '/api/storage/volumes', **{'svm.name': svms, 'fields': f'uuid,{_SAVED}'}
        )
        found = {
            str(record.get('uuid')): int(saved['total']) / SHARED_DATA_LIMIT
            for record in records
            for saved in [(record.get('efficiency') or {}).get('space_savings') or {}]
            if 'total' in saved
        }
        if not self._estimates:
            LOG.info(
                'This ONTAP (%(release)s) does not tell how much data clones share, as '
                'it does from 9.15 on. %(instead)s',
                {
                    'release': releases.written(self._release or ()),
                    'instead': _ESTIMATED if found else _NOT_WATCHED,
                },
            )
        self._estimates = True
        return found

    def _split_load(self, svms: str) -> Used:
        """Each FlexVol has the load of the node that its aggregate is on."""
        loads = {
            _uuid(record, 'node'): _load(record.get('load') or {})
            for record in self._session.records(_SPLIT_LOADS, fields='node.uuid,load')
        }
        nodes = {
            str(record.get('uuid')): _uuid(record, 'node')
            for record in self._session.records(
                '/api/storage/aggregates', fields='uuid,node.uuid'
            )
        }
        volumes = self._session.records(
            '/api/storage/volumes',
            **{'svm.name': svms, 'fields': 'uuid,aggregates.uuid'},
        )
        return {
            str(volume.get('uuid')): max(
                (
                    loads.get(nodes.get(str(aggregate.get('uuid')), ''), 0.0)
                    for aggregate in volume.get('aggregates', ())
                ),
                default=0.0,
            )
            for volume in volumes
        }

    def _tell(self, here: Mapping[str, FlexVol]) -> None:
        reached = frozenset(
            uuid
            for used in self._found.values()
            for uuid, part in used.items()
            if part * 100 >= self._percent
        )
        for uuid in sorted(here.keys() & reached - self._reached):
            LOG.warning(
                'FlexVol %(name)s of SVM %(svm)s has used %(used)d %% '
                "of one of ONTAP's limits for clones: volumes from "
                'images are downloaded there.',
                {
                    'name': here[uuid].name,
                    'svm': here[uuid].svm,
                    'used': (self.used(here[uuid]) or 0.0) * 100,
                },
            )
        for uuid in sorted(here.keys() & self._reached - reached):
            LOG.info(
                'FlexVol %(name)s of SVM %(svm)s is clear of the limits '
                'for clones again.',
                {'name': here[uuid].name, 'svm': here[uuid].svm},
            )
        self._reached = reached


def _uuid(record: JsonObject, key: str) -> str:
    return str((record.get(key) or {}).get('uuid', ''))


def _load(load: JsonObject) -> float:
    """The part of a node's split load that is taken.

    ``allowable`` is what is left: the maximum less the current load and what
    tokens have reserved.
    """
    maximum = int(load.get('maximum') or 0)
    if not maximum:
        return 0.0
    taken = int(load.get('current') or 0) + int(load.get('token_reserved') or 0)
    if 'allowable' in load:
        taken = max(taken, maximum - int(load['allowable'] or 0))
    return taken / maximum
