"""What a benchmark answers: targets, tables, and the numbers behind them."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

Measured = TypeVar('Measured')
"""What a row of a table is about."""
Columns = Mapping[str, Callable[[Any], object]]
"""What stands in each column of a table, by its header."""


@dataclasses.dataclass(frozen=True)
class Target:
    """What was to be reached: ``measured`` may be ``limit`` at most."""

    what: str
    measured: float
    limit: float
    is_count: bool
    """A count is the same on every machine: to miss it is an error. A ratio of
    times depends on what else the machine does."""

    @property
    def met(self) -> bool:
        """Whether it was reached."""
        return self.measured <= self.limit

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {**dataclasses.asdict(self), 'met': self.met}


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows of cells, both drivers in each table."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @classmethod
    def of(
        cls,
        title: str,
        rows: Iterable[Measured],
        columns: Mapping[str, Callable[[Measured], object]],
    ) -> 'Table':
        """A table of what was measured.

        :param columns: what stands in each column, by its header
        """
        return cls(
            title,
            tuple(columns),
            tuple(tuple(str(cell(row)) for cell in columns.values()) for row in rows),
        )

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class Answer:
    """The answer to one question."""

    question: str
    targets: tuple[Target, ...]
    tables: tuple[Table, ...]
    numbers: Any
    """Everything measured, as JSON can hold it."""
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """What ``run`` of a benchmark returns."""
        return {
            'question': self.question,
            'targets': [target.to_json() for target in self.targets],
            'tables': [table.to_json() for table in self.tables],
            'notes': list(self.notes),
            'numbers': self.numbers,
        }


def missed_counts(answers: dict[str, dict[str, Any]]) -> list[str]:
    """The targets that are counts and were not reached, by benchmark."""
    return [
        f'{name}: {target["what"]} is {shown(target["measured"])} instead of '
        f'at most {shown(target["limit"])}'
        for name, answer in answers.items()
        for target in answer['targets']
        if target['is_count'] and not target['met']
    ]


def shown(value: float) -> str:
    """A number as people read it."""
    return f'{value:.0f}' if value == int(value) else f'{value:.2f}'
