"""How long EIC has the stock driver's client wait."""

from types import SimpleNamespace
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from eic_plugins.ontap.session import OntapBusyError
from eic_plugins.volume.stock import waits


class Connection:
    """As the stock client's: a session for each call."""

    def _build_session(self, headers: dict[str, str]) -> None:
        self._session = requests.Session()
        retries = Retry(total=5, connect=5, read=2, backoff_factor=1)
        self._session.mount('https://', HTTPAdapter(max_retries=retries))
        self._session.headers.update(headers)

    def retries(self) -> Retry:
        self._build_session({'Accept': 'application/json'})
        return self._session.get_adapter('https://cluster').max_retries


@pytest.fixture
def client() -> Any:
    return SimpleNamespace(connection=Connection())


def told(seconds: int, status: int = 429) -> Any:
    return SimpleNamespace(
        status=status,
        headers={'Retry-After': str(seconds)},
        get_redirect_location=lambda: None,
    )


def test_what_was_refused_is_sent_again_whatever_its_method(client: Any) -> None:
    with waits.bounded(client):
        retries = client.connection.retries()
        assert retries.is_retry('POST', 429, has_retry_after=True)
        assert not retries.is_retry('POST', 503, has_retry_after=True)
        assert not retries.is_retry('POST', 429, has_retry_after=False)


def test_a_wait_that_is_too_long_ends_the_call(client: Any) -> None:
    with pytest.raises(OntapBusyError, match='3600 s'), waits.bounded(client):
        client.connection.retries().increment('GET', '/api', response=told(3600))


def test_so_does_the_sixth_short_one(client: Any) -> None:
    with pytest.raises(OntapBusyError), waits.bounded(client):
        retries = client.connection.retries()
        for _ in range(6):
            assert retries.is_retry('POST', 429, has_retry_after=True)
            retries = retries.increment('POST', '/api', response=told(1))


def test_an_error_that_is_about_something_else_stays_what_it_is(client: Any) -> None:
    with pytest.raises(KeyError), waits.bounded(client):
        raise KeyError


def test_the_stock_drivers_own_calls_wait_as_ever(client: Any) -> None:
    with waits.bounded(client):
        pass
    retries = client.connection.retries()
    assert retries.increment('GET', '/api', response=told(3600)).total == 4
    assert not retries.is_retry('POST', 429, has_retry_after=True)


def test_a_client_without_a_session_is_left_alone() -> None:
    with waits.bounded(SimpleNamespace(connection=object())):
        pass
