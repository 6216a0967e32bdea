"""Numbers for people, and as they are for programs."""

import pytest

from eic_plugins.cli import terminal
from eic_plugins.cli.units import Bytes, Known, Percent, in_words, moment


@pytest.mark.parametrize(
    ('number', 'words'),
    [(0, '0 B'), (1023, '1023 B'), (1536, '1.5 KiB'), (3 << 40, '3.0 TiB')],
)
def test_bytes_are_told_in_their_largest_unit(number: int, words: str) -> None:
    assert in_words(number) == words
    assert Bytes(number).human_readable() == words
    assert Bytes(number).machine_readable() == number


@pytest.mark.parametrize('kind', [Bytes, Percent, Known])
def test_what_is_not_known_is_empty_for_people_and_null_for_programs(
    kind: type[Bytes],
) -> None:
    assert kind(None).human_readable() == ''
    assert kind(None).machine_readable() is None


def test_a_moment_is_utc() -> None:
    assert moment(0) == '1970-01-01T00:00:00+00:00'
    assert moment(None) is None


@pytest.mark.parametrize(
    ('done', 'total', 'shown'),
    [
        (0, 0, ''),
        (0, 4, '[........................]   0%'),
        (1, 2, '[############............]  50%'),
        (9, 2, '[########################] 100%'),
    ],
)
def test_a_bar_is_never_longer_than_itself(done: int, total: int, shown: str) -> None:
    assert terminal.bar(done, total) == shown
