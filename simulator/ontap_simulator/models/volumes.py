"""SVMs, LIFs, FlexVols, aggregates and nodes: what the topology describes."""

import dataclasses
import threading
from collections.abc import Callable, Mapping

from ontap_simulator import reflink
from ontap_simulator.config import PROTOCOLS
from ontap_simulator.query import Record
from ontap_simulator.storage import Directory

# What the protocols are called as services of a LIF.
_SERVICES = {'nfs': 'data_nfs', 'iscsi': 'data_iscsi', 'nvme': 'data_nvme_tcp'}


def link(path: str) -> Record:
    """The ``_links`` of a record."""
    return {'self': {'href': f'/api{path}'}}


@dataclasses.dataclass(frozen=True)
class Node:
    """A controller."""

    name: str
    uuid: str

    def reference(self) -> Record:
        """How other records refer to it."""
        return {'name': self.name, 'uuid': self.uuid}

    def record(self, version: str) -> Record:
        """The node as ``/cluster/nodes`` shows it."""
        return {
            **self.reference(),
            '_links': link(f'/cluster/nodes/{self.uuid}'),
            'model': 'SIMBOX',
            'state': 'up',
            'serial_number': '4048820-60-9',
            'version': version_record(version),
            'membership': 'member',
            'is_all_flash_optimized': True,
            'is_all_flash_select_optimized': False,
        }


@dataclasses.dataclass(frozen=True)
class Svm:
    """A storage virtual machine."""

    name: str
    uuid: str
    protocols: tuple[str, ...] = ('nfs',)
    ipspace: str = 'Default'

    def reference(self) -> Record:
        """How other records refer to it."""
        return {
            'name': self.name,
            'uuid': self.uuid,
            '_links': link(f'/svm/svms/{self.uuid}'),
        }

    def record(self) -> Record:
        """The SVM as ``/svm/svms`` shows it."""
        return {
            **self.reference(),
            'state': 'running',
            'subtype': 'default',
            'language': 'c.utf_8',
            'ipspace': {'name': self.ipspace},
            **{
                protocol: {
                    'allowed': protocol in self.protocols,
                    'enabled': protocol in self.protocols,
                }
                for protocol in PROTOCOLS
            },
        }


@dataclasses.dataclass(frozen=True)
class Lif:
    """A logical interface."""

    name: str
    uuid: str
    address: str
    svm: Svm

    def record(self) -> Record:
        """The LIF as ``/network/ip/interfaces`` shows it."""
        return {
            'name': self.name,
            'uuid': self.uuid,
            'enabled': True,
            'state': 'up',
            'ip': {
                'address': self.address,
                'netmask': '8',
                'family': 'ipv6' if ':' in self.address else 'ipv4',
            },
            'scope': 'svm',
            'svm': self.svm.reference(),
            'ipspace': {'name': self.svm.ipspace},
            'services': [
                'data_core',
                *(
                    _SERVICES[protocol]
                    for protocol in self.svm.protocols
                    if protocol in _SERVICES
                ),
            ],
            '_links': link(f'/network/ip/interfaces/{self.uuid}'),
        }


@dataclasses.dataclass(frozen=True)
class Aggregate:
    """A local tier."""

    name: str
    uuid: str
    size: int
    node: Node

    def record(self, used: int) -> Record:
        """The aggregate as ``/storage/aggregates`` shows it."""
        return {
            'name': self.name,
            'uuid': self.uuid,
            'state': 'online',
            'node': self.node.reference(),
            'home_node': self.node.reference(),
            'block_storage': {
                'primary': {
                    'raid_type': 'raid_dp',
                    'disk_count': 8,
                    'disk_class': 'solid_state',
                },
                'storage_type': 'ssd',
            },
            'space': {
                'block_storage': {
                    'size': self.size,
                    'used': used,
                    'available': max(0, self.size - used),
                }
            },
            '_links': link(f'/storage/aggregates/{self.uuid}'),
        }

    def disk(self) -> Record:
        """The one disk that stands for all of its disks."""
        return {
            'name': f'{self.name}.disk',
            'uid': self.uuid,
            'aggregates': [{'name': self.name, 'uuid': self.uuid}],
            'type': 'ssd',
            'effective_type': 'ssd',
            'class': 'solid_state',
            'state': 'present',
            'node': self.node.reference(),
        }


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
        """Bytes that its files really take, and what is reserved: shared
        extents count once.
        """
        return _footprint(self.directory)[0] + sum(
            reserved() for reserved in self.reserved
        )

    def shared(self) -> int:
        """Bytes that its files share with each other; 0 if that is unknown."""
        taken, shown = _footprint(self.directory)
        return shown - taken

    def record(self, efficiency: Mapping[str, str], with_space: bool) -> Record:
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


_counting = threading.Lock()


def _footprint(directory: Directory) -> tuple[int, int]:
    """The bytes that files take on the disk together, and one by one."""
    # One at a time: it reads every file's extents.
    with _counting:
        placed: list[tuple[int, int]] = []
        total = 0
        for file in directory.files():
            extents = reflink.extents(file)
            if extents is None:
                total += reflink.allocated(file)
                continue
            for extent in extents:
                if extent.physical < 0:
                    total += extent.length
                else:
                    placed.append((extent.physical, extent.physical + extent.length))
        return (
            total + _union(placed),
            total + sum(end - start for start, end in placed),
        )


def _union(ranges: list[tuple[int, int]]) -> int:
    total = 0
    reached = 0
    for start, end in sorted(ranges):
        if end > reached:
            total += end - max(start, reached)
            reached = end
    return total


def version_record(version: str) -> Record:
    """A version as ``/cluster`` shows it."""
    generation, major, minor = (int(part) for part in version.split('.'))
    return {
        'full': f'NetApp Release {version}: simulator',
        'generation': generation,
        'major': major,
        'minor': minor,
    }
