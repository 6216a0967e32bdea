"""What each route costs, in counts: of REST calls, copies, downloads and reads."""

import dataclasses
from collections.abc import Mapping

from eic_plugins.model import CINDER_DOWNLOAD, Image


@dataclasses.dataclass(frozen=True)
class Cost:
    """What the next volume in the pool costs.

    ``calls`` are the REST calls of the driver as they were counted
    (docs/bench.json), None where they were not; ``downloads`` is how often the image
    comes from Glance; ``words`` say the rest.
    """

    calls: int | None
    downloads: int
    words: str


_FIRST_FILE_CALLS = 3
"""With a fill inside the cluster: the fill, its name, and the volume's clone."""
HIT_CALLS: Mapping[str, int] = {'files': 1, 'luns': 2, 'namespaces': 2}
"""The volume's clone; on block backends one more if the volume is larger."""
_INSIDE = {
    'flexclone': "one clone of Glance's file, in constant time; no copy",
    'copy_offload': 'one copy of {bytes} bytes inside the cluster; no host reads them',
}


def cost_of(route: str, kind: str, image: Image) -> Cost:
    """What a route costs in a pool.

    :param kind: what the pool's cached images are: ``files``, ``luns`` or
        ``namespaces``
    """
    if route == 'cached':
        return Cost(HIT_CALLS.get(kind), 0, 'one clone, in constant time; no copy')
    if route in _INSIDE:
        calls = _FIRST_FILE_CALLS if kind == 'files' else None
        words = _INSIDE[route].format(bytes=image.raw_size or image.size)
        return Cost(calls, 0, f'{words}; {_AFTER}')
    if route == 'adopt':
        return Cost(
            None, 0, f'one clone, which a host reads once; no download; {_AFTER}'
        )
    if route == 'download':
        return Cost(
            None,
            1,
            f'one download of {image.size} bytes, once for the cluster'
            f'{_conversion(image)}; {_AFTER}',
        )
    if route == CINDER_DOWNLOAD:
        return Cost(
            None,
            1,
            f'Cinder downloads {image.size} bytes for each volume{_conversion(image)}',
        )
    return Cost(None, 0, UNKNOWN)


UNKNOWN = 'a plugin of somebody else: its cost is not known'
_AFTER = 'later volumes are clones'


def _conversion(image: Image) -> str:
    return '' if image.plainly_raw else ', and converts them to raw'
