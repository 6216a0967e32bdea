"""A clock that a test moves; whoever sleeps moves it, too."""

import dataclasses


@dataclasses.dataclass
class FakeClock:
    """Both of its times are ``now``; ``pauses`` are what was slept."""

    now: float = 0.0
    pauses: list[float] = dataclasses.field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds
