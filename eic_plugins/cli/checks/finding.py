"""What a check finds: pass, warning, failure, or that it could not see."""

import dataclasses
import enum


class Status(enum.StrEnum):
    """How a finding ends, the worst one first."""

    FAILURE = 'failure'
    WARNING = 'warning'
    NOT_SEEN = 'not seen'
    PASS = 'pass'  # noqa: S105 - no password


@dataclasses.dataclass(frozen=True)
class Change:
    """One line to change in a file.

    ``section`` of a JSON file is the number of the list's entry. Without a
    ``value`` the line goes. ``safe`` if ``eic check --fix`` may do it: no
    request of a user is answered in another way afterwards.
    """

    file: str
    section: str
    option: str
    value: str | None = None
    safe: bool = False

    def __str__(self) -> str:
        line = self.option if self.value is None else f'{self.option} = {self.value}'
        verb = 'remove' if self.value is None else 'set'
        how = ' (eic check --fix does it)' if self.safe else ''
        return f'{self.file}: in [{self.section}] {verb} {line}{how}'


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that a check says.

    ``why`` is a sentence without its full stop; ``remedy`` is what to do where
    ``changes`` do not say it.
    """

    status: Status
    why: str = ''
    remedy: str = ''
    changes: tuple[Change, ...] = ()

    @property
    def advice(self) -> str:
        """What to do, in one text."""
        return '; '.join(filter(None, (*map(str, self.changes), self.remedy)))


class NotSeenError(Exception):
    """What a check needs cannot be seen from this host.

    :param why: what could not be seen, and why
    :param remedy: where, or as whom, it can be seen
    """

    def __init__(self, why: str, remedy: str = '') -> None:
        super().__init__(why)
        self.why = why
        self.remedy = remedy


def failure(why: str, *changes: Change, remedy: str = '') -> Finding:
    """What keeps something from working."""
    return Finding(Status.FAILURE, why, remedy, changes)


def warning(why: str, *changes: Change, remedy: str = '') -> Finding:
    """What works, but slower, less safely, or by luck."""
    return Finding(Status.WARNING, why, remedy, changes)


def passed(why: str) -> Finding:
    """What is well, where that needs a word."""
    return Finding(Status.PASS, why)


def not_seen(why: str, remedy: str = '') -> Finding:
    """What could not be looked at, where the rest of the check could."""
    return Finding(Status.NOT_SEEN, why, remedy)
