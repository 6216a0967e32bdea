"""`kill -9` of a host before each step of a fill: the other host has the image's volume
when the locks of the killed one are free.

A volume for each step is stopped before it on the first host, each of an image of its
own (:mod:`tests.e2e.crash_runner`). Then that host is killed, and the second one is
asked for a volume of each of these images.
"""

import concurrent.futures
from collections.abc import Iterator

import pytest

from lab import cinder_hosts
from lab.context import Lab
from tests.e2e.crashes import (
    AT_ONCE,
    CASES,
    MOST_STOPPED,
    Crashing,
    Runs,
    User,
    stopped,
)
from tests.e2e.deadline import wait_for
from tests.e2e.hosts import LEASE_SECONDS, TYPES, hosts, needs_time

FILLS = ('copy_offload', 'download of qcow2')
FILLING_SECONDS = 60
"""For all of the images at once, behind the lease."""
pytestmark = needs_time
__all__ = ['hosts']


@pytest.fixture(scope='module')
def first_host(lab: Lab, hosts: None) -> Crashing:
    found = Crashing(
        lab,
        cinder_hosts.FIRST,
        cinder_hosts.configs(lab, cinder_hosts.FIRST),
        lambda: cinder_hosts.wait_for_pools(lab),
    )
    found.start()
    return found


@pytest.fixture(scope='module')
def user(lab: Lab) -> Iterator[User]:
    """Its images stay to the end: what is left is known by them."""
    found = User(lab)
    yield found
    found.clean_up()


@pytest.mark.parametrize('name', FILLS)
def test_a_host_killed_at_any_step_of_a_fill_leaves_it_to_the_other(
    name: str, user: User, first_host: Crashing, tmp_path, record_property
) -> None:
    runs = Runs(CASES[name], user, first_host, tmp_path)
    steps = runs.steps()
    record_property('steps', steps)
    numbers = list(range(1, len(steps) + 1))
    for first in range(0, len(numbers), MOST_STOPPED):
        _kill_and_go_on(runs, numbers[first : first + MOST_STOPPED])


def _kill_and_go_on(runs: Runs, numbers: list[int]) -> None:
    user, host, case = runs.user, runs.crashing, runs.case
    try:
        volumes = runs.stopped_before(numbers)
        where = stopped(host, volumes)
    finally:
        host.kill()
    try:
        ends = _on_the_other_host(runs, volumes)
    finally:
        host.start()
    wrong = {
        f'{number} {where[number]}': end
        for number, end in ends.items()
        if end not in {'cached', case.route}
    }
    assert wrong == {}
    assert user.bad_cached_images() == []
    for volume_id, _ in volumes.values():
        user.give_up(volume_id)
        user.delete(volume_id)


def _on_the_other_host(runs: Runs, volumes: dict) -> dict[int, str]:
    """What the second host makes of each image; its route, if it is right."""
    user, pool = runs.user, runs.case.pool
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as threads:
        asked = list(
            threads.map(
                lambda each: user.start(each[1], TYPES[pool][1]), volumes.values()
            )
        )
    found = {}
    for number, volume_id in zip(volumes, asked, strict=True):
        image_id = volumes[number][1]
        volume = user.ended(volume_id, LEASE_SECONDS + FILLING_SECONDS)
        if volume['status'] != 'available':
            found[number] = f'ends in {volume["status"]}'
        elif not user.has_bytes_of(image_id, volume_id, pool):
            found[number] = 'has other bytes'
        else:
            found[number] = volume['metadata']['eic_route']
        user.delete(volume_id)
    return found


def test_what_the_killed_host_left_is_swept_away(user: User, hosts: None) -> None:
    wait_for(lambda: user.leftovers() == [], 'the sweep', 240)
