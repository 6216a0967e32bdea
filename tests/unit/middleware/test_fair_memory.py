"""What is remembered has an end, in time and in number, for each who asks."""

import pytest

from eic_plugins.middleware.fair_memory import OWNERS_SHARE, REMEMBERED, FairMemory
from tests.unit.fake_clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(100.0)


@pytest.fixture
def memory(clock: FakeClock) -> FairMemory[str, object]:
    return FairMemory(60.0, clock)


def test_an_answer_is_known_until_its_time_is_over(
    memory: FairMemory[str, object], clock: FakeClock
) -> None:
    memory.remember('a', 'p', 'found')
    clock.now += 59.9
    assert memory.recall('a') == 'found'
    clock.now += 0.1
    assert memory.recall('a') is None
    assert len(memory) == 0


def test_a_newer_answer_takes_the_place_and_the_time_of_the_older(
    memory: FairMemory[str, object], clock: FakeClock
) -> None:
    memory.remember('a', 'p', 'old')
    clock.now += 30
    memory.remember('a', 'q', 'new')
    clock.now += 59
    assert memory.recall('a') == 'new'
    assert (memory.owned_by('p'), memory.owned_by('q')) == (0, 1)


def test_nothing_is_remembered_for_no_time(clock: FakeClock) -> None:
    memory: FairMemory[str, str] = FairMemory(0, clock)
    memory.remember('a', 'p', 'found')
    assert memory.recall('a') is None


def test_a_thousand_of_one_owner_make_nobody_elses_be_forgotten(
    memory: FairMemory[str, object],
) -> None:
    for number in range(100):
        memory.remember(f'ours-{number}', 'ours', number)
    for number in range(3000):
        memory.remember(f'theirs-{number}', 'theirs', number)
    assert [memory.recall(f'ours-{number}') for number in range(100)] == [*range(100)]
    assert len(memory) <= 100 + 256
    assert memory.owned_by('theirs') == OWNERS_SHARE == 256
    assert memory.recall('theirs-2743') is None
    assert memory.recall('theirs-2744') == 2744


def test_all_together_have_an_end(memory: FairMemory[str, object]) -> None:
    for number in range(3000):
        memory.remember(str(number), f'project-{number % 50}', number)
    assert len(memory) == REMEMBERED == 1024
    assert sum(memory.owned_by(f'project-{number}') for number in range(50)) == 1024
    assert memory.recall('2999') == 2999
    assert memory.recall('0') is None


def test_what_is_over_counts_for_nobody(
    memory: FairMemory[str, object], clock: FakeClock
) -> None:
    for number in range(256):
        memory.remember(f'old-{number}', 'p', number)
    clock.now += 61
    for number in range(256):
        memory.remember(f'new-{number}', 'p', number)
    assert [memory.recall(f'new-{number}') for number in range(256)] == [*range(256)]
