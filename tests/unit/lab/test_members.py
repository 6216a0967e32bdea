"""Each service is described once, and starts and stops after those it must."""

from pathlib import Path

import pytest

from lab import (
    cinder,
    context,
    glance,
    guest_support,
    keystone,
    mariadb,
    members,
    nova,
    preparations,
    rabbitmq,
)
from lab.context import HOLDER, Lab
from lab.members import MEMBERS, Wave
from lab.paths import Paths
from lab.preparations import PREPARATIONS

NEEDS = {
    **{name: member.needs for name, member in MEMBERS.items()},
    **{each.name: each.needs for each in PREPARATIONS},
}


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.delenv('EIC_LAB_PORT_BASE', raising=False)
    return context.load(Paths(tmp_path / 'lab'))


def before(name: str) -> set[str]:
    """All that comes before a step; recursion would not end in a circle."""
    return {*NEEDS[name], *(far for near in NEEDS[name] for far in before(near))}


def test_what_is_needed_is_there_and_nothing_waits_for_itself() -> None:
    for name in NEEDS:
        assert before(name) <= NEEDS.keys() - {name}


def test_a_service_starts_after_those_it_asks_when_it_starts() -> None:
    assert {mariadb.NAME, rabbitmq.NAME, rabbitmq.EPMD} <= before(cinder.API)
    assert HOLDER in before(glance.NAME)
    assert {keystone.NAME, 'placement'} <= before(nova.CONDUCTOR)
    assert {'simulator-cluster-a', keystone.NAME} <= before(
        cinder.volume_service('stock')
    )


def test_the_clusters_start_one_after_the_other() -> None:
    assert 'simulator-cluster-a' in NEEDS['simulator-cluster-b']


def test_a_service_stops_no_later_than_the_services_it_needs() -> None:
    for name, member in MEMBERS.items():
        needed = before(name) & MEMBERS.keys()
        assert all(member.wave <= MEMBERS[each].wave for each in needed)


def test_who_asks_a_service_at_any_time_stops_before_it() -> None:
    for user in (cinder.API, cinder.SCHEDULER, nova.API, nova.SCHEDULER):
        for used in (keystone.NAME, glance.NAME, rabbitmq.NAME, mariadb.NAME):
            assert MEMBERS[user].wave < MEMBERS[used].wave
    assert MEMBERS[HOLDER].wave == max(Wave)


def test_there_is_everything_that_a_user_or_an_operator_may_name() -> None:
    assert set(MEMBERS) == {
        HOLDER,
        'simulator-cluster-a',
        'simulator-cluster-b',
        'mariadb',
        'epmd',
        'rabbitmq',
        'keystone',
        'glance',
        'placement',
        'no-network',
        'cinder-api',
        'cinder-api-stock',
        'cinder-scheduler',
        'cinder-volume-eic',
        'cinder-volume-stock',
        'nova-api',
        'nova-api-stock',
        'nova-conductor',
        'nova-scheduler',
        'nova-compute-eic',
        'nova-compute-stock',
        'machine-guest-eic',
        'machine-guest-stock',
        'libvirtd-guest-eic',
        'libvirtd-guest-stock',
        'nova-compute-guest-eic',
        'nova-compute-guest-stock',
    }


def test_machines_start_one_after_the_other() -> None:
    """Each ends what is left of its killed one, and must see who is alive."""
    assert 'machine-guest-eic' in NEEDS['machine-guest-stock']


@pytest.mark.parametrize(('left_out', 'expected'), [('', True), ('no QEMU', False)])
def test_a_lab_has_the_hosts_with_guests_or_all_but_these(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, left_out: str, expected: bool
) -> None:
    monkeypatch.setattr(guest_support, 'left_out', lambda _: left_out)
    of_guests = {name for name in MEMBERS if 'guest' in name}
    assert (of_guests <= members.of(lab).keys()) is expected
    assert set(MEMBERS) - of_guests <= members.of(lab).keys()
    assert (len(preparations.of(lab)) == len(PREPARATIONS)) is expected
