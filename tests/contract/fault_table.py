"""The table of faults: each kind, in each call that it can hit.

It is generated: a route is taken once to see which calls it makes, and then
once for each call and each fault.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from eic_plugins.simulator import faults
from tests.contract.conftest import Simulator

Fault = Mapping[str, Any]
Call = tuple[str, str, int]
"""Method, path as a regular expression, and the how-manieth it is."""

VARIANTS: Mapping[str, Sequence[Fault]] = {
    'latency': [{'seconds': 0.1}],
    'error': [{'status': 500}, {'status': 404, 'code': '4'},
              {'status': 500, 'count': None}],
    'drop_connection': [{'when': 'before'}, {'when': 'after'},
                        {'when': 'before', 'count': None},
                        {'when': 'after', 'count': None}],
    'job_vanishes': [{'effect': 'done'}, {'effect': 'lost'}],
    'job_fails': [{}],
    'job_stalls': [{}],
    'volume_full': [{}, {'count': None}],
}
"""How each kind is set; a count of None is a fault that stays."""


def all_faults() -> Iterator[Fault]:
    for kind, variants in VARIANTS.items():
        for variant in variants:
            yield {'kind': kind, **variant}


def shown(fault: Fault) -> str:
    words = [str(value) for key, value in fault.items()
             if key in {'kind', 'when', 'effect', 'status'}]
    return ' '.join([*words, 'lasting'] if 'count' in fault else words)


def calls_since(simulator: Simulator, since: int) -> list[Call]:
    """The driver's calls, in their order."""
    seen: dict[tuple[str, str], int] = {}
    found = []
    for call in simulator.calls(since, 'stock')['calls']:
        key = (call['method'], pattern(call['path']))
        seen[key] = seen.get(key, 0) + 1
        found.append((*key, seen[key]))
    return found


def pattern(path: str) -> str:
    """A path of any image and volume, as a regular expression."""
    escaped = re.sub(r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'UUID',
                     path)
    escaped = re.sub(r'(eic-fill-UUID-|json\.)[0-9a-f]{8}', r'\1HEX', escaped)
    return '^' + re.escape(escaped).replace('UUID', '[0-9a-f-]{36}').replace(
        'HEX', '[0-9a-f]{8}') + '$'


def hit_by(fault: Fault, calls: list[Call], has_job: Callable[[str, str], bool],
           takes_space: Callable[[str, str], bool], flexvol: Mapping[str, str],
           ) -> Iterator[tuple[str, Fault]]:
    """The rows of a fault: itself in each call that it can hit.

    :param has_job: whether the call of that method and path may have a job
    :param takes_space: whether it may find the FlexVol full
    :param flexvol: which one, as ``svm`` and ``volume``
    """
    if fault['kind'] == 'volume_full':
        takers = [call for call in calls if takes_space(*call[:2])]
        for nth in range(1, len(takers) + 1):
            yield f'operation {nth} on the FlexVol', {
                **fault, **flexvol, 'nth': nth}
        return
    for method, path, nth in calls:
        if fault['kind'] in faults.JOB_KINDS and not has_job(method, path):
            continue
        yield f'{method} {path} no. {nth}', {
            **fault, 'nth': nth,
            'match': {'method': method, 'path': path, 'user': 'stock'}}


def was_hit(simulator: Simulator, fault_id: str) -> bool:
    """True also of a fault that is gone: it was deleted after a hit."""
    return all(fault['hits'] for fault in
               simulator.control('GET', '/faults')['faults']
               if fault['id'] == fault_id)
