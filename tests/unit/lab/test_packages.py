"""An installation leaves the machine's service policy as it was."""

import pytest

from lab import packages
from lab.errors import LabError


@pytest.fixture
def policy(tmp_path, monkeypatch):
    path = tmp_path / 'policy-rc.d'
    monkeypatch.setattr(packages, '_POLICY', path)
    monkeypatch.setattr(packages, '_SAVED_POLICY', tmp_path / 'saved')
    return path


def test_services_are_denied_a_start_and_nothing_stays(policy):
    with packages.services_stay_down():
        assert 'exit 101' in policy.read_text()
        assert policy.stat().st_mode & 0o111
    assert not policy.exists()


def test_a_policy_of_the_machine_comes_back(policy):
    policy.write_text('theirs')
    with pytest.raises(ZeroDivisionError), packages.services_stay_down():
        assert policy.read_text() != 'theirs'
        raise ZeroDivisionError
    assert policy.read_text() == 'theirs'


@pytest.mark.parametrize('theirs', [None, 'theirs'])
def test_what_a_killed_run_left_is_undone(policy, theirs):
    if theirs:
        policy.write_text(theirs)
    packages.services_stay_down().__enter__()  # and never left
    packages.restore_policy()
    assert (policy.read_text() if policy.exists() else None) == theirs
    assert not packages._SAVED_POLICY.exists()


def test_nothing_is_done_where_nothing_is_missing(monkeypatch):
    monkeypatch.setattr(packages, 'missing', lambda names: [])
    packages.ensure(['bash'])


def test_without_root_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(packages.shutil, 'which', lambda name: '/x')
    monkeypatch.setattr(packages, 'missing', list)
    monkeypatch.setattr(packages.os, 'geteuid', lambda: 1000)
    with pytest.raises(LabError, match='apt-get install xfsprogs'):
        packages.ensure(['xfsprogs'])


def test_another_distribution_is_told_apart(monkeypatch):
    monkeypatch.setattr(packages.shutil, 'which', lambda name: None)
    with pytest.raises(LabError, match='not Debian'):
        packages.ensure(['xfsprogs'])
