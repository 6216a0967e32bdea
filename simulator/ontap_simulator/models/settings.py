"""What can be changed while the cluster runs."""

import dataclasses


@dataclasses.dataclass
class Settings:
    """How fast, and how many, copies run; what is near a limit."""

    copy_throughput: int
    """Bytes per second of each copy; 0: as fast as it goes."""
    copy_limit: int
    unsplit_size: int = 0
    """Bytes of unsplit clones that each FlexVol shows; 0: what is measured."""
    split_load: int = 0
    """Bytes that each node shows to be splitting."""
    split_load_maximum: int = 32 << 40
    """Bytes that each node may be splitting."""
    lun_rounding: int = 0
    """Bytes of which the sizes of new and resized LUNs are multiples; 0: of blocks."""
    scan_throughput: int = 0
    """Bytes per second that a scan of old data reads; 0: as fast as it goes."""
