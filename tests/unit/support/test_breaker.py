"""A remote that fails is left alone, then asked again."""

from eic_plugins.support.breaker import CircuitBreaker


def test_it_is_left_alone_after_failures_in_a_row_and_then_asked_again():
    now = [0.0]
    breaker = CircuitBreaker('Glance', 'nothing is cloned', 2, 15.0, lambda: now[0])
    breaker.failed()
    assert breaker.allows()
    assert not breaker.healthy
    breaker.failed()
    assert not breaker.allows()
    now[0] = 15.0
    assert breaker.allows()
    breaker.failed()
    assert not breaker.allows()
    now[0] = 30.0
    breaker.succeeded()
    assert breaker.healthy
    breaker.failed()
    assert breaker.allows()
