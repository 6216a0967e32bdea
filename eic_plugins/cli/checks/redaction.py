"""Keeps passwords, tokens and locations of images out of all that is shown."""

import os
import re
from collections.abc import Iterable

from eic_plugins.cli.checks.configuration import Configuration, likely

_HIDDEN = '***'
_SECRET_NAME = re.compile(
    r'(?i)^(?!.*roles).*(pass|secret|token|auth_key|credential|transport_url)'
    r'|^connection$'
)
_OFTEN = ('password', 'secret', 'record_secret', 'netapp_password')
"""What is misspelt is secret all the same."""
# Hiding an ordinary word would leave no message that can be read. No check shows
# the value of such an option: what is done here is the second line of defence.
_PLAIN = re.compile(r'(?i)true|false|\d{0,5}|[a-z]{1,8}')
_USER_INFO = re.compile(r'(?<=://)[^/@\s]+@')
_LOCATION = re.compile(
    r'[a-z+]+://[^\s,;"\']*[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}[^\s,;"\']*'
)
_WITH_PASSWORD = re.compile(r'://[^/@:\s]*:([^/@\s]+)@')


class Redaction:
    """Hides what must not be shown.

    :param secrets: texts that are never shown
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = sorted(set(secrets), key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text without secrets, without what a terminal would obey."""
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        text = _LOCATION.sub(_HIDDEN, _USER_INFO.sub(f'{_HIDDEN}@', text))
        return ''.join(char if char.isprintable() else '?' for char in text)


def secrets_of(configurations: Iterable[Configuration]) -> set[str]:
    """What configuration files hold that nobody may see, and the environment's."""
    found = {os.environ.get('OS_PASSWORD', ''), os.environ.get('OS_TOKEN', '')}
    for configuration in configurations:
        for section in configuration.sections():
            for option in configuration.options_of(section):
                for text in configuration.raw(option, section):
                    found |= set(_secrets_in(option, text))
    return {text for text in found if not _PLAIN.fullmatch(text)}


def _secrets_in(option: str, text: str) -> Iterable[str]:
    yield from _WITH_PASSWORD.findall(text)
    if _SECRET_NAME.search(option) or likely(option, _OFTEN):
        # A list of secrets is secret one by one.
        yield from (word.strip() for word in (text, *text.split(',')))
