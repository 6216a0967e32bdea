"""Only an id that a service made goes to others, and only if it looks like one."""

from collections.abc import Iterator

import pytest
from oslo_context import context

from eic_plugins.support import request_id

MADE = 'req-0b9ac6e8-6f7c-4cbe-a0e5-3d1f0c7e9a21'
SENT = 'req-ffffffff-ffff-ffff-ffff-ffffffffffff'


@pytest.fixture(autouse=True)
def context_of_this_thread() -> Iterator[None]:
    before = context.get_current()
    yield
    if before is None:
        context._request_store.__dict__.clear()
    else:
        before.update_store()


def test_it_is_the_one_that_the_service_made() -> None:
    context.RequestContext(request_id=MADE, global_request_id=SENT)
    assert request_id.current() == MADE


def test_outside_of_a_request_there_is_none() -> None:
    context._request_store.__dict__.clear()
    assert request_id.current() is None


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
    context.RequestContext(request_id=odd)
    assert request_id.current() is None
