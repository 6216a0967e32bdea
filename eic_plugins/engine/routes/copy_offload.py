"""Route ``copy_offload``: the bytes are elsewhere on the pool's cluster.

The cluster copies them between FlexVols, as a file or as a LUN: from Glance's
image file, or from another pool's cached image. No host reads or writes them.
Between SVMs only files are copied, and that takes a peering with the application
``file_copy``.
"""

from collections.abc import Iterable

from eic_plugins.engine.routes import CopyRoute, FillTools, raw_copies
from eic_plugins.model import (
    Offer,
    Reason,
    Refusal,
    Situation,
    Source,
    StoredObject,
)


class CopyOffload(CopyRoute):
    """One copy inside the cluster for the pool's first volume."""

    name = 'copy_offload'
    cost = 100
    inside_cluster = True

    def offer(self, situation: Situation) -> Offer | Refusal:
        """Any file with the image's raw bytes in another FlexVol; one in the
        pool's own SVM first.
        """
        cached = tuple(
            Source(image.stored, image) for image in situation.cached_elsewhere
        )
        copies = raw_copies(self, situation)
        sources = cached if isinstance(copies, Refusal) else (*cached, *copies)
        if not sources and isinstance(copies, Refusal):
            return copies
        source = self._nearest(sources, situation)
        if source is None:
            return self.refuse(self._why_none(sources, situation))
        return self.accept(source)

    def make(self, tools: FillTools, source: Source, target: StoredObject) -> None:
        """Have the cluster copy it."""
        tools.keep(source)
        tools.copier_for(source).copy(
            source.stored,
            target,
            tools.limits.copy,
            tools.limits.copy_throughput,
            lambda: tools.keep(source),
        )

    @staticmethod
    def _nearest(sources: Iterable[Source], situation: Situation) -> Source | None:
        here = situation.pool.flexvol
        reachable = [
            source
            for source in sources
            if source.stored.flexvol.cluster == here.cluster
            and source.stored.flexvol.uuid != here.uuid
            and source.stored.flexvol.svm in {here.svm, *situation.peered_svms}
        ]
        own_svm_first = sorted(
            reachable, key=lambda source: source.stored.flexvol.svm != here.svm
        )
        return next(iter(own_svm_first), None)

    @staticmethod
    def _why_none(sources: Iterable[Source], situation: Situation) -> Reason:
        here = situation.pool.flexvol
        if any(source.stored.flexvol.uuid == here.uuid for source in sources):
            return Reason.SAME_FLEXVOL
        return Reason.SVM_NOT_PEERED
