"""Files of ONTAP on a local directory: what a FlexVol and its mount have in
common. Errors can be queued for each operation.
"""

import shutil
from typing import Any

from eic_plugins.ontap.files import FileStat
from eic_plugins.ontap.session import OntapRejectedError


class FakeFiles:
    """``roots`` maps a FlexVol's uuid to the directory that is its root."""

    def __init__(self, roots: Any) -> None:
        self.roots = dict(roots)
        self.errors = {}
        self.vanished = set()
        self.calls = []

    def fail(self, operation: Any, error: Any, after_effect: Any = False) -> None:
        self.errors.setdefault(operation, []).append((error, after_effect))

    def _path(self, file: Any) -> Any:
        return self.roots[file.flexvol.uuid] / file.path

    def _do(self, operation: Any, effect: Any, *names: Any) -> None:
        self.calls.append((operation, *names))
        queued = self.errors.get(operation)
        error, after = queued.pop(0) if queued else (None, False)
        if error is None or after:
            effect()
        if error is not None:
            raise error

    def _copy(self, source: Any, destination: Any) -> None:
        if not self._path(source).exists():
            raise OntapRejectedError(404, '6684674', 'no such file')
        if self._path(destination).exists():
            raise OntapRejectedError(409, '13565952', 'exists')
        shutil.copyfile(self._path(source), self._path(destination))

    def clone(self, source: Any, destination: Any, timeout: Any) -> None:
        assert source.flexvol == destination.flexvol
        self._do(
            'clone',
            lambda: self._copy(source, destination),
            source.path,
            destination.path,
        )

    def copy(
        self,
        source: Any,
        destination: Any,
        timeout: Any,
        throughput: Any = 0,
        keep: Any = None,
    ) -> None:
        assert source.flexvol != destination.flexvol
        self._do(
            'copy',
            lambda: self._copy(source, destination),
            source.path,
            destination.path,
        )

    def rename(self, file: Any, to: Any) -> None:
        def effect() -> None:
            if self._path(to).exists():
                raise OntapRejectedError(409, '1', 'exists')
            self._path(file).rename(self._path(to))

        self._do('rename', effect, file.path, to.path)

    def delete(self, file: Any) -> None:
        self._do('delete', lambda: self._path(file).unlink(missing_ok=True), file.path)

    def stat(self, file: Any) -> Any:
        path = self._path(file)
        if file.name in self.vanished or not path.exists():
            return None
        return FileStat(path.stat().st_size)

    def done(self, operation: Any) -> Any:
        return sum(1 for call in self.calls if call[0] == operation)
