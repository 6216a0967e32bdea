"""Route ``download``: the bytes come from Glance, once for each cluster.

They are fetched and converted to raw by Cinder's own image utilities, straight
into the cached image; other pools of the cluster copy that. Images of any
format that Cinder takes go this way, and raw ones that ONTAP cannot reach.
"""

from eic_plugins.engine.routes import FillRoute, FillTools
from eic_plugins.model import Offer, Refusal, Situation, Source, StoredObject
from eic_plugins.storage.interface import Filled


class Download(FillRoute):
    """One download and at most one conversion."""

    name = 'download'
    cost = 1000
    once_per_cluster = True
    from_glance = True

    def offer(self, situation: Situation) -> Offer | Refusal:
        """Always: what Glance serves can be fetched."""
        return self.accept()

    def fill(
        self, tools: FillTools, source: Source | None, target: StoredObject
    ) -> Filled:
        """Fetch and convert the image."""
        return tools.download(target)
