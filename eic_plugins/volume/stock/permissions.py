"""Whether a volume's file has the mode that the stock NFS driver would give it.

``chmod`` is for the owner alone. With ``nas_secure_file_operations``, cinder-volume is
not root, and a volume may be a clone of a file of Glance's, which has Glance's owner:
and so has each clone of that volume.
"""

import os
import stat
from pathlib import Path
from typing import Any

SECURE, OPEN = 0o660, 0o666
"""With ``nas_secure_file_permissions``, and without."""


def mode(options: Any) -> int:
    """The bits that a volume's file must have.

    :param options: the backend's, as the stock driver has settled them
    """
    return SECURE if options.nas_secure_file_permissions == 'true' else OPEN


def suffice(path: str, wanted: int) -> bool:
    """True for somebody else's file that may be read and written as it is."""
    try:
        found = Path(path).stat(follow_symlinks=False)
    except OSError:
        return False
    return (
        stat.S_ISREG(found.st_mode)
        and found.st_uid != os.geteuid()
        and found.st_mode & wanted == wanted
    )
