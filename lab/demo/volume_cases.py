"""What the demo tries, and what EIC is expected to do about it."""

import dataclasses

HIT_CALLS = 2
"""ONTAP REST calls that a hit may cost."""
LUN_HIT_CALLS = 3
"""The same for a LUN, which is grown to the volume's size by a call."""


@dataclasses.dataclass(frozen=True)
class VolumeCase:
    """One volume from the image: in which pool, and what is expected of EIC."""

    title: str
    pool: str
    route: str
    refused: str = ''
    """The reason code that must stand among the refused routes."""
    calls: int | None = None
    """The most ONTAP calls that it may cost."""


CASES = (
    VolumeCase("image's FlexVol, first", 'images', 'flexclone', 'not_cached'),
    VolumeCase("image's FlexVol, again", 'images', 'cached', calls=HIT_CALLS),
    VolumeCase('other FlexVol, first', 'gold', 'copy_offload', 'other_flexvol'),
    VolumeCase('other FlexVol, again', 'gold', 'cached', calls=HIT_CALLS),
    VolumeCase('other cluster', 'remote', 'download', 'other_cluster'),
    VolumeCase('LUN, first', 'block-one', 'download', 'file_not_lun'),
    VolumeCase('LUN, again', 'block-one', 'cached', calls=LUN_HIT_CALLS),
    VolumeCase(
        'LUN in other FlexVol, first', 'block-two', 'copy_offload', 'not_cached'
    ),
    VolumeCase(
        'LUN in other FlexVol, again', 'block-two', 'cached', calls=LUN_HIT_CALLS
    ),
)
