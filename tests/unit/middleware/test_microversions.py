"""A microversion is compared only if the API reads it, too."""

import pytest
from microversion_parse import Version

from eic_plugins.middleware.microversions import is_at_least


@pytest.mark.parametrize(
    ('version', 'expected'),
    [
        ('3.52', False),
        ('3.53', True),
        ('3.60', True),
        ('3.100', True),
        ('4.0', True),
        ('2.99', False),
        ('latest', True),
        (None, False),
        ('', False),
        ('3', False),
        ('3.6.0', False),
        ('03.60', False),
        ('3.060', False),
        ('-3.60', False),
        ('+3.60', False),
        (' 3.60', False),
        ('3. 60', False),
        ('3.60\n', False),
        ('3.\xb2', False),
        ('3.6_0', False),
        ('Latest', False),
        (f'3.{"9" * 5000}', False),
    ],
)
def test_what_is_at_least_3_53(version: str | None, expected: bool) -> None:
    assert is_at_least(version, Version(3, 53)) is expected
