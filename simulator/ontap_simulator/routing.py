"""Which handler answers a request."""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from ontap_simulator.errors.common import ApiNotFoundError, MethodNotAllowedError
from ontap_simulator.responses.base import Handler
from ontap_simulator.urls import ROUTES


def _compile(template: str) -> re.Pattern[str]:
    pattern = re.sub(r'\{(\w+)\}', r'(?P<\1>[^/]+)', template)
    return re.compile(re.sub(r'\{(\w+)\*\}', r'(?P<\1>.+)', pattern))


_COMPILED = [(template, _compile(template)) for template in ROUTES]


def resolve(path: str) -> tuple[str, Mapping[str, str]]:
    """The template of a path below /api, and the values in the path.

    :raises ApiNotFoundError: there is none
    """
    for template, pattern in _COMPILED:
        match = pattern.fullmatch(path)
        if match:
            return template, {
                key: found if f'{{{key}*}}' in template else unquote(found)
                for key, found in match.groupdict().items()
            }
    raise ApiNotFoundError('API not found')


def handler(template: str, method: str) -> Handler:
    """What answers a method on a resource.

    :raises MethodNotAllowedError: nothing does
    """
    try:
        return ROUTES[template][method]
    except KeyError as err:
        raise MethodNotAllowedError(
            f'The method {method} is not supported here.'
        ) from err


def methods(template: str) -> set[str]:
    """The methods of a resource; HEAD goes with GET."""
    found = set(ROUTES[template])
    return {*found, 'HEAD'} if 'GET' in found else found
