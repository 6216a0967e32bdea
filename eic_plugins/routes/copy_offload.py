"""Route ``copy_offload``: the bytes are elsewhere on the pool's cluster.

The cluster copies them between FlexVols (``/storage/file/copy``), from Glance's
image file or from another pool's cached image; no host reads or writes them.
Between SVMs that takes a peering with the application ``file_copy``.
"""

from collections.abc import Iterable

from eic_plugins.model import Offer, Reason, Refusal, Situation, StoredFile
from eic_plugins.ontap.files import Files
from eic_plugins.routes import FillLimits, FillRoute, raw_copies


class CopyOffload(FillRoute):
    """One copy inside the cluster for the pool's first volume."""

    name = 'copy_offload'
    cost = 100

    def offer(self, situation: Situation) -> Offer | Refusal:
        """Any file with the image's raw bytes in another FlexVol; one in the
        pool's own SVM first.
        """
        cached = tuple(image.file for image in situation.cached_elsewhere)
        copies = raw_copies(self, situation)
        found = cached if isinstance(copies, Refusal) else (*cached, *copies)
        if not found and isinstance(copies, Refusal):
            return copies
        source = self._nearest(found, situation)
        if source is None:
            return self.refuse(self._why_none(found, situation))
        return self.accept(source)

    def fill(self, files: Files, source: StoredFile, target: StoredFile,
             limits: FillLimits) -> None:
        """Have the cluster copy the file."""
        files.copy(source, target, limits.copy, limits.copy_throughput)

    @staticmethod
    def _nearest(found: Iterable[StoredFile],
                 situation: Situation) -> StoredFile | None:
        here = situation.pool.flexvol
        reachable = [
            file for file in found
            if file.flexvol.cluster == here.cluster
            and file.flexvol.uuid != here.uuid
            and file.flexvol.svm in {here.svm, *situation.peered_svms}]
        own_svm_first = sorted(
            reachable, key=lambda file: file.flexvol.svm != here.svm)
        return next(iter(own_svm_first), None)

    @staticmethod
    def _why_none(found: Iterable[StoredFile], situation: Situation) -> Reason:
        here = situation.pool.flexvol
        if any(file.flexvol.uuid == here.uuid for file in found):
            return Reason.SAME_FLEXVOL
        return Reason.SVM_NOT_PEERED
