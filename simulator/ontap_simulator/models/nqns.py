"""NVMe qualified names of hosts."""

import re

from ontap_simulator.errors.block import (
    HOST_DUPLICATED,
    HOST_NEEDS_NQN,
    NQN_DATE,
    NQN_PREFIX,
    NQN_QUALIFIER,
    BlockError,
)
from ontap_simulator.errors.common import InvalidValueError

_DATE = re.compile(r'nqn\.\d{4}-\d{2}\.')
_NQN = re.compile(r'nqn\.\d{4}-\d{2}\.[^\s:]+:\S+')


def host_nqns(entries: object) -> list[str]:
    """The NQNs in a list of hosts.

    :raises BlockError: one is missing, wrong or there twice
    """
    if not isinstance(entries, list):
        raise InvalidValueError('hosts', entries)
    found: list[str] = []
    for entry in entries:
        nqn = entry.get('nqn') if isinstance(entry, dict) else None
        if not isinstance(nqn, str) or not nqn:
            raise BlockError(HOST_NEEDS_NQN, 'A host needs its "nqn".', 'hosts.nqn')
        _check_nqn(nqn)
        if nqn in found:
            raise BlockError(
                HOST_DUPLICATED, f'The host "{nqn}" is there twice.', 'hosts.nqn'
            )
        found.append(nqn)
    return found


def _check_nqn(nqn: str) -> None:
    if not nqn.startswith('nqn.'):
        code, what = NQN_PREFIX, 'has no prefix "nqn."'
    elif not _DATE.match(nqn):
        code, what = NQN_DATE, 'has no date yyyy-mm'
    elif not _NQN.fullmatch(nqn):
        code, what = NQN_QUALIFIER, 'has no qualifier'
    else:
        return
    raise BlockError(
        code,
        f'The NQN "{nqn}" {what}; one that is valid is nqn.1992-01.com.example:string.',
        'nqn',
    )
