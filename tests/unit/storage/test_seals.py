"""What a seal is bound to, and who can make one."""

import dataclasses
from typing import Any

import pytest

from eic_plugins.storage.file_records import format_record, parse_record
from eic_plugins.storage.interface import Record
from eic_plugins.storage.seals import Place, Seals

PLACE = Place('flexvol-uuid', 'img-cache-i', 'i')
RECORD = Record('identity', 300_000, 'signature')
OURS = Seals(['ours'])


def test_a_seal_holds_for_its_record_in_its_place() -> None:
    assert OURS.holds(OURS.make(PLACE, RECORD), PLACE, RECORD)
    assert Seals(['ours']).make(PLACE, RECORD) == OURS.make(PLACE, RECORD)


@pytest.mark.parametrize(
    'changed',
    [{'flexvol': 'another'}, {'name': 'dir/img-cache-i'}, {'image_id': 'j'}],
    ids=str,
)
def test_a_record_that_was_copied_elsewhere_has_no_seal(
    changed: dict[str, Any],
) -> None:
    elsewhere = dataclasses.replace(PLACE, **changed)
    assert not OURS.holds(OURS.make(PLACE, RECORD), elsewhere, RECORD)


@pytest.mark.parametrize(
    'changed',
    [
        {'identity': 'other bytes'},
        {'virtual_size': 300_001},
        {'signature': ''},
        {'signature': 'another'},
    ],
    ids=str,
)
def test_a_record_that_was_changed_has_no_seal(changed: dict[str, Any]) -> None:
    forged = dataclasses.replace(RECORD, **changed)
    assert not OURS.holds(OURS.make(PLACE, RECORD), PLACE, forged)


def test_words_cannot_be_shifted_between_fields() -> None:
    moved = Place('flexvol-uuidimg', '-cache-i', 'i')
    assert OURS.make(moved, RECORD) != OURS.make(PLACE, RECORD)


@pytest.mark.parametrize(
    'seal', [None, True, 1, '', [], {}, 'x' * 32, '\ud800', 'é', b'bytes']
)
def test_what_is_no_seal_does_not_hold(seal: Any) -> None:
    assert not OURS.holds(seal, PLACE, RECORD)


def test_another_deployments_seal_does_not_hold() -> None:
    assert not OURS.holds(Seals(['theirs']).make(PLACE, RECORD), PLACE, RECORD)


def test_a_secret_is_rotated_without_a_record_being_lost() -> None:
    rotated = Seals(['new', 'ours'])
    assert rotated.holds(OURS.make(PLACE, RECORD), PLACE, RECORD)
    assert not OURS.holds(rotated.make(PLACE, RECORD), PLACE, RECORD)
    assert Seals(['new']).holds(rotated.make(PLACE, RECORD), PLACE, RECORD)


@pytest.mark.parametrize('none', [[], [''], ['ours', '']])
def test_there_is_no_seal_without_a_secret(none: list[Any] | list[str]) -> None:
    with pytest.raises(ValueError, match='secret'):
        Seals(none)


@pytest.mark.parametrize(
    'content',
    [
        None,
        b'',
        b'null',
        b'[]',
        b'{}',
        b'{"identity": 1}',
        b'\xff\xfe{',
        b'[' * 4096,
        b'{"identity": "identity", "virtual_size": 300000, "signature": "signature"}',
        b'{"identity": "identity", "virtual_size": 300000, "signature": "signature",'
        b' "seal": "\\ud800"}',
        b'{"identity": "identity", "virtual_size": true, "signature": "signature"}',
    ],
)
def test_what_is_not_sealed_is_no_record(content: bytes | None) -> None:
    assert parse_record(content, PLACE, OURS) is None


def test_a_record_is_what_was_written() -> None:
    assert parse_record(format_record(PLACE, RECORD, OURS), PLACE, OURS) == RECORD
