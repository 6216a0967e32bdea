"""An installation leaves the machine's service policy as it was."""

import os
import shutil
from pathlib import Path

import pytest

from lab import packages
from lab.errors import LabError
from lab.packages import ServicePolicy


@pytest.fixture
def policy(tmp_path: Path) -> ServicePolicy:
    return ServicePolicy(tmp_path / 'policy-rc.d', tmp_path / 'saved')


def test_services_are_denied_a_start_and_nothing_stays(policy: ServicePolicy) -> None:
    with policy.services_stay_down():
        assert 'exit 101' in policy.path.read_text()
        assert policy.path.stat().st_mode & 0o111
    assert not policy.path.exists()


def test_a_policy_of_the_machine_comes_back(policy: ServicePolicy) -> None:
    policy.path.write_text('theirs')
    with pytest.raises(ZeroDivisionError), policy.services_stay_down():
        assert policy.path.read_text() != 'theirs'
        raise ZeroDivisionError
    assert policy.path.read_text() == 'theirs'


@pytest.mark.parametrize('theirs', [None, 'theirs'])
def test_what_a_killed_run_left_is_undone(
    policy: ServicePolicy, theirs: str | None
) -> None:
    if theirs:
        policy.path.write_text(theirs)
    policy.services_stay_down().__enter__()  # and never left
    policy.restore()
    assert (policy.path.read_text() if policy.path.exists() else None) == theirs
    assert not policy.saved.exists()


def test_nothing_is_done_where_nothing_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(packages, 'missing', lambda names: [])
    packages.ensure(['bash'])


def test_without_root_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, 'which', lambda name: '/x')
    monkeypatch.setattr(packages, 'missing', list)
    monkeypatch.setattr(os, 'geteuid', lambda: 1000)
    with pytest.raises(LabError, match='apt-get install xfsprogs'):
        packages.ensure(['xfsprogs'])


def test_another_distribution_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, 'which', lambda name: None)
    with pytest.raises(LabError, match='not Debian'):
        packages.ensure(['xfsprogs'])
