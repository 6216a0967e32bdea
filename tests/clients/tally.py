"""What a client tried, what passed, and whose fault it is if it did not."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

Step = Callable[[], object]


@dataclasses.dataclass(frozen=True)
class Attempt:
    """One call of a client; ``error`` is empty if it passed."""

    call: str
    error: str = ''

    @property
    def passed(self) -> bool:
        return not self.error


@dataclasses.dataclass(frozen=True)
class Known:
    """Why a call does not pass, and whose fault that is."""

    whose: str
    """"client": its own; "call": it should fail; "simulator"; "driver": the
    released service never makes the call in this way."""
    why: str


@dataclasses.dataclass(frozen=True)
class Tally:
    """One client's attempts."""

    client: str
    version: str
    attempts: Sequence[Attempt]
    known: Mapping[str, Known]

    @property
    def passed(self) -> int:
        return sum(attempt.passed for attempt in self.attempts)

    @property
    def surprises(self) -> dict[str, str]:
        """What failed and is not known to, and what is known to fail and passed."""
        failed = {a.call: a.error for a in self.attempts if not a.passed}
        tried = {attempt.call for attempt in self.attempts}
        return {
            **{call: error for call, error in failed.items() if call not in self.known},
            **{
                call: 'passed' if call in tried else 'was not tried'
                for call in self.known
                if call not in failed
            },
        }


def attempt(call: str, step: Step) -> Attempt:
    """Make a call; a result of False is a failure, too."""
    try:
        found = step()
    except Exception as err:
        return Attempt(call, f'{type(err).__name__}: {" ".join(str(err).split())}')
    return Attempt(call, '' if found is not False else 'another result')
