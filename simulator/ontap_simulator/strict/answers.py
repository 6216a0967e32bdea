"""What an answer shows: the fields of the release, and no others."""

from typing import Any

from ontap_simulator.records import Record
from ontap_simulator.reference.model import Property, Surface, Tree
from ontap_simulator.strict.names import GENERIC

_AROUND = frozenset({'records', 'num_records', 'job', 'jobs', 'error', 'errors'})
"""What an answer has around the records."""


def shown(body: Record, surface: Surface) -> Record:
    """A body without the fields that the release does not have."""
    if 'records' in body:
        records = [_pruned(record, surface.tree) for record in body['records']]
        return {**body, 'records': records}
    return _pruned(body, surface.tree, _AROUND)


def _pruned(record: Any, tree: Tree, kept: frozenset[str] = frozenset()) -> Any:
    if isinstance(record, list):
        return [_pruned(element, tree) for element in record]
    if not isinstance(record, dict):
        return record
    found = {}
    for name, content in record.items():
        below = tree.get(name)
        if isinstance(below, Property) or name in GENERIC or name in kept:
            found[name] = content
        elif below is not None:
            found[name] = _pruned(content, below)
    return found
