"""Records: nested objects, and the dotted names of what is in them."""

from collections.abc import Mapping, Sequence
from typing import Any

Record = dict[str, Any]


def expand(body: Mapping[str, Any]) -> Record:
    """A body whose keys may be dotted ("svm.name") as nested objects."""
    expanded: Record = {}
    for key, value in body.items():
        inner = expand(value) if isinstance(value, dict) else value
        if isinstance(value, list):
            inner = [expand(v) if isinstance(v, dict) else v for v in value]
        for part in reversed(key.split('.')):
            inner = {part: inner}
        merge(expanded, inner)
    return expanded


def value(record: Mapping[str, Any], name: str, default: Any = None) -> Any:
    """What is at a dotted path of objects."""
    found: Any = record
    for part in name.split('.'):
        if not isinstance(found, dict) or found.get(part) is None:
            return default
        found = found[part]
    return found


def pick(record: Any, parts: Sequence[str]) -> Any:
    """A copy that has the one dotted path alone."""
    if isinstance(record, list):
        return [pick(element, parts) for element in record]
    if not parts:
        return record
    if not isinstance(record, dict) or parts[0] not in record:
        return {}
    return {parts[0]: pick(record[parts[0]], parts[1:])}


def drop(record: Any, parts: Sequence[str]) -> Any:
    """A copy that does not have the dotted path; an object left empty goes, too."""
    if isinstance(record, list):
        return [drop(element, parts) for element in record]
    if not isinstance(record, dict) or parts[0] not in record:
        return record
    rest = {name: content for name, content in record.items() if name != parts[0]}
    inner = drop(record[parts[0]], parts[1:]) if parts[1:] else None
    return rest if inner in (None, {}) else {**rest, parts[0]: inner}


def merge(into: Record, other: Any) -> None:
    for key, new in (other or {}).items():
        old = into.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            into[key] = dict(old)
            merge(into[key], new)
        elif (
            isinstance(old, list)
            and isinstance(new, list)
            and (
                len(old) == len(new) and all(isinstance(v, dict) for v in [*old, *new])
            )
        ):
            into[key] = [dict(element) for element in old]
            for element, addition in zip(into[key], new, strict=True):
                merge(element, addition)
        else:
            into[key] = new


def link(path: str) -> Record:
    """The ``_links`` of a record."""
    return {'self': {'href': f'/api{path}'}}
