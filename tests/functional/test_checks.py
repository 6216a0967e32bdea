"""`eic check` names each mistake, nothing else, and its advice mends it."""

from typing import Any

import pytest

from eic_plugins.cli.checks import runner
from eic_plugins.cli.checks.finding import Status
from tests.functional.checked import manual
from tests.functional.checked.cloud import OLD, Cloud, is_of_release
from tests.functional.checked.fixtures import (  # noqa: F401 - fixtures
    cloud,
    services,
    simulator,
)
from tests.functional.checked.misconfigurations import TABLE, Misconfiguration


def test_all_passes_and_all_is_seen_where_all_is_well(cloud: Cloud) -> None:
    results = cloud.check()
    not_well = [r for r in results if r.finding.status is not Status.PASS]
    assert [r for r in not_well if not is_of_release(r.finding)] == []
    assert [r.check for r in not_well] == ['ontap-version'] * OLD
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


def test_a_check_of_a_sites_own_is_written_as_the_manual_says(cloud: Cloud) -> None:
    manual_text = manual.MANUAL.read_text()
    example = manual_text.partition('```python\n')[2].partition('```')[0]
    made: dict[str, Any] = {}
    exec(example, made)  # noqa: S102 - of our own manual
    own = runner.Check('reserved', made['reserved'])
    assert own.about == 'Our backends reserve a tenth of each pool'
    wrong = runner.found(own, cloud.facts())
    assert [finding.why for finding in wrong] == [
        '[gold] reserves another part of its pools',
        '[san] reserves another part of its pools',
    ]
    cloud.mend(wrong)
    assert runner.found(own, cloud.facts())[0].status is Status.PASS
