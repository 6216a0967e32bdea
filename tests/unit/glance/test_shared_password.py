"""A process asks Keystone for one token, however often a plugin is loaded."""

import http.server
import json
from collections.abc import Iterator
from typing import Any

import pytest
from keystoneauth1 import exceptions, loading, session
from oslo_config import cfg

from eic_plugins.glance import shared_password
from tests import stub_server

CREDENTIALS = {
    'username': 'cinder',
    'password': 'secret',
    'project_name': 'service',
    'user_domain_name': 'Default',
    'project_domain_name': 'Default',
}


class _Server(stub_server.ThreadedServer, http.server.HTTPServer):
    """Of HTTP."""


@pytest.fixture(autouse=True)
def nothing_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_password, '_made', {})


@pytest.fixture
def keystone() -> Iterator[Any]:
    """A Keystone that gives tokens, and the list of those given."""
    given = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(
                200,
                {
                    'version': {
                        'id': 'v3.14',
                        'status': 'stable',
                        'links': [{'rel': 'self', 'href': f'{url}/v3/'}],
                    }
                },
            )

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers['Content-Length']))
            given.append(f'token-{len(given)}')
            self.answer(
                201,
                {
                    'token': {
                        'expires_at': '2999-01-01T00:00:00Z',
                        'methods': ['password'],
                        'user': {'id': 'u', 'name': 'cinder'},
                    }
                },
                {'X-Subject-Token': given[-1]},
            )

        def answer(self, status: Any, document: Any, headers: Any = ()) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            for name, value in {
                'Content-Length': len(body),
                'Content-Type': 'application/json',
                **dict(headers),
            }.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            pass

    with stub_server.serving(_Server(('127.0.0.1', 0), Handler)) as url:
        yield f'{url}/v3', given


def load(url: Any, **changed: Any) -> Any:
    """As Cinder does for each volume: from the options of a section."""
    options = cfg.ConfigOpts()
    loading.register_auth_conf_options(options, 'glance')
    options([])
    options.set_override('auth_type', 'eic_shared_password', 'glance')
    loader = loading.get_plugin_loader('eic_shared_password')
    options.register_opts(
        [opt._to_oslo_opt() for opt in loader.get_options()], 'glance'
    )
    for name, value in {'auth_url': url, **CREDENTIALS, **changed}.items():
        options.set_override(name, value, 'glance')
    return loading.load_auth_from_conf_options(options, 'glance')


def test_plugins_of_the_same_options_share_a_token(keystone: tuple[Any, ...]) -> None:
    url, given = keystone
    tokens = {load(url).get_token(session.Session()) for _ in range(5)}
    assert tokens == {'token-0'}
    assert given == ['token-0']


def test_with_password_each_would_have_its_own(keystone: tuple[Any, ...]) -> None:
    url, given = keystone
    for _ in range(2):
        loading.get_plugin_loader('password').load_from_options(
            auth_url=url, **CREDENTIALS
        ).get_token(session.Session())
    assert given == ['token-0', 'token-1']


def test_other_credentials_have_a_token_of_their_own(keystone: tuple[Any, ...]) -> None:
    url, given = keystone
    load(url).get_token(session.Session())
    load(url, username='nova').get_token(session.Session())
    assert len(given) == 2


def test_a_token_that_was_refused_is_fetched_again(keystone: tuple[Any, ...]) -> None:
    url, given = keystone
    load(url).get_token(session.Session())
    assert load(url).invalidate()
    assert load(url).get_token(session.Session()) == 'token-1'
    assert len(given) == 2


def test_options_that_password_misses_are_missed() -> None:
    loader = loading.get_plugin_loader('eic_shared_password')
    with pytest.raises(exceptions.MissingRequiredOptions, match='auth_url'):
        loader.load_from_options(username='cinder', password='secret')
