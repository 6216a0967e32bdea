"""What a topology makes of a cluster: nodes, aggregates, SVMs, LIFs, FlexVols."""

import dataclasses
from pathlib import Path

from ontap_simulator.models.flexvols import Disks, FlexVols
from ontap_simulator.models.nodes import Aggregate, Node
from ontap_simulator.models.state import State
from ontap_simulator.models.svms import Lif, Svm
from ontap_simulator.models.tenants import Tenants
from ontap_simulator.models.volumes import FlexVol
from ontap_simulator.topology.model import SvmConfig, Topology

ROOT_SIZE = 1 << 30
"""Bytes of an SVM's root volume."""


@dataclasses.dataclass(frozen=True)
class Layout:
    """The parts of a cluster; nodes and aggregates never change."""

    nodes: list[Node]
    aggregates: list[Aggregate]
    tenants: Tenants
    volumes: FlexVols


def layout(topology: Topology, state: State, data_dir: Path) -> Layout:
    """Make the parts, with the UUIDs that they had before a restart."""
    nodes = _nodes(topology, state)
    aggregates = _aggregates(topology, state, nodes)
    svms = [_svm(config, state) for config in topology.svms]
    pairs = list(zip(svms, topology.svms, strict=True))
    lifs = [lif for svm, config in pairs for lif in _lifs(svm, config, state, nodes[0])]
    tenants = Tenants(state, svms, lifs, nodes)
    disks = Disks(data_dir)
    volumes = [
        volume
        for svm, config in pairs
        for volume in _volumes(svm, config, state, aggregates, disks)
    ]
    return Layout(
        nodes,
        aggregates,
        tenants,
        FlexVols(state, disks, volumes, tenants.svms, aggregates),
    )


def _nodes(topology: Topology, state: State) -> list[Node]:
    names = sorted({a.node for a in topology.aggregates}) or [f'{topology.name}-01']
    return [Node(name, state.uuid_of('node', name)) for name in names]


def _aggregates(topology: Topology, state: State, nodes: list[Node]) -> list[Aggregate]:
    by_name = {node.name: node for node in nodes}
    return [
        Aggregate(a.name, state.uuid_of('aggregate', a.name), a.size, by_name[a.node])
        for a in topology.aggregates
    ]


def _svm(config: SvmConfig, state: State) -> Svm:
    uuid = state.uuid_of('svm', config.name)
    return Svm(config.name, uuid, config.protocols, config.ipspace)


def _lifs(svm: Svm, config: SvmConfig, state: State, node: Node) -> list[Lif]:
    return [
        Lif(
            lif.name,
            state.uuid_of('lif', f'{svm.name}/{lif.name}'),
            lif.address,
            svm,
            node,
        )
        for lif in config.lifs
    ]


def _root(
    svm: Svm, name: str, state: State, aggregate: Aggregate, disks: Disks
) -> FlexVol:
    identifier = state.uuid_of('volume', f'{svm.name}/{name}')
    return FlexVol(
        name,
        identifier,
        svm,
        '/',
        ROOT_SIZE,
        aggregate,
        disks.directory(svm.name, name),
        is_svm_root=True,
    )


def _volumes(
    svm: Svm,
    config: SvmConfig,
    state: State,
    aggregates: list[Aggregate],
    disks: Disks,
) -> list[FlexVol]:
    by_name = {aggregate.name: aggregate for aggregate in aggregates}
    root = (
        [_root(svm, config.root_volume, state, aggregates[0], disks)]
        if (config.root_volume)
        else []
    )
    return root + [
        FlexVol(
            v.name,
            state.uuid_of('volume', f'{svm.name}/{v.name}'),
            svm,
            v.junction_path,
            v.size,
            by_name[v.aggregate],
            disks.directory(svm.name, v.name),
        )
        for v in config.volumes
    ]
