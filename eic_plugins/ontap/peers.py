"""SVM peering: what ONTAP asks for before it copies a file between SVMs.

A copy from one SVM to another of the cluster needs a peering between them with
the application ``file_copy``. It is looked up, and created only with SVMs that the
operator named (``[eic] create_svm_peering``): on a cluster of several tenants, others
are not ours to peer with.
"""

from collections.abc import Iterable

from oslo_log import log as logging

from eic_plugins.ontap import jobs
from eic_plugins.ontap.session import (
    RETURN_TIMEOUT,
    JsonObject,
    OntapError,
    OntapSession,
)
from eic_plugins.support.clock import SYSTEM, Clock
from eic_plugins.support.memory import Memory

LOG = logging.getLogger(__name__)

_PATH = '/api/svm/peers'
_APPLICATION = 'file_copy'
_TTL = 600.0


class Peers:
    """Which SVMs of one cluster may copy files from each other.

    Only a yes is remembered: after a no, the volume is downloaded, beside
    which the question costs nothing.

    :param may_create: the SVMs that a peering may be made with
    """

    def __init__(
        self,
        session: OntapSession,
        may_create: Iterable[str] = (),
        clock: Clock = SYSTEM,
    ) -> None:
        self._session = session
        self._may_create = frozenset(may_create)
        self._clock = clock
        self._peered: Memory[frozenset[str], bool] = Memory(_TTL, clock=clock)

    def may_copy(self, svm: str, other: str) -> bool:
        """True if files can be copied between the two; a no is in the log."""
        pair = frozenset({svm, other})
        if len(pair) == 1:
            return True
        if self._peered.get(pair):
            return True
        try:
            peered = self._find(pair) or self._create(svm, other)
        except OntapError as err:
            LOG.warning(
                'Whether SVMs %(svm)s and %(other)s are peered for '
                'file_copy is not to be had, so no file is copied '
                'between them: %(err)s',
                {'svm': svm, 'other': other, 'err': err},
            )
            return False
        if peered:
            self._peered.put(pair, True)
        return peered

    def partners(self, svm: str) -> list[str]:
        """The SVMs of the cluster that files can be copied from to ``svm``.

        :raises OntapError: the cluster did not answer
        """
        records = self._session.records(
            _PATH,
            **{'svm.name': svm, 'fields': 'svm.name,peer.svm.name,state,applications'},
        )
        others = {_other_end(record, svm) for record in records}
        return sorted(
            other
            for other in others
            if other
            and any(_allows(record, frozenset({svm, other})) for record in records)
        )

    def forget(self) -> None:
        """Ask again: a copy was refused."""
        self._peered.clear()

    def _find(self, pair: frozenset[str]) -> bool:
        records = self._session.records(
            _PATH,
            **{
                'svm.name': '|'.join(sorted(pair)),
                'fields': 'svm.name,peer.svm.name,state,applications',
            },
        )
        return any(_allows(record, pair) for record in records)

    def _create(self, svm: str, other: str) -> bool:
        if other not in self._may_create:
            return False
        deadline = self._clock.monotonic() + RETURN_TIMEOUT
        try:
            self._post(svm, other)
        except jobs.JobUnknownError as err:
            # As on FSx: the job is 404 at once, and the peering is made.
            LOG.debug('%s; looking for the peering itself', err)
        else:
            deadline = 0.0
        pair = frozenset({svm, other})
        found = any(self._find(pair) for _ in jobs.looks(deadline, self._clock))
        if found:
            LOG.info(
                'Peered SVMs %(svm)s and %(other)s for file_copy, as '
                'create_svm_peering says.',
                {'svm': svm, 'other': other},
            )
        return found

    def _post(self, svm: str, other: str) -> None:
        answer = self._session.post(
            _PATH,
            {
                'svm': {'name': svm},
                'peer': {'svm': {'name': other}},
                'applications': [_APPLICATION],
            },
            return_timeout=RETURN_TIMEOUT,
        )
        uuid = jobs.job_uuid(answer)
        if uuid is not None:
            jobs.wait(self._session, uuid, RETURN_TIMEOUT, self._clock)


def _other_end(record: JsonObject, svm: str) -> str:
    ends = {
        str(record.get('svm', {}).get('name', '')),
        str(record.get('peer', {}).get('svm', {}).get('name', '')),
    }
    return next(iter(ends - {svm}), '')


def _allows(record: JsonObject, pair: frozenset[str]) -> bool:
    ends = {
        record.get('svm', {}).get('name'),
        record.get('peer', {}).get('svm', {}).get('name'),
    }
    return (
        ends == pair
        and record.get('state') == 'peered'
        and _APPLICATION in record.get('applications', ())
    )
