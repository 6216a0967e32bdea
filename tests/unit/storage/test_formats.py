"""Records that earlier versions wrote are read; what is written today is among them.

formats.json has them byte for byte, as the code of that time wrote them. The one
without a seal was made by hand from that code; nobody believes it any more. A form
that changes is added there. One that was in a release never goes: a cached image with
it would be made again in each pool of each cloud.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from eic_plugins.model import CACHED_IMAGE_PREFIX, Image
from eic_plugins.ontap.block import BlockDevice
from eic_plugins.storage.block_records import (
    format_comment,
    last_use,
    parse_comment,
    used_again,
)
from eic_plugins.storage.file_records import (
    format_record,
    is_time_of,
    parse_record,
    record_name,
)
from eic_plugins.storage.interface import Record
from eic_plugins.storage.seals import Place, Seals
from tests.unit.factories import image

FORMATS: Any = json.loads(Path(__file__).with_name('formats.json').read_text())
IMAGE: Image = image(**FORMATS['image'])
RECORD = Record(IMAGE.identity, IMAGE.size, IMAGE.signature)
FILE = Place(FORMATS['flexvol'], FORMATS['path'], IMAGE.id)
DEVICE = Place(FORMATS['flexvol'], FORMATS['device'], IMAGE.id)
SEALS = Seals([FORMATS['secret']])
MADE = FORMATS['time']


def device(comment: str) -> BlockDevice:
    name = f'{CACHED_IMAGE_PREFIX}{IMAGE.id}'
    return BlockDevice(DEVICE.name, name, IMAGE.size, comment, '', DEVICE.flexvol)


@pytest.mark.parametrize('form', FORMATS['files'])
def test_the_record_of_a_file_is_read(form: str) -> None:
    content = FORMATS['files'][form].encode()
    assert parse_record(content, FILE, SEALS) == RECORD


@pytest.mark.parametrize('form', FORMATS['comments'])
def test_the_record_of_a_lun_is_read(form: str) -> None:
    comment = FORMATS['comments'][form]
    assert parse_comment(comment, DEVICE, SEALS) == RECORD
    assert last_use(device(comment)) == int(MADE)


def test_what_an_early_record_lacks_is_no_error() -> None:
    """It does not say when it was made: then it counts as used since."""
    first, then = (text.encode() for text in FORMATS['files'].values())
    assert not is_time_of(first, MADE)
    assert is_time_of(then, MADE)
    once, again = FORMATS['comments'].values()
    assert not used_again(device(once))
    assert used_again(device(again))


def test_what_is_written_today_is_one_of_them() -> None:
    *_, file = FORMATS['files'].values()
    once, again = FORMATS['comments'].values()
    assert format_record(FILE, RECORD, SEALS, MADE).decode() == file
    assert format_comment(DEVICE, RECORD, SEALS, MADE) == once
    assert format_comment(DEVICE, RECORD, SEALS, MADE, again=True) == again


def test_names_are_what_they_were() -> None:
    assert record_name('i') == '.eic-i.json'
    assert CACHED_IMAGE_PREFIX == 'img-cache-'


def test_a_record_without_a_seal_is_not_believed() -> None:
    """It was written before the first release. The image is made again."""
    (content,) = FORMATS['not believed']['files'].values()
    (comment,) = FORMATS['not believed']['comments'].values()
    assert parse_record(content.encode(), FILE, SEALS) is None
    assert parse_comment(comment, DEVICE, SEALS) is None


def test_words_that_a_later_version_adds_are_no_reason_to_make_it_again() -> None:
    """So a cloud may be half upgraded, or go back."""
    *_, file = FORMATS['files'].values()
    more = json.dumps({**json.loads(file), 'of a later version': [1]}).encode()
    assert parse_record(more, FILE, SEALS) == RECORD
    *_, comment = FORMATS['comments'].values()
    longer = json.dumps({**json.loads(comment), 'of a later version': 1})
    assert parse_comment(longer, DEVICE, SEALS) == RECORD
