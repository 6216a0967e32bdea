"""Each answer that a real ONTAP may give, on each route to a volume on a share.

Nobody knows what a real ONTAP does in these points. So the driver must be right
whatever it is: the volume has the image's bytes, by the best route that such a
cluster allows, and nothing is left over. ``EIC_PERSONALITIES=300`` tries as many
random mixtures.
"""

import dataclasses
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ontap_simulator.personality import CHOICES

from tests.contract import personality_table, share_routes, shares
from tests.contract.images import Glance
from tests.contract.personality_table import SHARES, SINGLE, shown
from tests.contract.share_routes import CASES, Case, SufferingShares
from tests.contract.simulator import Simulator, file_copies_allowed

PROTOCOL = 'nfs'
pytestmark = pytest.mark.usefixtures('nfs')

ROUTES: Mapping[str, Case] = {
    **{name: case for name, case in CASES.items() if not case.reimage},
    'copy_offload between SVMs': Case('copy_offload', located=True, other_svm=True),
    'a link to the image': Case('download', located=True, as_link=True),
}


@pytest.fixture(scope='module')
def cinder_conf(served: Simulator, state: Path) -> Iterator[Any]:
    timeouts = {
        'clone_timeout': 10,
        'copy_offload_timeout': 10,
        'fill_wait_timeout': 20,
    }
    with share_routes.configured(served, state, **timeouts) as configuration:
        yield configuration


@pytest.fixture(scope='module')
def driver(admin: Any) -> Any:
    return shares.started(admin)


@dataclasses.dataclass
class Cluster:
    """A cluster of any personality, with EIC's driver in front of it."""

    world: SufferingShares

    def become(self, traits: Mapping[str, str]) -> None:
        self.world.simulator.control('DELETE', '/personality')
        self.world.simulator.control('PATCH', '/personality', json=dict(traits))
        self.world.start_anew()

    def wrong(self, name: str, traits: Mapping[str, str]) -> list[str]:
        """What is wrong with a volume by that route; nothing, if all is well."""
        world, case = self.world, ROUTES[name]
        self.become({})
        image = world.new_image(case)
        self.become(traits)
        volume, route = world.make(image, case.share)
        world.settle()
        world.sweep()
        expected = personality_table.of_share(name, traits)
        found = [
            *([] if route == expected else [f'{route} and not {expected}']),
            *world.wrong_with(image, [volume]),
            *world.wrong_next(case, image),
        ]
        world.clean()
        return found


@pytest.fixture
def cluster(
    driver: Any, admin: Any, simulator: Simulator, tmp_path: Path
) -> Iterator[Cluster]:
    world = SufferingShares(driver, admin, simulator, Glance())
    world.tmp_path = tmp_path
    yield Cluster(world)
    simulator.control('DELETE', '/personality')


@pytest.fixture(scope='module', autouse=True)
def peered(served: Simulator) -> Iterator[None]:
    """From svm_gold, for file copies."""
    with file_copies_allowed(served, 'svm_gold', 'svm_silver'):
        yield


def test_the_table_in_the_docs_is_what_these_tests_ask_for() -> None:
    assert set(ROUTES) == set(SHARES)
    assert personality_table.written() == personality_table.table()


@pytest.mark.parametrize('route', ROUTES)
@pytest.mark.parametrize('traits', SINGLE, ids=shown)
def test_a_volume_is_right_by_the_best_route(
    cluster: Cluster, route: str, traits: Mapping[str, str]
) -> None:
    assert cluster.wrong(route, traits) == []


MIXTURES = st.fixed_dictionaries(
    {name: st.sampled_from(choices) for name, choices in CHOICES.items()}
)


@settings(
    max_examples=int(os.environ.get('EIC_PERSONALITIES', '8')),
    derandomize=not os.environ.get('EIC_PERSONALITIES'),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
@given(route=st.sampled_from(sorted(ROUTES)), traits=MIXTURES)
def test_a_volume_is_right_under_any_mixture(
    cluster: Cluster, route: str, traits: Mapping[str, str]
) -> None:
    assert cluster.wrong(route, traits) == []
