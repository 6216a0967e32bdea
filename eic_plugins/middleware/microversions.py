"""Compares the microversion that a request asks for, read as the APIs read it."""

import re

from microversion_parse import Version, parse_version_string

LATEST = 'latest'
_NUMBERS = re.compile(r'[1-9]\d{0,3}\.(?:0|[1-9]\d{0,3})', re.ASCII)
"""As Cinder and Nova match it. ``parse_version_string`` also takes blanks, signs and
zeros in front, which the APIs refuse; and no version has five digits."""


def is_at_least(version: str | None, least: Version) -> bool:
    """True if ``version`` is ``latest`` or not before ``least``.

    :param version: as the header has it; nothing, or what the API refuses, is False
    """
    if version == LATEST:
        return True
    if version is None or not _NUMBERS.fullmatch(version):
        return False
    return parse_version_string(version) >= least
