"""A Glance that looks for a service token is told by one."""

from typing import Any
from unittest import mock

import pytest
from glanceclient import exc

from eic_plugins.glance import locations_api
from eic_plugins.glance.locations_api import LocationsApi
from tests.unit.fake_clock import FakeClock

FOUND = [{'url': 'file:///a', 'metadata': {}}]


class FakeGlance:
    """One client for each session, and what was asked with which."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **answers: Any) -> None:
        self.asked: list[str] = []
        self.answers = answers
        monkeypatch.setattr(locations_api, 'service_session', self._session)
        monkeypatch.setattr(locations_api, 'service_client', self._client)

    @staticmethod
    def _session(_conf: Any, service_token: bool = False) -> str:
        return 'token' if service_token else 'plain'

    def _client(self, _conf: Any, session: str) -> Any:
        def get(image_id: str) -> Any:
            self.asked.append(session)
            if isinstance(self.answers[session], Exception):
                raise self.answers[session]
            return iter(self.answers[session])

        client = mock.Mock()
        client.images.get_image_locations = get
        return client


def test_no_service_token_is_sent_where_none_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, conf: Any
) -> None:
    glance = FakeGlance(monkeypatch, plain=FOUND)
    assert LocationsApi(conf).find('i') == FOUND
    assert glance.asked == ['plain']


def test_one_that_helped_is_sent_from_then_on(
    monkeypatch: pytest.MonkeyPatch, conf: Any
) -> None:
    glance = FakeGlance(monkeypatch, plain=exc.HTTPForbidden(), token=FOUND)
    api = LocationsApi(conf)
    assert [api.find('i'), api.find('j')] == [FOUND, FOUND]
    assert glance.asked == ['plain', 'token', 'token']


def test_one_that_did_not_help_is_not_sent_again(
    monkeypatch: pytest.MonkeyPatch, conf: Any
) -> None:
    refusal = exc.HTTPForbidden()
    glance = FakeGlance(monkeypatch, plain=refusal, token=refusal)
    api = LocationsApi(conf)
    for _ in range(2):
        with pytest.raises(exc.HTTPForbidden):
            api.find('i')
    assert glance.asked == ['plain', 'token', 'plain']


def test_what_was_refused_of_an_image_says_nothing_of_another_nor_for_ever(
    monkeypatch: pytest.MonkeyPatch, conf: Any
) -> None:
    refusal, clock = exc.HTTPForbidden(), FakeClock()
    glance = FakeGlance(monkeypatch, plain=refusal, token=refusal)
    api = LocationsApi(conf, clock)
    with pytest.raises(exc.HTTPForbidden):
        api.find('i')
    glance.answers['token'] = FOUND
    with pytest.raises(exc.HTTPForbidden):
        api.find('i')
    clock.now += 301
    assert api.find('i') == FOUND
    other = LocationsApi(conf, clock)
    glance.answers['token'] = refusal
    with pytest.raises(exc.HTTPForbidden):
        other.find('i')
    glance.answers['token'] = FOUND
    assert other.find('j') == FOUND


def test_an_image_that_is_not_there_is_no_refusal(
    monkeypatch: pytest.MonkeyPatch, conf: Any
) -> None:
    glance = FakeGlance(monkeypatch, plain=exc.HTTPNotFound())
    with pytest.raises(exc.HTTPNotFound):
        LocationsApi(conf).find('i')
    assert glance.asked == ['plain']
