"""The JSON body of a request, and its single fields."""

import json
from typing import Any

from ontap_simulator.errors.common import (
    BadBodyError,
    BrokenJsonError,
    InvalidValueError,
    MissingFieldError,
    NoArrayExpectedError,
    TrailingJsonError,
)
from ontap_simulator.records import Record, value


def parse_json(content: bytes) -> Record:
    """A request's body.

    :raises BadBodyError: it is not a JSON object
    """
    try:
        body = json.loads(content or b'{}')
    except json.JSONDecodeError as err:
        kind = TrailingJsonError if err.msg == 'Extra data' else BrokenJsonError
        raise kind(f'Invalid JSON input: {err}.') from err
    except ValueError as err:
        raise BadBodyError(f'Invalid JSON input: {err}.') from err
    if isinstance(body, list):
        raise NoArrayExpectedError('An array was found, and not expected.')
    if not isinstance(body, dict):
        raise BadBodyError('The JSON input is not an object.')
    return body


def required(body: Record, name: str, kind: type = str) -> Any:
    """A field that must be in the body.

    :raises OntapError: it is missing, or of another type
    """
    found = value(body, name)
    if found is None:
        raise MissingFieldError(name)
    if not isinstance(found, kind):
        raise InvalidValueError(name, found)
    return found


def optional_flag(body: Record, name: str) -> bool:
    """A boolean of the body, which may be a string; False if missing."""
    found = value(body, name, default=False)
    if str(found).lower() not in {'true', 'false'}:
        raise InvalidValueError(name, found)
    return str(found).lower() == 'true'
