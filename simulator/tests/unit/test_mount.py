"""Which directory an NFS share is."""

import json
from pathlib import Path

import pytest
from ontap_simulator import mount
from ontap_simulator.exports import Export, MountError, read_exports, resolve


@pytest.fixture
def exports(tmp_path: Path) -> list[Export]:
    found = []
    for address, junction, name in (
        ('127.0.1.1', '/images', 'a'),
        ('127.0.1.1', '/images/deep', 'b'),
        ('::1', '/images', 'c'),
    ):
        (tmp_path / name / 'inside').mkdir(parents=True)
        found.append(Export(address, junction, tmp_path / name))
    return found


@pytest.mark.parametrize(
    ('share', 'directory'),
    [
        ('127.0.1.1:/images', 'a'),
        ('127.0.1.1:/images/', 'a'),
        ('127.0.1.1://images', 'a'),
        ('127.0.1.1:/images/inside', 'a/inside'),
        ('127.0.1.1:/images/deep', 'b'),
        ('127.0.1.1:/images/deep/inside', 'b/inside'),
        ('[::1]:/images', 'c'),
    ],
)
def test_longest_junction_path_decides(
    share: str, directory: str, exports: list[Export], tmp_path: Path
) -> None:
    assert resolve(share, exports) == tmp_path / directory


@pytest.mark.parametrize(
    'share',
    [
        '127.0.1.1:/other',
        '127.0.1.1:/',
        '127.0.1.1:/images2',
        '127.0.1.1:/images/none',
        '127.0.1.1:/images/../images',
        '127.0.1.1:/images/inside/../..',
        '127.0.1.1:/images/link',
        '127.0.1.1:/images/file',
    ],
)
def test_what_is_no_directory_of_an_export_is_denied(
    share: str, exports: list[Export], tmp_path: Path
) -> None:
    (tmp_path / 'a/link').symlink_to('/')
    (tmp_path / 'a/file').touch()
    with pytest.raises(MountError, match=('access denied by server while mounting')):
        resolve(share, exports)


def test_unknown_server_refuses(exports: list[Export]) -> None:
    with pytest.raises(MountError, match='no simulator has the address'):
        resolve('127.0.9.9:/images', exports)


def test_exports_are_read_from_several_files(tmp_path: Path) -> None:
    files = []
    for number in (1, 2):
        file = tmp_path / f'{number}.json'
        file.write_text(
            json.dumps(
                [
                    {
                        'address': f'127.0.{number}.1',
                        'junction_path': '/x',
                        'directory': '/d',
                    }
                ]
            )
        )
        files.append(file)
    assert len(read_exports([*files, tmp_path / 'none'])) == 2


def test_denied_mount_exits_as_mount_nfs_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / 'exports.json'
    file.write_text(
        json.dumps([{'address': '127.0.1.1', 'directory': '/d', 'junction_path': '/x'}])
    )
    monkeypatch.setenv('EIC_SIMULATOR_EXPORTS', str(file))
    assert mount.main(['127.0.1.1:/y', '/mnt', '-o', 'rw,vers=4', '-v']) == 32
    assert 'mount.nfs: access denied by server while mounting' in (
        capsys.readouterr().err
    )


def test_wrong_usage_exits_with_one() -> None:
    with pytest.raises(SystemExit) as end:
        mount.main([])
    assert end.value.code == 1
