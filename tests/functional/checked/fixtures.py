"""Fixtures: a cloud as it should be, written anew for each test."""

from collections.abc import Iterator

import pytest
from ontap_simulator.testing import Simulator
from ontap_simulator.testing import serving as simulating

from eic_plugins.cli.checks import product
from tests.functional.checked.cloud import TOPOLOGY, Cloud
from tests.functional.checked.services import Services
from tests.functional.checked.services import serving as serving_apis


@pytest.fixture(scope='module')
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    base = tmp_path_factory.mktemp('ontap')
    for parent in (base, *base.parents[:2]):
        parent.chmod(0o755)
    (base / 'topology.toml').write_text(TOPOLOGY)
    with simulating(base / 'topology.toml', base / 'data') as found:
        yield found


@pytest.fixture(scope='module')
def services() -> Iterator[Services]:
    with serving_apis() as found:
        yield found


@pytest.fixture
def cloud(
    tmp_path_factory: pytest.TempPathFactory,
    simulator: Simulator,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> Cloud:
    root = tmp_path_factory.mktemp('cloud') / 'root'
    for parent in root.parents[:3]:
        parent.chmod(0o755)
    found = Cloud(root, services, simulator)
    monkeypatch.setattr(product, 'survey_of', found.survey)
    found.build()
    return found
