"""Tries on an ONTAP what is documented nowhere: for ``eic verify``.

Each trial does one thing to what its caller made for it, and says what happened.
"""

import dataclasses
import enum
from collections.abc import Sequence
from typing import Any

from eic_plugins.model import FlexVol, StoredObject
from eic_plugins.ontap import jobs
from eic_plugins.ontap.files import Files, PathOf, SvmNotPeeredError, is_missing
from eic_plugins.ontap.session import (
    RETURN_TIMEOUT,
    OntapError,
    OntapForbiddenError,
    OntapRejectedError,
    OntapSession,
)
from eic_plugins.support.clock import SYSTEM, Clock

_SECONDS = 30.0
_NOT_ALLOWED = '6'


class NothingMadeError(OntapError):
    """Work was accepted, its job is not known, and nothing came of it."""


class Copied(enum.Enum):
    """What came of a copy."""

    DONE = 'done'
    NOT_FOUND = 'its source was not found'
    NOT_PEERED = 'the SVMs are not peered for it'


@dataclasses.dataclass(frozen=True)
class Held:
    """What a clone was answered with.

    ``in_time`` if ONTAP held the answer until the work had ended. ``job_found`` is
    None if no job was to be looked for.
    """

    in_time: bool
    job_found: bool | None


@dataclasses.dataclass(frozen=True)
class Trials:
    """Tries things on one cluster, as the user of a backend.

    Each method raises :class:`OntapError` if the cluster does not answer, or refuses
    what it should do.
    """

    session: OntapSession
    files: Files
    clock: Clock = SYSTEM

    def clone(
        self, source: StoredObject, destination: StoredObject, hold: bool
    ) -> Held:
        """FlexClone a file, and look at the answer's job.

        :param hold: whether ONTAP is to hold the answer until the work has ended
        """
        answer = self.session.post(
            '/api/storage/file/clone',
            {
                'volume': {'uuid': source.flexvol.uuid, 'name': source.flexvol.name},
                'source_path': source.path,
                'destination_path': destination.path,
            },
            return_timeout=RETURN_TIMEOUT if hold else 0,
        )
        job = jobs.job_uuid(answer)
        if job is None:
            return Held(True, None)
        try:
            jobs.wait(self.session, job, _SECONDS, self.clock)
        except jobs.JobUnknownError:
            self._await(destination)
            return Held(False, False)
        return Held(False, True)

    def copy(
        self, source: StoredObject, destination: StoredObject, path_of: PathOf
    ) -> Copied:
        """Copy a file, with its paths written in one form."""
        try:
            Files(self.session, self.clock, [path_of]).copy(
                source, destination, _SECONDS
            )
        except SvmNotPeeredError:
            return Copied.NOT_PEERED
        except OntapRejectedError as err:
            if is_missing(err):
                return Copied.NOT_FOUND
            raise
        except jobs.JobUnknownError:
            self._await(destination)
        return Copied.DONE

    def shared_data(self, flexvol: FlexVol) -> Sequence[Any]:
        """What clones of a FlexVol share; empty if the user is not shown it.

        :raises OntapForbiddenError: the user may not ask
        """
        return self.session.records(
            '/api/storage/file/clone/split-status', **{'volume.uuid': flexvol.uuid}
        )

    def makers_of_peerings(self, svm: str, other: str) -> list[str]:
        """The SVMs that peerings of the two are of, for file copies."""
        listed = self.session.records(
            '/api/svm/peers', fields='svm.name,peer.svm.name,applications'
        )
        return [
            record['svm']['name']
            for record in listed
            if {record['svm']['name'], record['peer']['svm']['name']} == {svm, other}
            and 'file_copy' in record.get('applications', ())
        ]

    def may_make_luns_of_files(self, flexvol: FlexVol) -> bool:
        """Ask for a LUN of a file that is not there: so nothing is made."""
        missing = f'/vol/{flexvol.name}/eic-verify-nothing'
        try:
            self.session.post(
                '/api/private/cli/lun',
                {
                    'vserver': flexvol.svm,
                    'path': f'{missing}.lun',
                    'file-path': missing,
                    'ostype': 'linux',
                },
            )
        except OntapForbiddenError:
            return False
        except OntapRejectedError as err:
            return err.code != _NOT_ALLOWED
        return True

    def seconds_of_a_call(self) -> float:
        """How long one small GET takes."""
        started = self.clock.monotonic()
        self.session.get('/api/cluster', fields='version')
        return self.clock.monotonic() - started

    def _await(self, file: StoredObject) -> None:
        """Wait for a file whose job nobody knows.

        :raises NothingMadeError: it does not come
        """
        for _ in jobs.looks(self.clock.monotonic() + _SECONDS / 3, self.clock):
            if self.files.stat(file) is not None:
                return
        raise NothingMadeError(f'nothing came of {file.path}, and its job is not known')
