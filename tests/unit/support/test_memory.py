"""What is remembered has an end, in time and in number."""

import threading

from eic_plugins.support.memory import Memory
from tests.unit.fake_clock import FakeClock


def test_a_value_is_kept_for_its_time() -> None:
    clock = FakeClock()
    memory: Memory[str, int] = Memory(10, clock=clock)
    memory.put('a', 1)
    clock.now = 9.9
    assert memory.get('a') == 1
    clock.now = 10.0
    assert memory.get('a') is None


def test_of_too_many_values_the_least_used_goes_first() -> None:
    memory: Memory[int, int] = Memory(10, 2, FakeClock())
    memory.put(1, 1)
    memory.put(2, 2)
    assert memory.get(1) == 1
    memory.put(3, 3)
    assert [memory.get(key) for key in (1, 2, 3)] == [1, None, 3]


def test_what_is_forgotten_is_gone() -> None:
    memory: Memory[int, int] = Memory(10, clock=FakeClock())
    memory.put(1, 1)
    memory.put(2, 2)
    memory.forget(1)
    memory.forget(1)
    assert (memory.get(1), memory.get(2)) == (None, 2)
    memory.clear()
    assert memory.get(2) is None


def test_threads_share_it() -> None:
    memory: Memory[int, int] = Memory(0.0005, 50)
    errors: list[Exception] = []

    def work(offset: int) -> None:
        try:
            for number in range(3000):
                memory.put((number + offset) % 97, number)
                memory.get(number % 97)
        except Exception as err:
            errors.append(err)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
