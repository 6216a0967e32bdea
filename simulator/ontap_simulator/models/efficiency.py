"""Deduplication and compression of FlexVols: settings and scans, without the effect."""

from collections.abc import Mapping

from ontap_simulator.errors.common import InvalidValueError, OntapError
from ontap_simulator.models.efficiency_scans import EfficiencyScans
from ontap_simulator.models.state import State
from ontap_simulator.models.volumes import FlexVol
from ontap_simulator.records import Record

MODES = ('background', 'inline', 'both', 'none', 'mixed')
_DEFAULT = {'dedupe': 'none', 'compression': 'none', 'state': 'disabled'}
_SCANNER_STATES = ('idle', 'active')
"""The ones that a request may set."""
_PERCENT = 100


class ScanRefusedError(OntapError):
    """Efficiency is off. ONTAP's code for it is in no reference; this is a guess."""

    code = '13107399'

    def __init__(self, volume: FlexVol) -> None:
        super().__init__(
            f'Storage efficiency is not enabled on volume "{volume.name}".',
            target='efficiency.scanner.state',
        )


class Efficiency:
    """The efficiency of each FlexVol; settings are kept over restarts."""

    def __init__(self, state: State, scans: EfficiencyScans) -> None:
        self._state = state
        self._scans = scans
        self._volumes: dict[str, Record] = state.load('efficiency')

    def get(self, volume: str) -> Mapping[str, str]:
        """The settings of a volume, by UUID."""
        return self._volumes.get(volume, _DEFAULT)

    def record(self, volume: FlexVol, with_savings: bool) -> Record:
        """``efficiency`` as ``/storage/volumes`` shows it."""
        settings = self.get(volume.uuid)
        enabled = settings['state'] == 'enabled'
        return {
            **settings,
            **self._scans.record(volume.uuid),
            'type': 'regular',
            'policy': {'name': 'auto' if enabled else '-'},
            **(_savings(volume) if with_savings else {}),
        }

    def update(self, volume: FlexVol, changes: Record) -> None:
        """Change ``dedupe`` or ``compression``, start or stop the ``scanner``."""
        scanner = _scanner(changes)
        settings = dict(self.get(volume.uuid))
        for name in ('dedupe', 'compression'):
            mode = changes.get(name, settings[name])
            if mode not in MODES:
                raise InvalidValueError(f'efficiency.{name}', mode)
            settings[name] = mode
        off = settings['dedupe'] == settings['compression'] == 'none'
        if off and scanner.get('state') == 'active':
            raise ScanRefusedError(volume)
        settings['state'] = 'disabled' if off else 'enabled'
        self._volumes[volume.uuid] = settings
        self._state.save('efficiency', self._volumes)
        self._scan(volume, scanner)

    def _scan(self, volume: FlexVol, scanner: Record) -> None:
        if scanner.get('state') == 'idle':
            self._scans.stop(volume.uuid)
        elif scanner.get('state') == 'active':
            old = bool(scanner.get('scan_old_data'))
            self._scans.start(volume.uuid, volume.used() if old else 0, old)


def _scanner(changes: Record) -> Record:
    found: Record = changes.get('scanner', {})
    state = found.get('state', 'idle')
    if state not in _SCANNER_STATES:
        raise InvalidValueError('efficiency.scanner.state', state)
    for name in ('scan_old_data', 'dedupe', 'compression'):
        if not isinstance(found.get(name, False), bool):
            raise InvalidValueError(f'efficiency.scanner.{name}', found[name])
    return found


def _savings(volume: FlexVol) -> Record:
    """What clones share: the one saving that the files here show."""
    shared, used = volume.shared(), volume.used()
    percent = shared * _PERCENT // (shared + used) if shared else 0
    return {
        'has_savings': shared > 0,
        'space_savings': {
            'compression': 0,
            'compression_percent': 0,
            'dedupe': shared,
            'dedupe_percent': percent,
            'dedupe_sharing': shared,
            'total': shared,
            'total_percent': percent,
        },
    }
