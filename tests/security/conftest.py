"""What several of these suites use; each is a process of its own."""

import pytest

from eic_plugins.support.breaker import CircuitBreaker


@pytest.fixture
def failures(monkeypatch: pytest.MonkeyPatch) -> list[CircuitBreaker]:
    """The failures that were counted against a remote, while they count as ever."""
    counted: list[CircuitBreaker] = []
    failed = CircuitBreaker.failed

    def count(breaker: CircuitBreaker) -> None:
        counted.append(breaker)
        failed(breaker)

    monkeypatch.setattr(CircuitBreaker, 'failed', count)
    return counted
