"""Requests that nobody would write by hand, the same ones for the same seed.

Each part of a request is the usual one most of the time, so that every odd part
meets all the usual ones. What was made is counted by kind: a test says which
kinds it must have met, and so cannot pass on none of them.
"""

import collections
import copy
import dataclasses
import io
import json
import os
import random
import sys
from collections.abc import Callable, Mapping
from typing import Any

USUAL = 0.9
"""How often a part of a request is the usual one, its table's first."""

Random = random.Random
JUNK = [
    None,
    True,
    False,
    0,
    -1,
    1.5,
    '',
    'x',
    ' ',
    [],
    {},
    [[]],
    {'a': {}},
    10**30,
    1e308,
    -0.0,
    0.1 + 0.2,
    float('nan'),
    float('inf'),
    '\ud800',
    '\udfff\ud800',
    '\U0001f600',
    '\x00',
    '\u2028',
    'true',
    '0',
    [None] * 3,
]

METHODS = {
    'POST': 'POST',
    **{
        method: method
        for method in (
            'GET',
            'PUT',
            'HEAD',
            'DELETE',
            'OPTIONS',
            'PATCH',
            'post',
            'POST ',
            'X',
        )
    },
}
LENGTHS = {
    'right': lambda body: {'CONTENT_LENGTH': str(len(body))},
    'none': lambda body: {},
    'empty': lambda body: {'CONTENT_LENGTH': ''},
    'chunked': lambda body: {
        'HTTP_TRANSFER_ENCODING': 'chunked',
        'wsgi.input_terminated': True,
    },
    'chunked, never ends': lambda body: {'HTTP_TRANSFER_ENCODING': 'chunked'},
    'chunked and a length': lambda body: {
        'HTTP_TRANSFER_ENCODING': 'chunked',
        'wsgi.input_terminated': True,
        'CONTENT_LENGTH': str(len(body)),
    },
    'too short': lambda body: {'CONTENT_LENGTH': str(max(0, len(body) - 3))},
    'too long': lambda body: {'CONTENT_LENGTH': str(len(body) + 3)},
    'zero': lambda body: {'CONTENT_LENGTH': '0'},
    'negative': lambda body: {'CONTENT_LENGTH': '-1'},
    'no number': lambda body: {'CONTENT_LENGTH': 'many'},
    'signed': lambda body: {'CONTENT_LENGTH': f'+{len(body)}'},
    'blank before': lambda body: {'CONTENT_LENGTH': f' {len(body)}'},
}
OTHER_HEADERS = {
    'none': {},
    'gzip': {'HTTP_CONTENT_ENCODING': 'gzip'},
    'no answer in JSON': {'HTTP_ACCEPT': 'text/html'},
    'latin-1': {'HTTP_X_NAME': '\xe4\xff'},
    'a query': {'QUERY_STRING': 'a=%ff&b'},
    'expects': {'HTTP_EXPECT': '100-continue'},
    'overrides': {'HTTP_X_HTTP_METHOD_OVERRIDE': 'GET'},
}


def content_types(service: str) -> dict[str | None, bool]:
    """Whether an API reads a document in a content type, the usual one first."""
    return {
        'application/json': True,
        'application/json; charset=utf-8': True,
        'application/json;charset=utf-16': True,
        ' application/json ': True,
        f'application/vnd.openstack.{service}+json': True,
        'Application/JSON': False,
        'text/plain': False,
        None: False,
        '': False,
        'application/x-www-form-urlencoded': False,
        'multipart/form-data; boundary=x': False,
        'json': False,
        'application/json, text/plain': False,
        '\xff': False,
    }


class Breaking(io.RawIOBase):
    """A body whose client goes away with an error."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self._left = body[: len(body) // 2]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            raise OSError('the client went away')
        count = min(len(buffer), len(self._left))
        buffer[:count], self._left = self._left[:count], self._left[count:]
        return count


class Pieces(Breaking):
    """A body that comes seven bytes at a time."""

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self._left = body

    def readinto(self, buffer: Any) -> int:
        return super().readinto(memoryview(buffer)[:7]) if self._left else 0


STREAMS: Mapping[str, Callable[[bytes], Any]] = {
    'whole': io.BytesIO,
    'breaks off': Breaking,
    'in pieces': lambda body: io.BufferedReader(Pieces(body), 16),
}


def _junk(rng: Random) -> Any:
    """Nobody else's: the next change may go into it."""
    return copy.deepcopy(rng.choice(JUNK))


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in a document."""
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    found = []
    for key, inner in items:
        found += [(value, key), *_places(inner)]
    return found


def _drop(rng: Random, document: Any) -> Any:
    container, key = rng.choice(_places(document))
    del container[key]
    return document


def _replace(rng: Random, document: Any) -> Any:
    container, key = rng.choice(_places(document))
    container[key] = _junk(rng)
    return document


def _add(rng: Random, document: Any) -> Any:
    container, key = rng.choice(_places(document))
    if isinstance(container[key], dict):
        container = container[key]
    if isinstance(container, dict):
        container[rng.choice(['x', '', 'eic', '\ud800'])] = _junk(rng)
    return document


def _wrap(rng: Random, document: Any) -> Any:
    return rng.choice(
        [[document], {'': document}, None, 5, 'x', [], {}, json.dumps(document)]
    )


def _rename(rng: Random, document: Any) -> Any:
    container, key = rng.choice(_places(document))
    if isinstance(container, dict):
        container[rng.choice([str(key).upper(), f'{key} ', f'{key}\x00'])] = (
            container.pop(key)
        )
    return document


CHANGES: Mapping[str, Callable[[Random, Any], Any]] = {
    'none': lambda rng, document: document,
    'drops': _drop,
    'replaces': _replace,
    'adds': _add,
    'wraps': _wrap,
    'renames': _rename,
}


def _twice(rng: Random, text: str) -> str:
    """A key again in its object: readers take the last one."""
    document = json.loads(text)
    keys = (
        [key for container, key in _places(document) if isinstance(container, dict)]
        if isinstance(document, dict | list)
        else []
    )
    if not keys:
        return text
    again = f'{json.dumps(rng.choice(keys))}: {json.dumps(_junk(rng))}'
    braces = [at for at, letter in enumerate(text) if letter in '{}']
    at = rng.choice(braces)
    return (
        f'{text[: at + 1]}{again}, {text[at + 1 :]}'
        if text[at] == '{'
        else f'{text[:at]}, {again}{text[at:]}'
    )


def _number(rng: Random, text: str) -> str:
    number = rng.choice(
        [
            '1e999',
            '-1e999',
            'NaN',
            '-Infinity',
            '9' * 4301,
            '9' * 200,
            '-0',
            '0.0',
            '0.1000000000000000055511151231257827021181583404541015625',
            '1E+2',
            '123456789012345678901234567890.123456789',
            '01',
            '+1',
            '.5',
            '0x1',
        ]
    )
    return (
        text.replace(': 1', f': {number}')
        if ': 1' in text
        else (f'{text[:-1]}, "n": {number}}}')
    )


def _escaped(rng: Random, text: str) -> str:
    """Letters as \\uXXXX: the same document."""
    return (
        ''.join(
            f'\\u{ord(letter):04x}'
            if letter.isalpha()
            and letter.isascii()
            and rng.random() < 0.1
            and text[at - 1] != '\\'
            else letter
            for at, letter in enumerate(text)
        )
        if 'true' not in text
        else text
    )


def _nested(rng: Random, text: str) -> str:
    depth = rng.choice([10, 100, sys.getrecursionlimit() * 5])
    inner = '[' * depth + ']' * depth
    return f'{text[:-1]}, "deep": {inner}}}'


def _truncated(rng: Random, text: str) -> str:
    return text[: rng.randrange(len(text) + 1)]


def _replaced(rng: Random, text: str) -> str:
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice('{}[]",:\\\x00\x1f\x7f \n0e') + text[at + 1 :]


TEXTS: Mapping[str, Callable[[Random, str], str]] = {
    'none': lambda rng, text: text,
    'a key twice': _twice,
    'an odd number': _number,
    'escaped letters': _escaped,
    'deeply nested': _nested,
    'truncated': _truncated,
    'a character replaced': _replaced,
    'blanks': lambda rng, text: f' \r\n\t{text}\n ',
    'something behind': lambda rng, text: text + rng.choice(['x', '{}', '\x00']),
    'single quotes': lambda rng, text: text.replace('"', "'"),
    'empty': lambda rng, text: '',
}


def _bytes(encoding: str, before: bytes = b'') -> Callable[[str], bytes]:
    return lambda text: before + text.encode(encoding, 'surrogatepass')


ENCODINGS: Mapping[str, Callable[[str], bytes]] = {
    'utf-8': _bytes('utf-8'),
    'utf-8, not escaped': _bytes('utf-8'),
    'byte order mark': _bytes('utf-8', b'\xef\xbb\xbf'),
    'utf-16': _bytes('utf-16'),
    'utf-32': _bytes('utf-32'),
    'latin-1': lambda text: text.encode('latin-1', 'replace'),
    'a stray byte': lambda text: text.encode('utf-8', 'surrogatepass') + b'\xff',
}


@dataclasses.dataclass(frozen=True)
class Service:
    """What requests to create something are like for an API.

    The first of each table is the usual one. ``paths`` says of each whether
    the API creates something there; ``document`` makes a body that is right.
    """

    paths: Mapping[str, bool]
    content_types: Mapping[str | None, bool]
    versions: Mapping[str, Mapping[str, str]]
    document: Callable[[Random], dict[str, Any]]


@dataclasses.dataclass(frozen=True)
class Request:
    """One request, to be sent as often as one likes."""

    head: Mapping[str, Any]
    body: bytes
    stream: str
    kinds: Mapping[str, str]

    def environ(self, **more: Any) -> dict[str, Any]:
        """A WSGI environment that nobody else has."""
        return {
            'SCRIPT_NAME': '',
            'QUERY_STRING': '',
            'SERVER_NAME': 'api',
            'SERVER_PORT': '80',
            'SERVER_PROTOCOL': 'HTTP/1.1',
            'REMOTE_ADDR': '127.0.0.1',
            'HTTP_HOST': 'api',
            'wsgi.version': (1, 0),
            'wsgi.url_scheme': 'http',
            'wsgi.errors': io.StringIO(),
            'wsgi.multithread': True,
            'wsgi.multiprocess': False,
            'wsgi.run_once': False,
            **self.head,
            'wsgi.input': STREAMS[self.stream](self.body),
            **more,
        }


class Generator:
    """Requests for one service, and how many of which kind there were."""

    def __init__(self, service: Service, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - the same ones again
        self.counts: collections.Counter[str] = collections.Counter()
        self._service = service

    def next(self) -> Request:
        """The next request."""
        kinds: dict[str, str] = {}
        service, rng = self._service, self.random
        document = self._of('change', CHANGES, kinds)(
            rng, copy.deepcopy(service.document(rng))
        )
        text = json.dumps(document, ensure_ascii=rng.random() < USUAL)
        text = self._of('text', TEXTS, kinds)(rng, text)
        body = self._of('encoding', ENCODINGS, kinds)(text)
        head = {
            'REQUEST_METHOD': self._of('method', METHODS, kinds),
            'PATH_INFO': self._key('path', service.paths, kinds),
            **self._of('version', service.versions, kinds),
            **self._of('length', LENGTHS, kinds)(body),
            **self._of('header', OTHER_HEADERS, kinds),
        }
        content_type = self._key('type', service.content_types, kinds)
        if content_type is not None:
            head['CONTENT_TYPE'] = content_type
        return Request(head, body, self._key('stream', STREAMS, kinds), kinds)

    def report(self) -> str:
        """The counts, for people."""
        return '\n'.join(
            f'{count:9d}  {kind}' for kind, count in sorted(self.counts.items())
        )

    def _key(self, part: str, table: Mapping[Any, Any], kinds: dict[str, str]) -> Any:
        names = list(table)
        name = names[0] if self.random.random() < USUAL else self.random.choice(names)
        kinds[part] = name
        self.counts[f'{part}: {name}'] += 1
        return name

    def _of(self, part: str, table: Mapping[Any, Any], kinds: dict[str, str]) -> Any:
        return table[self._key(part, table, kinds)]


def how_many(otherwise: int) -> int:
    """``EIC_GENERATED``: the requests to generate for each filter."""
    return int(os.environ.get('EIC_GENERATED', otherwise))


def how_many_for_apis(otherwise: int) -> int:
    """``EIC_GENERATED_API``: the requests to generate for each real API."""
    return int(os.environ.get('EIC_GENERATED_API', otherwise))
