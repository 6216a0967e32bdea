"""`down`: ends everything the lab has started, whatever is left of it."""

import shutil
from collections.abc import Sequence

from lab import (
    cinder,
    glance,
    keystone,
    mariadb,
    namespace,
    no_network,
    nova,
    placement,
    rabbitmq,
)
from lab.context import HOLDER, Lab
from lab.topology import DRIVERS

# Those who use something before that what they use.
_WAVES: tuple[tuple[str, ...], ...] = (
    (
        nova.API,
        nova.STOCK_API,
        *map(nova.compute_service, DRIVERS),
        nova.SCHEDULER,
        cinder.API,
        cinder.STOCK_API,
        cinder.SCHEDULER,
        *map(cinder.volume_service, DRIVERS),
    ),
    (nova.CONDUCTOR, placement.NAME, no_network.NAME, glance.NAME, keystone.NAME),
    ('simulator-cluster-a', 'simulator-cluster-b', rabbitmq.NAME, mariadb.NAME),
    (rabbitmq.EPMD,),
)


def down(lab: Lab, purge: bool = False) -> None:
    """Stop the lab; with ``purge``, forget all it has stored."""
    namespaces = namespace.known(lab)
    stop_services(lab, list(lab.processes.records()))
    with lab.console.step('mounts and loop device'):
        lab.processes.kill(lab.processes.ours())
        namespace.release(lab, namespaces)
    lab.paths.lab_json.unlink(missing_ok=True)
    if purge:
        with lab.console.step(f'delete {lab.paths.state}'):
            shutil.rmtree(lab.paths.state)
    lab.console.line(
        'The lab is gone.'
        if purge
        else 'The lab is down; `make lab` brings it back with its volumes and images.'
    )


def stop_services(lab: Lab, names: Sequence[str]) -> None:
    """Stop services in order, those of one wave at the same time."""
    remaining = [name for name in names if name != HOLDER]
    for wave in (*_WAVES, remaining):
        members = [name for name in wave if name in remaining]
        for name in members:
            lab.processes.ask_to_stop(name)
        for name in members:
            with lab.console.step(f'stop {name}'):
                lab.processes.stop(name)
        remaining = [name for name in remaining if name not in members]


def undo(lab: Lab) -> None:
    """Stop what this command has started, after Ctrl-C."""
    started = list(lab.started)
    namespaces = namespace.known(lab) if HOLDER in started else set()
    stop_services(lab, started)
    if HOLDER in started:
        namespace.release(lab, namespaces)
