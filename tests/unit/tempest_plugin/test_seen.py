"""The tests of a cloud read what the drivers write."""

import hashlib
from typing import Any

import pytest

from eic_plugins.model import (
    CINDER_DOWNLOAD,
    METADATA_VALUE_LIMIT,
    NOTE_KEY,
    Outcome,
    Reason,
    Refusal,
)
from eic_plugins.tempest_plugin import seen

REFUSED = (
    Refusal('cached', Reason.NOT_CACHED),
    Refusal('flexclone', Reason.OTHER_FLEXVOL),
)
OUTCOME = Outcome('copy_offload', REFUSED, 1.25, 4096)


def volume(**fields: Any) -> dict[str, Any]:
    return {'id': 'v-1', 'metadata': {}, **fields}


def test_the_metadata_of_a_volume_is_read_as_it_was_written() -> None:
    shown = seen.in_metadata(volume(metadata=OUTCOME.to_metadata()))
    assert shown == seen.Shown(
        'copy_offload',
        1.25,
        4096,
        {'cached': 'not_cached', 'flexclone': 'other_flexvol'},
    )
    assert shown.by_eic
    assert shown.unknown_reasons == []


def test_a_note_of_another_volume_is_none() -> None:
    noted = {NOTE_KEY: OUTCOME.to_note('v-1')}
    assert seen.in_image_metadata(volume(volume_image_metadata=noted)).by_eic
    with pytest.raises(ValueError, match='eic_route'):
        seen.in_image_metadata(volume(id='v-2', volume_image_metadata=noted))


@pytest.mark.parametrize('route', ['', CINDER_DOWNLOAD])
def test_what_was_left_to_cinder_is_not_by_eic(route: str) -> None:
    outcome = Outcome(route, (), 0.0, 0)
    assert not seen.in_metadata(volume(metadata=outcome.to_metadata())).by_eic


def test_a_volume_that_shows_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match='eic_route'):
        seen.in_metadata(volume(metadata={'mine': '1'}))
    with pytest.raises(ValueError, match='eic_route'):
        seen.in_image_metadata(volume())


def test_a_reason_that_no_manual_has_is_told() -> None:
    metadata = OUTCOME.to_metadata() | {'eic_refused': 'cached=who_knows'}
    assert seen.in_metadata(volume(metadata=metadata)).unknown_reasons == ['who_knows']


def test_what_is_no_pair_is_an_error() -> None:
    metadata = OUTCOME.to_metadata() | {'eic_refused': 'cached'}
    with pytest.raises(ValueError, match='eic_refused'):
        seen.in_metadata(volume(metadata=metadata))


def test_the_last_reason_is_not_read_where_cinder_has_no_room_for_it() -> None:
    many = tuple(Refusal(f'route{n}', Reason.OTHER_FLEXVOL) for n in range(20))
    metadata = Outcome('download', many, 0.0, 0).to_metadata()
    assert len(metadata['eic_refused']) == METADATA_VALUE_LIMIT
    shown = seen.in_metadata(volume(metadata=metadata))
    assert set(shown.refused.values()) == {'other_flexvol'}


def test_only_keys_of_ours_are_ours() -> None:
    assert seen.of_eic({'eic_route': 'cached', 'mine': '1'}) == ['eic_route']


def test_a_volume_is_the_image_with_zeros_behind_it() -> None:
    image = b'some bytes'
    whole = hashlib.sha256(image + bytes((1 << 30) - len(image)))
    assert seen.digest_of_volume(image, 1, 'sha256') == whole.hexdigest()
