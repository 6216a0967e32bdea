"""Remembers what a backend's role on ONTAP does not allow.

What ONTAP has forbidden is not tried for five minutes. So one volume finds out, and
the others do not download an image in vain. Only what was forbidden is left out, and
not what is like it: a subject is a route by its name, or one of those below.
"""

import dataclasses
from collections.abc import Hashable

from eic_plugins.model import Refusal
from eic_plugins.support.clock import SYSTEM, Clock
from eic_plugins.support.memory import Memory

SECONDS = 300.0
CLONING = 'cloning'
"""No volume is cloned from a cached image."""
GROWING = 'growing'
"""Volumes are cloned, and none becomes larger than its image."""


@dataclasses.dataclass(frozen=True)
class Publishing:
    """No cached image gets its name in that FlexVol. In another one, the mount may
    allow what the role does not.
    """

    flexvol: str


@dataclasses.dataclass(frozen=True)
class Fetching:
    """A route gets no bytes that are on ONTAP, from one SVM: a role may be for some.

    :param of_file: a LUN is made of an image file, and not of a LUN
    """

    route: str
    svm: str
    of_file: bool


class Denials:
    """What one backend was forbidden lately."""

    def __init__(self, clock: Clock = SYSTEM) -> None:
        self._refusals: Memory[Hashable, Refusal] = Memory(SECONDS, clock=clock)

    def add(self, subject: Hashable, refusal: Refusal) -> None:
        """Leave it out from now on."""
        self._refusals.put(subject, refusal)

    def find(self, subject: Hashable) -> Refusal | None:
        """Why that is to be left out, None if it may be tried."""
        return self._refusals.get(subject)
