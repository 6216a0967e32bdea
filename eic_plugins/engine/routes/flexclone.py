"""Route ``flexclone``: Glance's image file is in the pool's own FlexVol."""

from eic_plugins.engine.routes import CopyRoute, FillTools, raw_copies
from eic_plugins.model import (
    Offer,
    Reason,
    Refusal,
    Situation,
    Source,
    StoredObject,
)


class FlexClone(CopyRoute):
    """One constant-time clone call, no copy of any byte."""

    name = 'flexclone'
    cost = 10
    shares_bytes = True
    inside_cluster = True

    def offer(self, situation: Situation) -> Offer | Refusal:
        """The first image file in the FlexVol of the pool."""
        copies = raw_copies(self, situation)
        if isinstance(copies, Refusal):
            return copies
        here = situation.pool.flexvol
        for copy in copies:
            if copy.stored.flexvol.uuid == here.uuid:
                return self.accept(copy)
        return self.refuse(Reason.OTHER_FLEXVOL)

    def make(self, tools: FillTools, source: Source, target: StoredObject) -> None:
        """FlexClone the image file."""
        tools.copier_for(source).clone(source.stored, target, tools.limits.clone)
