"""`kill -9` of cinder-volume before each step of each route, then a restart.

The table of steps is made by one volume that goes all the way
(:mod:`tests.e2e.crash_runner`). Then there is a volume for each step that
stops before it, each of an image of its own, and all are killed at once.
"""

import concurrent.futures
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab import cinder, cinder_ready
from tests.e2e.crashes import (
    AT_ONCE,
    CASES,
    MOST_STOPPED,
    SECONDS,
    Crashing,
    Runs,
    User,
    stopped,
)
from tests.e2e.deadline import wait_for

# Restarts and sweeps take longer than all other end-to-end tests together.
pytestmark = pytest.mark.skipif(
    not os.environ.get('EIC_CRASH_TABLE'),
    reason='the table of crashes runs with EIC_CRASH_TABLE=1',
)

ROUNDS = 3
"""Cinder writes a volume's row once more here and there, so that a step has
another number now and then: what was missed is tried again."""
SERVICE = cinder.volume_service('eic')


@pytest.fixture(scope='module')
def crashing(lab):
    found = Crashing(
        lab,
        SERVICE,
        cinder.volume_configs(lab, 'eic'),
        lambda: cinder_ready.wait_for_pools(lab, ['eic']),
    )
    found.start()
    yield found
    subprocess.run(
        [sys.executable, '-m', 'lab', 'restart', SERVICE],
        check=True,
        capture_output=True,
        timeout=180,
    )


@pytest.fixture(scope='module')
def user(lab):
    """Its images stay to the end: what is left is known by them."""
    found = User(lab)
    yield found
    found.clean_up()


@pytest.mark.parametrize('name', CASES)
def test_a_crash_at_any_step_costs_no_more_than_its_volume(
    name, user, crashing, tmp_path, record_property
):
    case = CASES[name]
    runs = Runs(case, user, crashing, tmp_path)
    steps = runs.steps()
    print(f'{name}: {len(steps)} steps')
    for number, step in enumerate(steps, start=1):
        print(f'{number:4} {step}')
    record_property('steps', steps)
    missed = list(range(1, len(steps) + 1))
    for _ in range(ROUNDS):
        seen = []
        for first in range(0, len(missed), MOST_STOPPED):
            seen += _crash(runs, missed[first : first + MOST_STOPPED])
        assert set(seen) <= set(steps)
        missed = [number for number in missed if steps[number - 1] not in seen]
        if not missed:
            break
    assert [steps[number - 1] for number in missed] == []


def _crash(runs, numbers):
    """Crash before the steps of these numbers; which ones they were."""
    crashing, user = runs.crashing, runs.user
    try:
        volumes = runs.stopped_before(numbers)
        where = stopped(crashing, volumes)
    finally:
        crashing.kill()
        crashing.start()
    assert user.bad_cached_images() == []
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        ends = dict(
            zip(
                numbers,
                pool.map(lambda number: _end(runs, number, *volumes[number]), numbers),
                strict=True,
            )
        )
    wrong = {
        f'{number} {where[number]}': end
        for number, end in ends.items()
        if end != 'right'
    }
    assert wrong == {}
    assert user.bad_cached_images() == []
    assert [name for name in user.leftovers() if not _temporary(name)] == []
    return list(where.values())


def _end(runs, number, volume_id, image_id):
    """The volume is whole or can be deleted, and the next one is right."""
    user, pool = runs.user, runs.case.pool
    if number == 1 or runs.case.reimage:
        # Cinder keeps no note of who has this request (or not yet), so that
        # no restart ends it; with any driver an operator has to.
        user.give_up(volume_id)
    volume = user.ended(volume_id, SECONDS)
    if volume['status'] == 'available' and not user.has_bytes_of(
        image_id, volume_id, pool
    ):
        return 'available with other bytes'
    if runs.case.reimage and not any(
        user.has_bytes_of(each, volume_id, pool)
        for each in (image_id, runs.replaced[volume_id])
    ):
        return f'{volume["status"]} with the bytes of neither image'
    user.delete(volume_id)
    if (user.root(pool) / f'volume-{volume_id}').exists():
        return f'{volume["status"]}, and its file outlives it'
    again = user.create(image_id, f'eic-{pool}')
    if again['status'] != 'available':
        return f'the next one ends in {again["status"]}'
    if not user.has_bytes_of(image_id, again['id'], pool):
        return 'the next one has other bytes'
    route = again['metadata']['eic_route']
    user.delete(again['id'])
    return 'right' if route != 'cinder_download' else f'the next one took {route}'


def _temporary(name):
    """What the sweep is for; it wants a minute without a write."""
    file = name.partition('/')[2]
    return file.startswith('eic-fill-') or '.json.' in file


def test_what_crashes_left_is_swept_away(lab, user, crashing):
    wait_for(lambda: user.leftovers() == [], 'the sweep', 240)
    conversion = Path(lab.paths / 'cinder/conversion')
    assert [path.name for path in conversion.iterdir() if path.stat().st_size] == []
