"""Notices when the source of a copy is not any more what it was."""

import dataclasses
import os

from ontap_simulator.disk import fiemap
from ontap_simulator.errors.common import OntapError
from ontap_simulator.models.volumes import FlexVol


@dataclasses.dataclass(frozen=True)
class FileRef:
    """A file on a FlexVol."""

    volume: FlexVol
    path: str


class SourceChangedError(OntapError):
    """The source was written to, replaced or deleted during the copy."""

    code = '131142'  # 131072 + ESTALE

    def __init__(self, path: str) -> None:
        super().__init__(f'The source file {path} changed during the copy.')


class SourceWatch:
    """Notices when the source of a copy is not what it was.

    While the copy runs, a frozen clone shares all extents of the source. What is
    then written to the source gets a new place on the disk: so writing can be told
    from touching. Where extents are not known, the modification time decides.
    """

    def __init__(self, source: FileRef, may_be_written: bool) -> None:
        self._source = source
        self._may_be_written = may_be_written
        self._inode = self._stat().st_ino
        self._content = self._fingerprint()

    def check_present(self) -> None:
        """
        :raises SourceChangedError: another file, or none, has the name now
        """
        try:
            same = self._stat().st_ino == self._inode
        except OSError:
            same = False
        if not same:
            raise SourceChangedError(self._source.path)

    def check_unchanged(self) -> None:
        """
        :raises SourceChangedError: the content is not the same any more
        """
        self.check_present()
        if self._may_be_written:
            return
        if self._fingerprint() != self._content:
            raise SourceChangedError(self._source.path)

    def _stat(self) -> os.stat_result:
        return self._source.volume.directory.stat(self._source.path)

    def _fingerprint(self) -> object:
        with self._source.volume.directory.open(self._source.path) as file:
            found = os.fstat(file)
            extents = fiemap.extents(file, flush=True)
            if not extents or any(not e.shared for e in extents):
                return found.st_size, found.st_mtime_ns
            return found.st_size, extents
