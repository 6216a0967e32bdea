"""Run every client, print what surprises, and write ``docs/simulator.md``."""

import os
import sys
import tempfile
from pathlib import Path

from ontap_simulator import usage
from ontap_simulator.testing import serving

from tests.clients import (
    ansible_tasks,
    cinder_methods,
    manila_methods,
    netapp_examples,
    snippets,
    table,
)
from tests.clients.tally import Tally

_HERE = Path(__file__).parent


def main() -> int:
    """0 if no call did what nobody expects of it."""
    # The CA of the simulator would lose to them.
    for name in ('REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'):
        os.environ.pop(name, None)
    _snippets()
    tallies: list[Tally] = []
    for topology, run in (
        ('cluster.toml', lambda s: [cinder_methods.run(s)]),
        ('examples.toml', lambda s: [netapp_examples.run(s)]),
        ('cluster.toml', lambda s: [ansible_tasks.run(s)]),
        ('cluster.toml', lambda s: list(manila_methods.run(s))),
    ):
        with (
            tempfile.TemporaryDirectory() as directory,
            serving(_HERE / topology, Path(directory)) as simulator,
        ):
            tallies += run(simulator)
        print(table.row_of(tallies[-1]), end='', flush=True)
    surprises = {t.client: t.surprises for t in tallies if t.surprises}
    for client, found in surprises.items():
        for call, error in found.items():
            print(f'{client}: {call}: {error}', file=sys.stderr)
    if not surprises:
        table.DOCUMENT.write_text(table.render(tallies))
    return 1 if surprises else 0


def _snippets() -> None:
    for use in (snippets.ansible, snippets.manila):
        with tempfile.TemporaryDirectory() as directory:
            topology = Path(directory) / 'cluster.toml'
            topology.write_text(usage.EXAMPLE.read_text().replace(':18443', ':0'))
            with serving(topology, Path(directory) / usage.DATA_DIR) as simulator:
                use(simulator)
        print(f'the snippet for {use.__name__} does what it should', flush=True)


if __name__ == '__main__':
    sys.exit(main())
