"""Other people's clients against the simulator: those that are installed anyway.

What passes, and whose fault it is where something does not, is a table in
``docs/simulator.md``. ``make clients`` runs the other clients, too.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ontap_simulator.testing import Simulator, serving

from tests.clients import cinder_methods
from tests.clients.tally import Tally

TOPOLOGY = Path(__file__).parents[1] / 'clients' / 'cluster.toml'


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    with serving(TOPOLOGY, tmp_path / 'data') as found:
        yield found


@pytest.mark.parametrize('run', [cinder_methods.run])
def test_client_meets_what_it_expects(
    run: Callable[[Simulator], Tally], simulator: Simulator
) -> None:
    tally = run(simulator)
    assert tally.surprises == {}
    assert tally.passed > 0


def test_each_method_of_cinders_client_is_called_or_said_to_be_left_out() -> None:
    called = {call.partition('(')[0] for call in cinder_methods.calls()}
    left_out = set(cinder_methods.LEFT_OUT)
    assert called | left_out >= cinder_methods.methods()
    assert not called & left_out
