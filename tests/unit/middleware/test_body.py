"""The application behind a filter cannot tell that the body was read."""

import io
from typing import Any

import pytest
import webob
import webob.exc
from hypothesis import given
from hypothesis import strategies as st

from eic_plugins.middleware import body


def request(content: bytes = b'', **environ: str) -> dict[str, Any]:
    made = webob.Request.blank('/', method='POST', body=content).environ
    made.update(environ)
    return made


@given(content=st.binary(max_size=200_000))
def test_the_body_is_there_again(content: bytes) -> None:
    environ = request(content)
    if content:
        assert body.read(environ) == content
    assert webob.Request(environ).body == content


def test_a_chunked_body_is_there_again_with_its_length() -> None:
    environ = request()
    del environ['CONTENT_LENGTH']
    environ['wsgi.input'] = io.BytesIO(b'abc')
    environ['wsgi.input_terminated'] = True
    environ['HTTP_TRANSFER_ENCODING'] = 'chunked'
    environ['webob.is_body_readable'] = True
    assert body.read(environ) == b'abc'
    assert webob.Request(environ).body == b'abc'


def test_no_body_is_not_read() -> None:
    environ = request()
    assert body.read(environ) is None


def test_an_error_while_reading_comes_again_behind_what_was_read() -> None:
    pieces = [b'abc', b'def']

    class Limited(io.RawIOBase):
        def read(self, _size: int = -1) -> bytes:
            if pieces:
                return pieces.pop(0)
            raise webob.exc.HTTPRequestEntityTooLarge()

    environ = request(CONTENT_LENGTH='100')
    environ['wsgi.input'] = Limited()
    assert body.read(environ) is None
    stream = environ['wsgi.input']
    assert stream.read(6) == b'abcdef'
    with pytest.raises(webob.exc.HTTPRequestEntityTooLarge):
        stream.read(1)


def test_a_client_that_goes_away_is_left_to_the_application() -> None:
    environ = request(b'abc', CONTENT_LENGTH='10')
    environ.pop('webob.is_body_seekable')
    assert body.read(environ) is None
    with pytest.raises(webob.request.DisconnectionError):
        _ = webob.Request(environ).body


@pytest.mark.parametrize(
    'content',
    [
        b'{',
        b'\xff\xfe{\x00}\x00',
        b'\xef\xbb\xbf{}',
        b'[' * 100_000,
        b'{"a": ' + b'9' * 5000 + b'}',
    ],
)
def test_what_the_application_cannot_parse_is_not_parsed(content: bytes) -> None:
    assert body.parse(content) is None
