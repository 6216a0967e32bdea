"""What is mounted where."""

from pathlib import Path

import pytest

from eic_plugins.support.mounts import Mount, is_mounted, mount_of, read_mounts

LISTED = (
    '1 0 8:1 / / rw - ext4 /dev/sda1 rw\n'
    '2 1 0:50 / /im\\040ages rw shared:1 - nfs4 h:/one rw\n'
    '3 1 0:51 / /im\\040ages rw - nfs4 h:/two rw\n'
    '4 1 0:51 / /im rw - nfs4 h:/three rw\n'
)


@pytest.fixture
def mountinfo(tmp_path: Path) -> Path:
    found = tmp_path / 'mountinfo'
    found.write_text(LISTED)
    return found


def test_the_longest_point_holds_a_path_and_of_equal_ones_the_last(
    mountinfo: Path,
) -> None:
    mounts = read_mounts(mountinfo)
    assert mounts[1] == Mount('/im ages', 'h:/one', 'nfs4')
    of_images, of_another = (mount_of(mounts, path) for path in ('/im ages/x', '/imx'))
    assert of_images and of_images.source == 'h:/two'
    assert of_another and of_another.source == '/dev/sda1'


@pytest.mark.parametrize(
    ('point', 'mounted'),
    [('/im ages', True), ('/im', True), ('/im/below', False), ('/imx', False)],
)
def test_only_a_directory_that_has_a_mount_of_its_own_is_mounted(
    mountinfo: Path, point: str, mounted: bool
) -> None:
    assert is_mounted(point, mountinfo) is mounted


def test_without_proc_nobody_can_tell(tmp_path: Path) -> None:
    with pytest.raises(OSError, match='mountinfo'):
        is_mounted('/im', tmp_path / 'mountinfo')
