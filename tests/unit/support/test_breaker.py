"""A remote that fails is left alone, then asked again."""

from eic_plugins.support.breaker import CircuitBreaker
from tests.unit.fake_clock import FakeClock


def test_it_is_left_alone_after_failures_in_a_row_and_then_asked_again() -> None:
    clock = FakeClock()
    breaker = CircuitBreaker('Glance', 'nothing is cloned', 2, 15.0, clock)
    breaker.failed()
    assert breaker.allows()
    breaker.failed()
    assert not breaker.allows()
    clock.now = 15.0
    assert breaker.allows()
    breaker.failed()
    assert not breaker.allows()
    clock.now = 30.0
    breaker.succeeded()
    breaker.failed()
    assert breaker.allows()
