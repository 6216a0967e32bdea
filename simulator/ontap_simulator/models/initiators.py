"""Names of initiators: IQN, EUI or WWPN."""

import re

from ontap_simulator.errors.block import (
    INITIATOR_FC,
    INITIATOR_FORMAT,
    INITIATOR_ISCSI,
    BlockError,
)
from ontap_simulator.errors.common import InvalidValueError

_IQN = re.compile(r'iqn\.\d{4}-\d{2}\.[^\s:]+(?::\S+)?', re.IGNORECASE)

_EUI = re.compile(r'eui\.[0-9a-f]{16}', re.IGNORECASE)

_WWPN = re.compile(r'[0-9a-f]{2}(?::[0-9a-f]{2}){7}', re.IGNORECASE)


def initiator_names(entries: object) -> list[str]:
    """The names in a list of initiators."""
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) and entry.get('name') for entry in entries
    ):
        raise InvalidValueError('initiators', entries)
    return [str(entry['name']) for entry in entries]


def check_initiator(name: str, protocol: str) -> None:
    """Whether an initiator's name fits the igroup's protocol.

    :raises BlockError: it does not, or is none
    """
    is_iscsi = _IQN.fullmatch(name) or _EUI.fullmatch(name)
    if not is_iscsi and not _WWPN.fullmatch(name):
        looks_iscsi = name.lower().startswith(('iqn.', 'eui.'))
        raise BlockError(
            INITIATOR_ISCSI if looks_iscsi else INITIATOR_FORMAT,
            f'"{name}" is no name of an initiator.',
            'name',
        )
    if protocol == 'iscsi' and not is_iscsi:
        raise BlockError(INITIATOR_ISCSI, f'"{name}" is no iSCSI initiator.', 'name')
    if protocol == 'fcp' and is_iscsi:
        raise BlockError(
            INITIATOR_FC, f'"{name}" is no Fibre Channel initiator.', 'name'
        )
