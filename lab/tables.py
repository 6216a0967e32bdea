"""Prints tables: of the demo and the benchmarks, for a terminal and in Markdown."""

from collections.abc import Iterable, Mapping, Sequence

import tabulate

Cells = Sequence[str]


def text(header: Cells, rows: Iterable[Cells]) -> str:
    """Columns for a terminal, with a line below the header."""
    return tabulate.tabulate(
        rows, headers=header, tablefmt='simple', disable_numparse=True
    )


def markdown(header: Cells, rows: Iterable[Cells]) -> str:
    """A Markdown table.

    tabulate pads every cell to the width of its column: one longer cell would
    change all lines of a manual that is kept under version control.
    """
    first, *others = (f'| {" | ".join(cells)} |' for cells in (header, *rows))
    return '\n'.join([first, f'|{"---|" * len(header)}', *others])


def counted(counts: Mapping[str, int]) -> str:
    """A cell that says of each kind how many there are, as ``2 cached, 1 download``."""
    return ', '.join(f'{count} {kind}' for kind, count in counts.items())
