"""`eic check` names each mistake, nothing else, and its advice mends it."""

from collections.abc import Iterator

import pytest
from ontap_simulator.testing import Simulator
from ontap_simulator.testing import serving as simulating

from eic_plugins.cli.checks import product, runner
from eic_plugins.cli.checks.finding import Status
from tests.functional.checked import manual
from tests.functional.checked.cloud import TOPOLOGY, Cloud
from tests.functional.checked.misconfigurations import TABLE, Misconfiguration
from tests.functional.checked.services import Services
from tests.functional.checked.services import serving as serving_apis


@pytest.fixture(scope='module')
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    base = tmp_path_factory.mktemp('ontap')
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
    root = tmp_path_factory.mktemp('cloud', numbered=True) / 'root'
    for parent in root.parents[:2]:
        parent.chmod(0o755)
    found = Cloud(root, services, simulator)
    monkeypatch.setattr(product, 'survey_of', found.survey)
    found.build()
    return found


def test_all_passes_and_all_is_seen_where_all_is_well(cloud: Cloud) -> None:
    results = cloud.check()
    assert [r for r in results if r.finding.status is not Status.PASS] == []
    assert len(results) >= 100


@pytest.mark.parametrize('case', TABLE, ids=lambda case: case.mistake)
def test_a_mistake_is_named_alone_and_its_advice_mends_it(
    cloud: Cloud, case: Misconfiguration, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        for (target, name), value in case.patch.items():
            patch.setattr(target, name, value)
        case.do(cloud)
        bad = cloud.bad()
    assert set(bad) == {case.check}, bad
    findings = bad[case.check]
    assert manual.row(case, findings, cloud.root) in manual.written()
    assert {str(finding.status) for finding in findings} == {case.status}
    assert any(case.says in finding.why for finding in findings), findings
    assert all(finding.advice for finding in findings)
    case.mend(cloud, findings)
    assert cloud.bad() == {}


def test_the_manual_lists_the_checks() -> None:
    assert manual.listed_checks() in manual.MANUAL.read_text()


def test_each_check_has_a_mistake_that_it_names() -> None:
    tried = {case.check for case in TABLE}
    assert {check.name for check in runner.load()} - tried == set()
