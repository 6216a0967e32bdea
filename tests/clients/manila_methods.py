"""The REST client of Manila's NetApp driver, in an environment of its own."""

import json
from collections.abc import Mapping
from pathlib import Path

from ontap_simulator.testing import Simulator

from tests.clients import environment
from tests.clients.tally import Attempt, Known, Tally

_CALLS = Path(__file__).with_name('manila_calls.py')

KNOWN: Mapping[str, Known] = {
    'reading get_volume_allocated_files': Known(
        'client', 'it looks for num_records in the answer about one volume'
    ),
    'reading get_aggregate_for_volume': Known(
        'client', 'it looks for the aggregates one level too high'
    ),
    'reading get_cifs_share_access': Known('simulator', 'shares have no ACLs'),
    'reading cifs_server_exists': Known(
        'client', 'there is none, and it takes the 404 for an error'
    ),
}


def run(simulator: Simulator) -> tuple[Tally, Tally]:
    """Call the methods: those that read, and those that change something."""
    done = environment.run(
        simulator, 'python', _CALLS, simulator.host, simulator.port, simulator.ca
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    return _tally('reading', found), _tally('changing', found)


def _tally(group: str, found: Mapping[str, str]) -> Tally:
    attempts = [
        Attempt(call.removeprefix(f'{group} '), ' '.join(error.split()))
        for call, error in found.items()
        if call.startswith(f'{group} ') or call == '__init__'
    ]
    known = {
        call.removeprefix(f'{group} '): why
        for call, why in KNOWN.items()
        if call.startswith(f'{group} ')
    }
    return Tally(f'Manila, NetAppRestClient, {group}', _version(), attempts, known)


def _version() -> str:
    (found,) = environment.DIRECTORY.glob(
        'lib/python*/site-packages/manila-*.dist-info'
    )
    return found.name.removeprefix('manila-').removesuffix('.dist-info')
