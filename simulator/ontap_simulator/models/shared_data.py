"""How much of a FlexVol is shared by clones that were never split.

ONTAP limits it: 640 TB of shared data in a FlexVol, and a split load of each
node. The simulator refuses nothing near the limits. A test sets the values that
its client is to read.
"""

from collections.abc import Mapping

from ontap_simulator.errors.common import InvalidValueError
from ontap_simulator.models.nodes import Node
from ontap_simulator.models.settings import Settings
from ontap_simulator.models.volumes import FlexVol
from ontap_simulator.records import Record, link

SETTABLE = ('unsplit_size', 'pending_splits', 'logical_data_size')


class SharedData:
    """What is measured, or what a test has set in its place."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._set: dict[str, dict[str, int]] = {}

    def unsplit_size(self, volume: FlexVol) -> int:
        """Bytes that splitting every clone would take."""
        found = self._set_for(volume).get('unsplit_size')
        if found is None:
            return self._settings.unsplit_size or volume.shared()
        return found

    def pending_splits(self, volume: FlexVol) -> int:
        """Clones that are being split."""
        return self._set_for(volume).get('pending_splits', 0)

    def logical_data_size(self, volume: FlexVol) -> int:
        """Bytes that count towards the limit of deduplicated data."""
        found = self._set_for(volume).get('logical_data_size')
        return volume.used() if found is None else found

    def set(self, volume: FlexVol, changes: Mapping[str, object]) -> None:
        """Set values in place of those measured; None takes them back.

        :raises InvalidValueError: one is no number from 0 up
        """
        for name, value in changes.items():
            if value is not None and (type(value) is not int or value < 0):
                raise InvalidValueError(name, value)
        kept = {**self._set_for(volume), **changes}
        self._set[volume.uuid] = {
            name: value for name, value in kept.items() if isinstance(value, int)
        }

    def clear(self) -> None:
        """Go back to what is measured."""
        self._set.clear()

    def record(self, volume: FlexVol) -> Record:
        """Everything about one FlexVol, as the control API shows it."""
        return {
            'svm': volume.svm.name,
            'volume': volume.name,
            **{name: getattr(self, name)(volume) for name in SETTABLE},
        }

    def _set_for(self, volume: FlexVol) -> dict[str, int]:
        return self._set.get(volume.uuid, {})


def split_load(node: Node, maximum: int, current: int) -> Record:
    """A node as ``/storage/file/clone/split-loads`` shows it, in bytes."""
    return {
        'node': {**node.reference(), '_links': link(f'/cluster/nodes/{node.uuid}')},
        'load': {
            'maximum': maximum,
            'current': current,
            'token_reserved': 0,
            'allowable': max(0, maximum - current),
        },
        '_links': link(f'/storage/file/clone/split-loads/{node.uuid}'),
    }
