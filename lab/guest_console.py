"""Waits for what a server's guest says on its serial console.

The file is the one that QEMU writes and that Nova's console log is read from. So
nobody asks an API while a boot is timed.
"""

import dataclasses
import time
from pathlib import Path

from lab import guests
from lab.context import Lab
from lab.guest_image import words
from lab.guest_image.words import Word
from lab.guests import GuestHost
from lab.waiting import wait_until

_SECONDS = 300
_POLL_SECONDS = 0.1


@dataclasses.dataclass(frozen=True)
class GuestConsole:
    """The console of one server."""

    path: Path

    def text(self) -> str:
        """All of it so far."""
        try:
            return self.path.read_text(encoding='utf-8', errors='replace')
        except FileNotFoundError:
            return ''

    def hear(
        self, kind: str, seconds: float = _SECONDS, **fields: str
    ) -> tuple[Word, float]:
        """Wait for such a word; the word, and when it was heard.

        :returns: the time in seconds since the epoch
        :raises LabError: it was not said within ``seconds``
        """
        word = wait_until(
            lambda: words.last(self.text(), kind, **fields),
            lambda: f'the guest to say {kind} {fields or ""} in {self.path}',
            seconds,
            every=_POLL_SECONDS,
        )
        return word, time.time()

    def count(self, kind: str) -> int:
        """How often it has said that."""
        return sum(word.kind == kind for word in words.of(self.text()))


def of(lab: Lab, host: GuestHost, server_id: str) -> GuestConsole:
    """The console of a server on one of the hosts of its side."""
    return GuestConsole(guests.instances(lab, host) / server_id / 'console.log')
