"""Only an id that a service made goes to others, and only if it looks like one."""

import threading

import pytest
from oslo_context import context

from eic_plugins.support import request_id

MADE = 'req-0b9ac6e8-6f7c-4cbe-a0e5-3d1f0c7e9a21'
SENT = 'req-ffffffff-ffff-ffff-ffff-ffffffffffff'


def asked(made: str, sent: str | None = None) -> context.RequestContext:
    return context.RequestContext(
        request_id=made, global_request_id=sent, overwrite=False
    )


def test_it_is_the_one_that_the_service_made() -> None:
    with request_id.of(asked(MADE, SENT)):
        assert request_id.current() == MADE


def test_outside_of_a_request_there_is_none() -> None:
    with request_id.of(asked(MADE)):
        pass
    assert request_id.current() is None


def test_one_that_is_served_inside_another_one_has_its_own() -> None:
    with request_id.of(asked(MADE)):
        with request_id.of(asked(SENT)):
            assert request_id.current() == SENT
        assert request_id.current() == MADE


def test_another_thread_has_not_that_of_this_one() -> None:
    seen: list[str | None] = []
    with request_id.of(asked(MADE)):
        other = threading.Thread(target=lambda: seen.append(request_id.current()))
        other.start()
        other.join()
    assert seen == [None]


@pytest.mark.parametrize(
    'odd',
    [
        f'{MADE}\n',
        f'{MADE}\r\nX-Other: 1',
        f' {MADE}',
        MADE.upper(),
        MADE.removeprefix('req-'),
        f'{MADE}0',
        'req-' + '0' * 32,
        'req-é',
    ],
)
def test_what_does_not_look_like_one_is_none(odd: str) -> None:
    with request_id.of(asked(odd)):
        assert request_id.current() is None


def test_without_a_context_there_is_none() -> None:
    with request_id.of(None):
        assert request_id.current() is None
