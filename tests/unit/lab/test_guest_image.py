"""The lab's guest: what it says is read, and its disk is where it looks."""

import io
import re
from pathlib import Path

import pytest
from oslo_utils.imageutils import format_inspector

import lab.guest_image
from lab.guest_image import hostile, image, initramfs, words

INIT = (Path(lab.guest_image.__file__).parent / 'init.sh').read_text(encoding='utf-8')
CONSOLE = (
    'SeaBIOS (version 1.16)\r\n'
    'EIC-GUEST up token=ab12 ups=1 bytes=1073741824\r\n'
    '[    3.1] random: crng init done\r\n'
    'EIC-GUEST disk name=vdb bytes=1048576 token=\r\n'
    'EIC-GUEST alive beats=5\r\n'
    'EIC-GUEST alive beats=10\r\n'
    'EIC-GUEST wrote ups='
)


def test_words_are_told_from_what_firmware_and_kernel_say():
    kinds = [word.kind for word in words.of(CONSOLE)]
    assert kinds == ['up', 'disk', 'alive', 'alive']


def test_a_line_that_has_not_ended_is_no_word():
    assert words.last(CONSOLE, 'wrote') is None
    assert words.last(CONSOLE + '1\r\n', 'wrote').number('ups') == 1


def test_the_newest_word_that_fits_is_the_last_one():
    assert words.last(CONSOLE, 'alive').number('beats') == 10
    assert words.last(CONSOLE, 'alive', beats='5').number('beats') == 5
    assert words.last(CONSOLE, 'disk', name='vdb').fields['token'] == ''
    assert words.last(CONSOLE, 'disk', name='vdc') is None


@pytest.mark.parametrize(
    ('name', 'at'),
    [('LABEL_SECTOR', image.LABEL_AT), ('NOTES_SECTOR', image.NOTES_AT)],
)
def test_the_guest_looks_where_the_disk_has_it(name, at):
    (sector,) = re.findall(rf'^{name}=(\d+)', INIT, re.MULTILINE)
    assert int(sector) * image.SECTOR == at


def test_what_the_guest_overwrites_is_behind_the_file_system():
    start, length = image.PARTITION
    assert start + length <= image.LABEL_AT < image.NOTES_AT < image.SIZE


def test_a_label_is_one_sector_and_has_what_the_guest_reads():
    sector = image.Label('ab12', 'qcow2', 1 << 20).sector()
    assert len(sector) == image.SECTOR
    assert sector.rstrip(b'\0').decode().split()[1:] == [
        'token=ab12',
        'mode=qcow2',
        'sum=1048576',
    ]


def test_no_two_images_have_the_same_label():
    assert image.new_label().token != image.new_label().token


def test_the_hostile_header_is_one_that_openstack_takes_for_qcow2():
    inspector = format_inspector.QcowInspector()
    inspector.eat_chunk(hostile.qcow2_header())
    assert inspector.format_match
    with pytest.raises(format_inspector.SafetyCheckFailed) as refused:
        inspector.safety_check()
    assert 'backing_file' in refused.value.failures


def test_the_archive_is_of_aligned_entries_and_ends_with_the_trailer():
    packed = initramfs.archive([initramfs.Member('a', 0o100644, b'12345')])
    assert list(_names(packed)) == ['a', 'TRAILER!!!']


def _names(packed: bytes):
    stream = io.BytesIO(packed)
    while head := stream.read(110):
        fields = [int(head[at : at + 8], 16) for at in range(6, 110, 8)]
        yield stream.read(fields[11])[:-1].decode()
        stream.seek(-stream.tell() % 4, io.SEEK_CUR)
        stream.seek(fields[6] + (-fields[6] % 4), io.SEEK_CUR)
