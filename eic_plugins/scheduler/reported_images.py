"""Which images a pool has, in its report: the newest by id, all of them in a filter.

::

    'cached': [ID, …]                  the newest, at most 64
    'cached_filter': {                 only if there are more than these
        'count': 5000,                 how many there are
        'hashes': 10, 'bits': BASE64   all of them; see support/id_filter.py
    }

A report of 64 images and fewer has their ids and is exact. So is one of 0.1, which
has up to 256 ids and no filter. A scheduler of 0.1 reads the ids, and knows nothing
of older images.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from eic_plugins.support import id_filter
from eic_plugins.support.id_filter import IdFilter, Wanted

LISTED = 64
_IDS = 'cached'
_FILTER = 'cached_filter'


def ids_field(newest: Sequence[str]) -> dict[str, Any]:
    """What is reported of the ids.

    :param newest: the last ones, the newest last
    """
    return {_IDS: list(newest[-LISTED:])}


def filter_field(ids: Collection[str]) -> dict[str, Any]:
    """What is reported besides: nothing, if the ids say it all."""
    if len(ids) <= LISTED:
        return {}
    made = IdFilter.of(ids)
    return {_FILTER: {'count': len(ids), 'hashes': made.hashes, 'bits': made.bits}}


def listed(facts: Mapping[str, Any]) -> frozenset[str]:
    """The ids in a report."""
    found = facts.get(_IDS)
    return (
        frozenset(map(str, found)) if isinstance(found, list | tuple) else frozenset()
    )


def filtered(facts: Mapping[str, Any]) -> IdFilter | None:
    """The filter in a report; None if it has none, or one of another form."""
    found = facts.get(_FILTER)
    if not isinstance(found, Mapping):
        return None
    return id_filter.read(found.get('bits'), found.get('hashes'))


def may_have(facts: Mapping[str, Any], wanted: Wanted) -> bool:
    """True if a pool has the image, as far as its report says."""
    found = filtered(facts)
    if found is not None:
        return found.may_have(wanted)
    ids = facts.get(_IDS)
    return isinstance(ids, list | tuple) and wanted.id in ids
