"""`down`: ends everything the lab has started, whatever is left of it."""

import shutil
from collections.abc import Iterator, Sequence

from lab import namespace
from lab.context import HOLDER, Lab
from lab.members import MEMBERS, Wave


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
    """Stop services in order, those of one wave at the same time.

    The namespace is not among them: whoever lives in it must be ended first.
    """
    for wave in _waves([name for name in names if name != HOLDER]):
        for name in wave:
            lab.processes.ask_to_stop(name)
        for name in wave:
            with lab.console.step(f'stop {name}'):
                lab.processes.stop(name)


def _waves(names: Sequence[str]) -> Iterator[list[str]]:
    for wave in Wave:
        yield [name for name in names if name in MEMBERS and MEMBERS[name].wave is wave]
    # Of another version of the lab, or of a test.
    yield [name for name in names if name not in MEMBERS]


def undo(lab: Lab) -> None:
    """Stop what this command has started, after Ctrl-C."""
    started = list(lab.started)
    namespaces = namespace.known(lab) if HOLDER in started else set()
    stop_services(lab, started)
    if HOLDER in started:
        namespace.release(lab, namespaces)
