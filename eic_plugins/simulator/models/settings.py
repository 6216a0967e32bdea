"""What can be changed while the cluster runs."""

import dataclasses


@dataclasses.dataclass
class Settings:
    """How fast, and how many, file copies run; what is near a limit."""

    copy_throughput: int
    """Bytes per second of each copy; 0: as fast as it goes."""
    copy_limit: int
    unsplit_size: int = 0
    """Bytes of unsplit clones that each FlexVol shows."""
    split_load: int = 0
    """Bytes that each node shows to be splitting."""
