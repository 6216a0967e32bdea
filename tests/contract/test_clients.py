"""Other people's clients against the simulator: those that are installed anyway.

What passes, and whose fault it is where something does not, is a table in
``docs/simulator.md``. ``make clients`` runs the other clients, too.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from ontap_simulator.testing import Simulator, serving

from tests.clients import cinder_methods, netapp_examples, table
from tests.clients.tally import Tally
from tests.contract.release import since

CLIENTS = Path(__file__).parents[1] / 'clients'


@since(29, "the clients of docs/simulator.md are the newest release's")
@pytest.mark.parametrize(
    ('run', 'topology'),
    [
        pytest.param(cinder_methods.run, 'cluster.toml', id='cinder'),
        pytest.param(netapp_examples.run, 'examples.toml', id='netapp_ontap'),
    ],
)
def test_client_meets_what_it_expects(
    run: Callable[[Simulator], Tally], topology: str, tmp_path: Path
) -> None:
    with serving(CLIENTS / topology, tmp_path / 'data') as simulator:
        tally = run(simulator)
    assert tally.surprises == {}
    assert table.row_of(tally) in table.DOCUMENT.read_text(), 'make clients'


def test_each_method_of_cinders_client_is_called_or_said_to_be_left_out() -> None:
    called = {call.partition('(')[0] for call in cinder_methods.calls()}
    left_out = set(cinder_methods.LEFT_OUT)
    assert called | left_out >= cinder_methods.methods()
    assert not called & left_out
