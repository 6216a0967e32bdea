"""FlexVols, and the space in them."""

import dataclasses
from collections.abc import Callable
from http import HTTPStatus

from ontap_simulator.disk.directory import Directory
from ontap_simulator.errors.common import OntapError
from ontap_simulator.models.footprint import footprint
from ontap_simulator.models.nodes import Aggregate
from ontap_simulator.models.svms import Svm
from ontap_simulator.records import Record, link, merge

_DEFAULT_PROPERTIES: Record = {
    'language': 'c.utf_8',
    'comment': '',
    'guarantee': {'type': 'none', 'honored': True},
    'snapshot_policy': {'name': 'none'},
    'snapshot_directory_access_enabled': True,
    'encryption': {'enabled': False},
    'error_state': {'is_inconsistent': False, 'has_bad_blocks': False},
    'autosize': {'mode': 'off'},
    'clone': {'is_flexclone': False},
    'tiering': {'policy': 'none'},
    'snaplock': {'type': 'non_snaplock'},
    'quota': {'state': 'off', 'enabled': False},
    'analytics': {'state': 'off', 'supported': True},
}
_DEFAULT_NAS: Record = {
    'security_style': 'unix',
    'unix_permissions': 755,
    'uid': 0,
    'gid': 0,
    'export_policy': {'name': 'default'},
}


class VolumeOfflineError(OntapError):
    """The FlexVol is offline or restricted: nothing in it can be reached."""

    status = HTTPStatus.BAD_REQUEST
    code = '917752'

    def __init__(self, name: str) -> None:
        super().__init__(f'The volume "{name}" is not online.', target='volume')


@dataclasses.dataclass(eq=False)
class FlexVol:
    """A FlexVol: a directory of files. Its UUID and SVM never change."""

    name: str
    uuid: str
    svm: Svm
    junction_path: str | None
    size: int
    aggregate: Aggregate
    files: Directory
    """Its directory, also while it is offline; else use :attr:`directory`."""
    reserved: list[Callable[[], int]] = dataclasses.field(default_factory=list)
    """Each gives bytes that something has reserved and not written."""
    state: str = 'online'
    kind: str = 'rw'
    created: str = ''
    """When, as ISO 8601; empty for those of the topology."""
    is_svm_root: bool = False
    properties: Record = dataclasses.field(default_factory=dict)
    """What a request has set that has no effect here; it is shown again."""

    @property
    def directory(self) -> Directory:
        """Its files.

        :raises VolumeOfflineError: nobody can reach them
        """
        if self.state != 'online':
            raise VolumeOfflineError(self.name)
        return self.files

    def reference(self) -> Record:
        """How other records refer to it."""
        return {
            'name': self.name,
            'uuid': self.uuid,
            '_links': link(f'/storage/volumes/{self.uuid}'),
        }

    def available(self) -> int:
        """Bytes that are left."""
        return max(0, self.size - self.used())

    def used(self) -> int:
        """Bytes that its files take on the disk, and what is reserved.

        Extents that files share count once.
        """
        return footprint(self.files)[0] + sum(reserved() for reserved in self.reserved)

    def shared(self) -> int:
        """Bytes that its files share with each other; 0 if that is unknown."""
        taken, shown = footprint(self.files)
        return shown - taken

    def record(self, efficiency: Record, with_space: bool) -> Record:
        """The volume as ``/storage/volumes`` shows it."""
        record: Record = {
            **_DEFAULT_PROPERTIES,
            **self.reference(),
            'svm': self.svm.reference(),
            'size': self.size,
            'state': self.state,
            'type': self.kind,
            'style': 'flexvol',
            'is_svm_root': self.is_svm_root,
            'aggregates': [{'name': self.aggregate.name, 'uuid': self.aggregate.uuid}],
            'nas': _nas(self.junction_path),
            'efficiency': {**efficiency, 'volume_path': f'/vol/{self.name}'},
            'space': self._space(with_space),
        }
        if self.created:
            record['create_time'] = self.created
        merge(record, self.properties)
        return record

    def _space(self, with_space: bool) -> Record:
        space: Record = {
            'size': self.size,
            'snapshot': {'reserve_percent': 0, 'used': 0},
        }
        if with_space:
            used = self.used()
            space |= {
                'used': used,
                'available': max(0, self.size - used),
                'afs_total': self.size,
                'percent_used': min(100, used * 100 // self.size),
            }
        return space


def _nas(junction_path: str | None) -> Record:
    return {**_DEFAULT_NAS, **({'path': junction_path} if junction_path else {})}
