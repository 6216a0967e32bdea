"""The properties in a body: their names, types and values, and who may set them."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from ontap_simulator.errors.common import (
    ArrayExpectedError,
    InvalidValueError,
    NoArrayExpectedError,
    UnexpectedArgumentError,
)
from ontap_simulator.records import Record
from ontap_simulator.reference.beyond import NAMES_ALONE
from ontap_simulator.reference.model import Property, Surface, Tree
from ontap_simulator.strict.errors import NotChangeableError, NotSettableError
from ontap_simulator.strict.names import GENERIC

_SIZE = re.compile(r'-?\d+(\.\d+)?\s*([KMGTPE]?(i?B)?)', re.IGNORECASE)
_SETS = {'POST': 'c', 'PATCH': 'u'}


class BodyCheck:
    """Compares one record of a body with what the release has.

    :param method: POST or PATCH
    :param ignored: names, with those of the objects around, that are not looked at
    """

    def __init__(
        self, method: str, surface: Surface, ignored: frozenset[str] = frozenset()
    ) -> None:
        self._access = _SETS[method]
        self._arrays = surface.resource.arrays
        self._tree = surface.tree
        self._ignored = GENERIC | ignored
        self._alone = NAMES_ALONE.get(surface.resource.path, frozenset())

    def check(self, body: Record) -> None:
        """
        :raises OntapError: a property is unknown, cannot be set, or has a value
            that it cannot have
        """
        for name, content in body.items():
            self._check(name, content, self._tree.get(name))

    def _check(self, name: str, content: Any, found: Property | Tree | None) -> None:
        if name in self._ignored:
            return
        if found is None:
            raise UnexpectedArgumentError(name)
        self._check_array(name, content)
        for each in content if isinstance(content, list) else [content]:
            if isinstance(found, Property):
                self._check_leaf(name, each, found)
            elif each is not None:
                self._check_object(name, each, found)

    def _check_array(self, name: str, content: Any) -> None:
        if isinstance(content, list) and name not in self._arrays:
            raise NoArrayExpectedError(
                f'An array was found for "{name}", and not expected.', target=name
            )
        if isinstance(content, dict) and name in self._arrays:
            raise ArrayExpectedError(
                f'An array was expected for "{name}".', target=name
            )

    def _check_object(self, name: str, content: Any, tree: Tree) -> None:
        if isinstance(content, str) and name in self._alone:
            return
        if not isinstance(content, dict):
            raise InvalidValueError(name, content)
        for key, inner in content.items():
            if key not in GENERIC:
                self._check(f'{name}.{key}', inner, tree.get(key))

    def _check_leaf(self, name: str, content: Any, found: Property) -> None:
        if self._access not in found.access:
            if self._access == 'u' and 'c' in found.access:
                raise NotChangeableError(
                    f'The field "{name}" is not supported in a PATCH.', target=name
                )
            raise NotSettableError(
                f'The field "{name}" cannot be set in this operation.', target=name
            )
        if content is not None and not _fits(content, found):
            raise InvalidValueError(name, content)


def _fits(content: Any, found: Property) -> bool:
    if found.choices:
        return _text(content) in found.choices
    return _KINDS[found.kind](content)


def _text(content: Any) -> str:
    return str(content).lower() if isinstance(content, bool) else str(content)


def _is_number(content: Any) -> bool:
    if isinstance(content, str):
        return _SIZE.fullmatch(content.strip()) is not None
    return isinstance(content, int | float) and not isinstance(content, bool)


def _is_bool(content: Any) -> bool:
    return _text(content).lower() in {'true', 'false'}


def _is_text(content: Any) -> bool:
    return isinstance(content, str)


def _is_anything(content: Any) -> bool:
    return True


_KINDS: Mapping[str, Callable[[Any], bool]] = {
    'str': _is_text,
    'time': _is_text,
    'int': _is_number,
    'size': _is_number,
    'number': _is_number,
    'bool': _is_bool,
    'any': _is_anything,
}
