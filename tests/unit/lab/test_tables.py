"""Tables for a terminal and for a manual."""

from lab import tables

HEADER = ('driver', 'calls')
ROWS = (('eic', '1.10'), ('stock', '-'))


def test_a_terminal_gets_columns_and_cells_as_they_are() -> None:
    header, line, first, second = tables.text(HEADER, ROWS).splitlines()
    assert set(line) == {'-', ' '}
    column = header.index('calls')
    assert (first[column:], second[column:]) == ('1.10', '-')


def test_a_manual_gets_rows_that_do_not_depend_on_each_other() -> None:
    assert tables.markdown(HEADER, ROWS).splitlines() == [
        '| driver | calls |',
        '|---|---|',
        '| eic | 1.10 |',
        '| stock | - |',
    ]
