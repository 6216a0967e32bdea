"""Reasons and outcomes read the same everywhere."""

import pathlib

import pytest

from eic_plugins.model import Outcome, Reason, Refusal

ROOT = pathlib.Path(__file__).parents[2]


@pytest.mark.parametrize('reason', Reason)
def test_every_reason_explains_itself_in_the_manual(reason: Reason) -> None:
    manual = (ROOT / 'docs/operations.md').read_text()
    assert f'| `{reason}` | {reason.message} |' in manual


def test_an_outcome_becomes_metadata() -> None:
    refused = (Refusal.of_route('cached', Reason.NOT_CACHED, 'a detail with /a/path'),)
    assert Outcome('flexclone', refused, 0.5, 1024).to_metadata() == {
        'eic_route': 'flexclone',
        'eic_refused': 'cached=not_cached',
        'eic_seconds': '0.500',
        'eic_bytes_kept_off_host': '1024',
    }


def test_metadata_fits_into_cinders_limit() -> None:
    refused = tuple(Refusal.of_route(f'route{n}', Reason.NOT_CACHED) for n in range(50))
    metadata = Outcome('download', refused, 0.5, 0).to_metadata()
    assert max(len(value) for value in metadata.values()) <= 255


def test_without_refusals_there_is_no_such_key() -> None:
    assert 'eic_refused' not in Outcome('cached', (), 0.0, 1).to_metadata()
