"""Deduplication and compression of FlexVols: settings, without the effect."""

from collections.abc import Mapping

from ontap_simulator.errors.common import InvalidValueError
from ontap_simulator.models.state import State
from ontap_simulator.records import Record

MODES = ('background', 'inline', 'both', 'none', 'mixed')
_DEFAULT = {'dedupe': 'none', 'compression': 'none', 'state': 'disabled'}


class Efficiency:
    """The efficiency settings of each FlexVol, kept over restarts."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._volumes: dict[str, Record] = state.load('efficiency')

    def get(self, volume: str) -> Mapping[str, str]:
        """The settings of a volume, by UUID."""
        return self._volumes.get(volume, _DEFAULT)

    def update(self, volume: str, changes: Record) -> None:
        """Change ``dedupe`` or ``compression``."""
        settings = dict(self.get(volume))
        for name in ('dedupe', 'compression'):
            mode = changes.get(name, settings[name])
            if mode not in MODES:
                raise InvalidValueError(f'efficiency.{name}', mode)
            settings[name] = mode
        off = settings['dedupe'] == settings['compression'] == 'none'
        settings['state'] = 'disabled' if off else 'enabled'
        self._volumes[volume] = settings
        self._state.save('efficiency', self._volumes)
