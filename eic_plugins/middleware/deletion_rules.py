"""Decides what becomes of a deletion that was postponed: pure.

A volume goes when it is made. It stays if anything was done with it since the
deletion was asked for: if it is or was attached, is named, described or owned
otherwise, or has a status in which Cinder deletes nothing.
"""

import dataclasses
import enum

from eic_plugins.middleware.status_watch import IN_THE_MAKING

_MADE = frozenset({'available', 'error'})


@dataclasses.dataclass(frozen=True)
class VolumeState:
    """What is to be known of a volume.

    ``used`` if it was ever attached to anything; ``mark`` is a digest of what only
    people change about it.
    """

    status: str
    used: bool
    mark: str


class Next(enum.StrEnum):
    """What becomes of a postponed deletion."""

    WAIT = 'wait'
    DELETE = 'delete'
    FORGET = 'forget'


def decide(volume: VolumeState | None, mark: str) -> Next:
    """What becomes of a deletion of a volume that had this mark.

    :param volume: as it is now, None if it is gone
    """
    if volume is None or volume.used or volume.mark != mark:
        return Next.FORGET
    if volume.status in IN_THE_MAKING:
        return Next.WAIT
    return Next.DELETE if volume.status in _MADE else Next.FORGET
