"""The cluster: everything that a request can be about."""

import collections
import json
import threading
from pathlib import Path

from ontap_simulator.errors.block_codes import LUN, NAMESPACE
from ontap_simulator.errors.common import (
    NoSuchEntryError,
    NoSuchSvmError,
    NoSuchVolumeError,
)
from ontap_simulator.faults import Faults
from ontap_simulator.models.block_objects import BlockObjects
from ontap_simulator.models.block_store import BlockStore
from ontap_simulator.models.clock import Clock, SystemClock
from ontap_simulator.models.copies import Copies
from ontap_simulator.models.efficiency import Efficiency
from ontap_simulator.models.efficiency_scans import EfficiencyScans
from ontap_simulator.models.files import Files
from ontap_simulator.models.igroups import Igroups
from ontap_simulator.models.jobs import Jobs
from ontap_simulator.models.kept import Kept
from ontap_simulator.models.kept_seeds import seeds
from ontap_simulator.models.layout import layout
from ontap_simulator.models.logins import Logins
from ontap_simulator.models.lun_copies import LunCopies
from ontap_simulator.models.lun_maps import LunMaps
from ontap_simulator.models.peers import Peers
from ontap_simulator.models.qos import QosPolicies
from ontap_simulator.models.settings import Settings
from ontap_simulator.models.shared_data import SharedData
from ontap_simulator.models.snapshots import Snapshots
from ontap_simulator.models.state import State, write_atomically
from ontap_simulator.models.subsystems import Subsystems
from ontap_simulator.models.svms import Svm
from ontap_simulator.models.volumes import FlexVol
from ontap_simulator.personality import Personality
from ontap_simulator.records import Record
from ontap_simulator.topology.model import DEFAULT_IPSPACE, Topology

EXPORTS = 'exports.json'
_EMS_KEPT = 1000


class Cluster:
    """The state of one simulated cluster."""

    def __init__(
        self, topology: Topology, data_dir: Path, clock: Clock | None = None
    ) -> None:
        self.clock = clock or SystemClock()
        self.name = topology.name
        self.version = topology.version
        self.data_dir = data_dir
        data_dir.mkdir(parents=True, exist_ok=True)
        state = State(data_dir / 'state.json')
        self.uuid = str(state.cluster_uuid)
        self.settings = Settings(topology.copy_throughput, topology.copy_limit)
        found = layout(topology, state, data_dir)
        self.nodes, self.aggregates = found.nodes, found.aggregates
        self.tenants, self.volumes = found.tenants, found.volumes
        self.svms, self.lifs = self.tenants.svms, self.tenants.lifs
        self.started = self.clock.time()
        self.faults = Faults()
        self.personality = Personality()
        self.personality.choose(topology.personality)
        self.shared_data = SharedData(self.settings)
        self.kept = Kept(state, seeds(state, self.svms, self.nodes))
        self.logins = Logins(topology.users, self.kept)
        self.snapshots = Snapshots(state, data_dir)
        self._build_block(state)
        self.files = Files(self.faults, self.block, self.personality)
        self.copies = Copies(self.settings, self.faults, self.clock)
        self.jobs = Jobs(self.clock, self.nodes[0].name)
        self.peers = Peers(
            state, {'name': self.name, 'uuid': self.uuid}, self.personality
        )
        self.qos = QosPolicies(state)
        self.efficiency_scans = EfficiencyScans(self.settings, self.clock)
        self.efficiency = Efficiency(state, self.efficiency_scans)
        self.lun_copies = LunCopies(self.block, self.copies, self.jobs, self.clock)
        self.ems: collections.deque[Record] = collections.deque(maxlen=_EMS_KEPT)
        self.clones: collections.Counter[str] = collections.Counter()
        self._counting = threading.Lock()
        self._writing = threading.Lock()

    def svm(self, name_or_uuid: str) -> Svm:
        """The SVM of that name or UUID.

        :raises NoSuchSvmError: there is none
        """
        for svm in self.svms:
            if name_or_uuid in {svm.name, svm.uuid}:
                return svm
        raise NoSuchSvmError(name_or_uuid)

    def volume(self, uuid: str) -> FlexVol:
        """The FlexVol that a URL names.

        :raises NoSuchEntryError: there is none
        """
        for volume in self.volumes:
            if volume.uuid == uuid:
                return volume
        raise NoSuchEntryError('volume.uuid')

    def find_volume(self, reference: Record, svm: Svm | None) -> FlexVol:
        """The FlexVol that a body names, by UUID or by name within an SVM.

        :raises NoSuchVolumeError: there is none, or more than one
        """
        uuid, name = reference.get('uuid'), reference.get('name')
        found = [
            v
            for v in self.volumes
            if uuid in {None, v.uuid}
            and name in {None, v.name}
            and svm in {None, v.svm}
        ]
        if len(found) != 1:
            raise NoSuchVolumeError(str(uuid or name))
        return found[0]

    def _rounded(self, size: int) -> int:
        """The size in bytes that a LUN gets in place of one that was asked for."""
        multiple = self.settings.lun_rounding or 1
        return -(-size // multiple) * multiple

    def count_clone(self, kind: str) -> None:
        """Remember that one more file, LUN or namespace was cloned."""
        with self._counting:
            self.clones[kind] += 1

    def reset(self, files: bool) -> None:
        """Forget faults, jobs and what was counted, and files if asked to."""
        self.faults.clear()
        self.jobs.clear()
        self.copies.reset_totals()
        self.ems.clear()
        self.shared_data.clear()
        self.efficiency_scans.clear()
        self.clones.clear()
        if files:
            for kept in (self.block, self.lun_maps, self.igroups, self.subsystems):
                kept.clear()
            self.snapshots.clear()
            self.kept.clear()
            self.volumes.reset()
            self.tenants.reset()
            for volume in self.volumes:
                volume.files.clear()

    def write_exports(self) -> None:
        """Write ``exports.json`` for the mount helper.

        It has what hosts can reach: the SVMs of the IPspace Default.
        """
        with self._writing:
            text = json.dumps(self._exports(), indent=1)
            write_atomically(self.data_dir / EXPORTS, text)

    def _exports(self) -> list[Record]:
        return [
            {
                'address': lif.address,
                'junction_path': volume.junction_path,
                'directory': str(volume.files.root.resolve()),
            }
            for volume in self.volumes
            for lif in self.lifs
            if lif.svm == volume.svm
            and volume.junction_path
            and volume.state == 'online'
            and not volume.is_svm_root
            and lif.svm.ipspace == DEFAULT_IPSPACE
        ]

    def _join(self, volume: FlexVol) -> None:
        self.block.reserve(volume)
        self.snapshots.attach(volume)

    def _exports_changed(self) -> None:
        # Before the server has written them once, nobody looks for them.
        if (self.data_dir / EXPORTS).exists():
            self.write_exports()

    def _build_block(self, state: State) -> None:
        self.block = BlockStore(state, self.volumes)
        self.igroups = Igroups(state)
        self.lun_maps = LunMaps(state, self.igroups, self.block)
        self.subsystems = Subsystems(state, self.block)
        self.tenants.watch(self._exports_changed)
        self.volumes.watch(self._exports_changed, self._join)
        self.luns = BlockObjects(
            LUN,
            self.block,
            self.lun_maps,
            self.faults,
            self.clock,
            self.count_clone,
            self._rounded,
        )
        self.namespaces = BlockObjects(
            NAMESPACE,
            self.block,
            self.subsystems,
            self.faults,
            self.clock,
            self.count_clone,
        )
