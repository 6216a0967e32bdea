"""A resource as the reference describes it, and as one release has it."""

import dataclasses
from collections.abc import Mapping
from typing import Union

Release = tuple[int, int]
Tree = Mapping[str, Union['Tree', 'Property']]
"""The fields of a resource, nested as they are in a record."""


@dataclasses.dataclass(frozen=True)
class Property:
    """A field of a resource."""

    since: Release
    kind: str
    """str, int, size, number, bool, time, or any"""
    access: str
    """Which methods know it: g (GET), c (POST), u (PATCH)."""
    choices: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Resource:
    """A resource, with the fields of all releases."""

    path: str
    since: Release
    keys: tuple[str, ...]
    """What an instance's path has that the collection's does not have."""
    expensive: tuple[str, ...]
    arrays: frozenset[str]
    properties: Mapping[str, Property]


@dataclasses.dataclass(frozen=True)
class Parameters:
    """What may be in the query of a call, besides the global parameters."""

    names: frozenset[str]
    filters: bool
    """Whether fields of the resource may be there, too."""


class Surface:
    """A resource as one release has it."""

    def __init__(self, resource: Resource, release: Release) -> None:
        self.resource = resource
        self.tree: Tree = _tree(
            {n: p for n, p in resource.properties.items() if p.since <= release}
        )

    def find(self, name: str) -> Property | Tree | None:
        """A field, or the object of that name; None if there is none."""
        found: Property | Tree | None = self.tree
        for part in name.split('.'):
            if isinstance(found, Property):
                # Nobody has listed what is in it.
                return found if found.kind == 'any' else None
            if found is None:
                return None
            found = found.get(part)
        return found


def _tree(properties: Mapping[str, Property]) -> Tree:
    tree: dict[str, Tree | Property] = {}
    for name, found in properties.items():
        *parents, leaf = name.split('.')
        into = tree
        for part in parents:
            below = into.setdefault(part, {})
            # A field may have become an object in a later release.
            into = below if isinstance(below, dict) else {}
        into.setdefault(leaf, found)
    return tree
