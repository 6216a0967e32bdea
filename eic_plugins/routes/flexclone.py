"""Route ``flexclone``: Glance's image file is in the pool's own FlexVol."""

from eic_plugins.model import Offer, Reason, Refusal, Situation, StoredFile
from eic_plugins.ontap.files import Files
from eic_plugins.routes import FillLimits, FillRoute, raw_copies


class FlexClone(FillRoute):
    """One constant-time clone call, no copy of any byte."""

    name = 'flexclone'
    cost = 10

    def offer(self, situation: Situation) -> Offer | Refusal:
        """The first image file in the FlexVol of the pool."""
        copies = raw_copies(self, situation)
        if isinstance(copies, Refusal):
            return copies
        here = situation.pool.flexvol
        for copy in copies:
            if copy.flexvol.uuid == here.uuid:
                return self.accept(copy)
        return self.refuse(Reason.OTHER_FLEXVOL)

    def fill(self, files: Files, source: StoredFile, target: StoredFile,
             limits: FillLimits) -> None:
        """FlexClone the image file."""
        files.clone(source, target, limits.clone)
