"""What must be true of a whole topology: names are distinct, references exist."""

from collections.abc import Iterable

from ontap_simulator.errors.common import ConfigError
from ontap_simulator.topology.model import Topology


def check_topology(topology: Topology) -> None:
    svms = topology.svms
    if not topology.users:
        raise ConfigError('The topology needs at least one [[users]].')
    _distinct('users', [user.name for user in topology.users])
    _distinct('aggregates', [a.name for a in topology.aggregates])
    _distinct('SVMs', [svm.name for svm in svms])
    for ipspace in {svm.ipspace for svm in svms}:
        _distinct(
            f'LIF addresses of the IPspace {ipspace}',
            [lif.address for svm in svms if svm.ipspace == ipspace for lif in svm.lifs],
        )
    aggregates = {aggregate.name for aggregate in topology.aggregates}
    if not aggregates and any(svm.root_volume for svm in svms):
        raise ConfigError('A root_volume needs at least one [[aggregates]].')
    for svm in svms:
        _distinct(
            f'volumes of {svm.name}',
            [*(v.name for v in svm.volumes), *filter(None, [svm.root_volume])],
        )
        _distinct(
            f'junction paths of {svm.name}',
            [v.junction_path for v in svm.volumes if v.junction_path],
        )
        for volume in svm.volumes:
            if volume.aggregate not in aggregates:
                raise ConfigError(
                    f'Volume {volume.name} is on the aggregate '
                    f'{volume.aggregate!r}, which [[aggregates]] does not have.'
                )


def _distinct(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ConfigError(f'Two {what} are called {name!r}.')
        seen.add(name)
