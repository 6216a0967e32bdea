"""For tests against a simulator: start one, ask it, mount what it exports.

What is here needs the extra ``testing``. No test framework is needed: the
functions are context managers, and what cannot be done here raises
:class:`NotPossibleError`.
"""

from ontap_simulator.testing.client import Simulator
from ontap_simulator.testing.mounts import (
    NotPossibleError,
    best_storage,
    mount_helper,
    private_mounts,
    reflink_storage,
)
from ontap_simulator.testing.serving import serving

__all__ = [
    'NotPossibleError',
    'Simulator',
    'best_storage',
    'mount_helper',
    'private_mounts',
    'reflink_storage',
    'serving',
]
