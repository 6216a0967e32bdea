"""The access log counts what was sent."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import webtest

from lab import wsgi_server


def _app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    assert 'wsgi.file_wrapper' not in environ
    start_response(
        '200 OK', [('x-openstack-request-id', 'req-1'), ('Content-Type', 'text/plain')]
    )
    return [b'abc', b'defg']


def test_each_request_is_a_line(tmp_path: Path) -> None:
    log = tmp_path / 'access.jsonl'
    client = webtest.TestApp(
        wsgi_server.AccessLog(_app, log),
        extra_environ={'wsgi.file_wrapper': object, 'HTTP_USER_AGENT': 'me'},
    )
    client.get('/v2/images/x/file?a=b')
    client.get('/v2/images')
    first, second = map(json.loads, log.read_text().splitlines())
    assert first['path'] == '/v2/images/x/file'
    assert (first['method'], first['status'], first['bytes']) == ('GET', 200, 7)
    assert (first['user_agent'], first['request_id']) == ('me', 'req-1')
    assert second['path'] == '/v2/images'
    assert log.stat().st_mode & 0o077 == 0


def test_the_applications_arguments_are_kept_apart(tmp_path: Path) -> None:
    ours, theirs = wsgi_server.parse(
        [
            '--listen',
            '127.0.0.1:1',
            '--access-log',
            'x',
            'a:b',
            '--',
            '--config-file',
            'y',
        ]
    )
    assert ours.application == 'a:b'
    assert theirs == ['--config-file', 'y']


def test_an_application_is_loaded_by_name() -> None:
    loaded: object = wsgi_server.load('json:dumps')
    assert loaded is json.dumps
