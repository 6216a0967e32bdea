"""Route ``adopt``: the stock driver has left its cached file in the pool.

The stock driver publishes ``img-cache-<image id>`` without a look at its bytes
and in the size of the first volume. A clone of it becomes a cached image when,
cut to the image's size, it has the checksum that Glance has of the image
(``os_hash_value``): the host reads it once, and nothing is downloaded. Of an
image that is converted Glance has no checksum of the raw bytes, so such a file
is replaced.
"""

from eic_plugins.engine.routes import CopyRoute, FillTools
from eic_plugins.model import (
    Offer,
    Reason,
    Refusal,
    Situation,
    Source,
    StoredObject,
)


class Adopt(CopyRoute):
    """One clone, and one reading of the bytes by the host."""

    name = 'adopt'
    cost = 500
    shares_bytes = True

    def offer(self, situation: Situation) -> Offer | Refusal:
        """The file that has the cached image's name, but no record."""
        image, stock_file = situation.image, situation.stock_file
        if stock_file is None:
            return self.refuse(Reason.NO_STOCK_FILE)
        if not image.provable:
            return self.refuse(Reason.NO_CHECKSUM)
        return self.accept(Source(stock_file))

    def make(self, tools: FillTools, source: Source, target: StoredObject) -> None:
        """Clone the file, unless it is another one than the image."""
        tools.copier.clone(source.stored, target, tools.limits.clone)
        tools.prove(target)
