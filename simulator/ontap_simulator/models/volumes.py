"""FlexVols, and the space in them."""

import dataclasses
from collections.abc import Callable

from ontap_simulator.disk.directory import Directory
from ontap_simulator.models.footprint import footprint
from ontap_simulator.models.nodes import Aggregate
from ontap_simulator.models.svms import Svm
from ontap_simulator.records import Record, link


@dataclasses.dataclass(frozen=True, eq=False)
class FlexVol:
    """A FlexVol: a directory of files."""

    name: str
    uuid: str
    svm: Svm
    junction_path: str | None
    size: int
    aggregate: Aggregate
    directory: Directory
    reserved: list[Callable[[], int]] = dataclasses.field(default_factory=list)
    """Each gives bytes that something has reserved and not written."""

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
        return footprint(self.directory)[0] + sum(
            reserved() for reserved in self.reserved
        )

    def shared(self) -> int:
        """Bytes that its files share with each other; 0 if that is unknown."""
        taken, shown = footprint(self.directory)
        return shown - taken

    def record(self, efficiency: Record, with_space: bool) -> Record:
        """The volume as ``/storage/volumes`` shows it."""
        aggregate = {'name': self.aggregate.name, 'uuid': self.aggregate.uuid}
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
        return {
            **self.reference(),
            'svm': self.svm.reference(),
            'size': self.size,
            'state': 'online',
            'type': 'rw',
            'style': 'flexvol',
            'is_svm_root': False,
            'language': 'c.utf_8',
            'aggregates': [aggregate],
            'nas': {
                'path': self.junction_path,
                'security_style': 'unix',
                'export_policy': {'name': 'default'},
            }
            if self.junction_path
            else {'security_style': 'unix'},
            'guarantee': {'type': 'none', 'honored': True},
            'snapshot_policy': {'name': 'none'},
            'snapshot_directory_access_enabled': True,
            'encryption': {'enabled': False},
            'error_state': {'is_inconsistent': False, 'has_bad_blocks': False},
            'efficiency': {**efficiency, 'volume_path': f'/vol/{self.name}'},
            'space': space,
        }
