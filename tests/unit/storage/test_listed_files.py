"""A cached image as ONTAP's list of files has it, where no share is mounted."""

from typing import Any

import pytest

from eic_plugins.ontap.files import Files
from eic_plugins.ontap.session import (
    OntapForbiddenError,
    OntapRejectedError,
    OntapUnreachableError,
)
from eic_plugins.storage.listed_files import BY_ONTAP, BY_REPORT, ListedFiles
from tests.unit.factories import image, pool
from tests.unit.fake_ontap import FakeSession, no_such_file

RAW = image()
FOLDER = f'/api/storage/volumes/{pool().flexvol.uuid}/files/'
RECORD = f'{FOLDER}.eic-{RAW.id}.json'
BYTES = f'{FOLDER}img-cache-{RAW.id}'
THERE = {'size': 7, 'type': 'file'}


def listed(record: Any, content: Any, *, reported: Any = False) -> Any:
    session = FakeSession({('GET', RECORD): record, ('GET', BYTES): content})
    return ListedFiles(pool(), Files(session), RAW, reported)


def test_bytes_with_a_record_are_a_cached_image_of_their_size() -> None:
    found = listed(THERE, THERE).read(RAW.id)
    assert (found.identity, found.virtual_size) == (RAW.identity, 7)


@pytest.mark.parametrize(
    ('record', 'content', 'unrecorded'),
    [
        (no_such_file(), THERE, True),
        (THERE, no_such_file(), False),
        ({**THERE, 'type': 'symlink'}, THERE, True),
        (THERE, {**THERE, 'type': 'symlink'}, False),
    ],
)
def test_either_alone_is_none(
    record: OntapRejectedError | dict[str, Any],
    content: OntapRejectedError | dict[str, Any],
    unrecorded: bool,
) -> None:
    view = listed(record, content)
    assert view.read(RAW.id) is None
    found = view.foreign_files.unrecorded(RAW.id)
    assert (found == pool().stored(RAW.cached_name)) == unrecorded
    assert view.seen_by == BY_ONTAP


@pytest.mark.parametrize('reported', [True, False])
def test_where_files_may_not_be_looked_at_the_report_counts(reported: bool) -> None:
    error = OntapForbiddenError(403, '6', 'no')
    view = listed(error, error, reported=reported)
    assert (view.read(RAW.id) is not None) == reported
    assert view.foreign_files.unrecorded(RAW.id) is None
    assert view.seen_by == BY_REPORT


def test_a_silent_cluster_is_not_taken_for_an_empty_one() -> None:
    error = OntapUnreachableError('no answer in time')
    with pytest.raises(OntapUnreachableError):
        listed(error, error, reported=True).read(RAW.id)
