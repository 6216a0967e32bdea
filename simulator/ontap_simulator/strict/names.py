"""The names in a query string: parameters, filters, fields, sort keys."""

from collections.abc import Iterable

from ontap_simulator.errors.common import UnexpectedArgumentError
from ontap_simulator.query import Query
from ontap_simulator.reference.beyond import PARAMETERS
from ontap_simulator.reference.model import Parameters, Property, Surface
from ontap_simulator.search import SearchError
from ontap_simulator.strict.errors import (
    NoFilterForPostError,
    NotQueryableError,
    NotReadableError,
    NotSortableError,
    UnknownFieldError,
)

GLOBAL = frozenset(
    {
        '$orderBy',
        'continue_on_failure',
        'fields',
        'ignore_unknown_fields',
        'job_results_uuid',
        'max_records',
        'offset',
        'order_by',
        'pretty',
        'query',
        'query_fields',
        'return_records',
        'return_timeout',
        'serial_records',
    }
)
"""The reference's general section has them for every call."""

_READS = ('GET', 'HEAD')

_FLAGS = (
    'continue_on_failure',
    'ignore_unknown_fields',
    'pretty',
    'return_records',
    'serial_records',
)

GENERIC = frozenset({'_links', '_tags'})
"""What every record may have."""


def check_parameters(
    method: str, query: Query, surface: Surface, known: Parameters | None
) -> None:
    """Every name in the query string is one that the call has.

    :raises OntapError: one is not
    """
    beyond = PARAMETERS.get(f'{method} {surface.resource.path}', frozenset())
    for flag in _FLAGS:
        query.flag(flag)
    query.return_timeout  # noqa: B018 - refused if it is none
    for name, _ in query.items:
        if name in GLOBAL or (known and name in known.names) or name in beyond:
            continue
        if not name.startswith('start.') or method == 'POST':
            _check_filter(method, name, surface, known)


def _check_filter(
    method: str, name: str, surface: Surface, known: Parameters | None
) -> None:
    found = surface.find(name)
    if found is not None and method == 'POST':
        raise NoFilterForPostError(
            f'POST does not support filtering on "{name}".', target=name
        )
    # The calls of instances list no filters. For GET, the general section says that
    # any attribute filters, and Cinder does so (counter tables).
    if known is not None and not known.filters and method not in _READS:
        raise UnexpectedArgumentError(name)
    if found is None and name not in GENERIC:
        raise UnexpectedArgumentError(name)
    if isinstance(found, Property) and 'g' not in found.access:
        raise NotQueryableError(f'"{name}" is not readable.', target=name)


def check_fields(query: Query, surface: Surface) -> None:
    """Every name in ``fields=`` is one that can be shown.

    :raises OntapError: one is not
    """
    if query.flag('ignore_unknown_fields'):
        return
    for name in (*query.fields, *query.excluded):
        _check_field(name.removesuffix('.*'), surface)


def _check_field(name: str, surface: Surface) -> None:
    if name in {'*', '**', *GENERIC}:
        return
    found = surface.find(name)
    if found is None:
        raise UnknownFieldError(name)
    if isinstance(found, Property) and 'g' not in found.access:
        raise NotReadableError(f'"{name}" is not readable.', target='fields')


def check_search(method: str, query: Query, surface: Surface) -> None:
    """``query_fields=`` has only fields, and only GET has it.

    :raises OntapError: it is otherwise
    """
    if query.search is None:
        return
    if method not in _READS:
        raise SearchError('262277', 'Only GET has query= and query_fields=.', 'query')
    for name in (*query.search.names, *query.search.excluded):
        if name != '*' and surface.find(name) is None:
            raise UnknownFieldError(name, 'query_fields')


def check_order(names: Iterable[str], surface: Surface) -> None:
    """Every sort key is a field.

    :raises NotSortableError: one is not
    """
    for name in names:
        if surface.find(name) is None:
            raise NotSortableError(
                f'The field "{name}" is not supported as an order_by= field.',
                target='order_by',
            )
