"""Who may read what."""

import os
from typing import Any

import pytest

from eic_plugins.cli.checks import hosts
from eic_plugins.cli.checks.finding import NotSeenError
from eic_plugins.cli.checks.hosts import Account


def status(mode: Any, uid: Any, gid: Any) -> Any:
    return os.stat_result((0o100000 | mode, 0, 0, 1, uid, gid, 0, 0, 0, 0))


@pytest.mark.parametrize(
    ('mode', 'uid', 'gid', 'may'),
    [
        (0o600, 7, 1, True),
        (0o060, 7, 8, False),  # the owner's bits count for the owner
        (0o660, 1, 8, True),
        (0o640, 1, 8, False),
        (0o606, 1, 1, True),
        (0o660, 1, 1, False),
    ],
)
def test_the_bits_that_count_are_the_first_that_fit(
    mode: int, uid: int, gid: int, may: bool
) -> None:
    account = Account('cinder', 7, frozenset({8, 9}))
    assert account.may_read_and_write(status(mode, uid, gid)) is may


def test_root_may_everything() -> None:
    assert Account('root', 0, frozenset()).may(status(0, 1, 1), 7)


def test_a_number_is_a_user_that_need_not_be_known() -> None:
    assert hosts.account('42407', 'cinder').uid == 42407


def test_an_unknown_name_is_not_seen() -> None:
    with pytest.raises(NotSeenError, match='no user nobody-at-all') as caught:
        hosts.account('nobody-at-all', 'cinder')
    assert '--cinder-user' in caught.value.remedy
