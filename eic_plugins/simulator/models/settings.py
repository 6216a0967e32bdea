"""What can be changed while the cluster runs."""

import dataclasses


@dataclasses.dataclass
class Settings:
    """How fast, and how many, file copies run."""

    copy_throughput: int
    """Bytes per second of each copy; 0: as fast as it goes."""
    copy_limit: int
