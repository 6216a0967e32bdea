"""A location is read strictly, or refused with a reason; it is never guessed."""

from typing import Any

import pytest

from eic_plugins.glance.image_locations import Location
from eic_plugins.glance.locations import LocationReader
from eic_plugins.glance.locations.cinder import CinderLocation
from eic_plugins.glance.locations.file import FileLocation
from eic_plugins.glance.locations.nfs import NfsLocation
from eic_plugins.model import ImageCopy, Reason, Refusal, VolumeCopy

NFS = {
    'share_location': 'nfs://127.0.11.2/images',
    'type': 'nfs',
    'mountpoint': '/var/lib/glance/images',
}
VOLUME = '6f2d3c1a-5b7e-4d8f-9a0b-1c2d3e4f5a6b'
READER = LocationReader(
    {'file': FileLocation(), 'nfs': NfsLocation(), 'cinder': CinderLocation()}
)


def read(url: Any, **metadata: Any) -> Any:
    return READER.read(Location(url, {**NFS, **metadata}))


def reason(url: Any, **metadata: Any) -> Any:
    found = read(url, **metadata)
    return found.reason if isinstance(found, Refusal) else found


def test_a_file_below_its_mountpoint_is_found_on_the_server() -> None:
    found = read('file:///var/lib/glance/images/abc')
    assert found == ImageCopy('127.0.11.2', '/images/abc')


def test_subdirectories_of_the_store_are_kept() -> None:
    found = read('file:///var/lib/glance/images/a/b')
    assert found == ImageCopy('127.0.11.2', '/images/a/b')


def test_trailing_slashes_of_the_operator_do_not_matter() -> None:
    found = read(
        'file:///var/lib/glance/images/abc',
        share_location='nfs://127.0.11.2/images/',
        mountpoint='/var/lib/glance/images/',
    )
    assert found == ImageCopy('127.0.11.2', '/images/abc')


def test_percent_signs_of_a_file_are_part_of_its_name_as_for_glance() -> None:
    found = read('file:///var/lib/glance/images/a%20b')
    assert found == ImageCopy('127.0.11.2', '/images/a%20b')


def test_percent_encoding_of_the_export_is_undone_once() -> None:
    found = read(
        'file:///var/lib/glance/images/abc',
        share_location='nfs://127.0.11.2/im%2520ages',
    )
    assert found == ImageCopy('127.0.11.2', '/im%20ages/abc')


def test_percent_encoding_of_an_nfs_location_is_undone_once() -> None:
    assert read('nfs://127.0.11.2/a%2520b') == ImageCopy('127.0.11.2', '/a%20b')


@pytest.mark.parametrize(
    ('share', 'server'),
    [
        ('nfs://nfs-1.example.org/images', 'nfs-1.example.org'),
        ('nfs://[fd00::11]/images', 'fd00::11'),
        ('nfs://127.0.11.2:2049/images', '127.0.11.2'),
        ('nfs://NFS-1.Example.ORG/images', 'nfs-1.example.org'),
        ('nfs://[FD00:0:0:0::0011]:2049/images', 'fd00::11'),
    ],
)
def test_servers_by_name_port_and_ipv6(share: str, server: str) -> None:
    found = read('file:///var/lib/glance/images/abc', share_location=share)
    assert found == ImageCopy(server, '/images/abc')


def test_an_export_of_the_svm_root() -> None:
    found = read(
        'file:///var/lib/glance/images/abc', share_location='nfs://127.0.11.2/'
    )
    assert found == ImageCopy('127.0.11.2', '/abc')


@pytest.mark.parametrize(
    'url',
    [
        'file:///etc/passwd',
        'file:///var/lib/glance/images',
        'file:///var/lib/glance/images/',
        'file:///var/lib/glance/images/../secret',
        'file:///var/lib/glance/images/%2e%2e/secret',
        'file:///var/lib/glance/images/a/./b',
        'file:///var/lib/glance/images//abc',
        'file:///var/lib/glance/images-other/abc',
        'file://server/var/lib/glance/images/abc',
        'file:///var/lib/glance/images/abc?x=1',
        'file:///var/lib/glance/images/abc#x',
        'file:///var/lib/glance/images/%00abc',
        'file:///var/lib/glance/images/%ff',
    ],
)
def test_a_path_that_leaves_its_mountpoint_is_invalid(url: str) -> None:
    assert reason(url) is Reason.LOCATION_INVALID


@pytest.mark.parametrize(
    'share',
    [
        'http://127.0.11.2/images',
        'nfs:///images',
        '127.0.11.2:/images',
        'nfs://127.0.11.2/images/../other',
        'nfs://user@127.0.11.2/images',
        'nfs://bad_host!/images',
        'nfs://127.0.11.2:port/images',
        'nfs://[fe80::1%25eth0]/images',
        'nfs://[fe80::1%eth0]/images',
        'nfs://fd00::11/images',
        'nfs://[127.0.11.2]/images',
        'nfs://[nfs-1]/images',
        'nfs://[fd00::11]x/images',
        'nfs://[fd00::11/images',
        'nfs://127.1/images',
        'nfs://2130706433/images',
        'nfs://0x7f000001/images',
        'nfs://127.0.0.0x1/images',
        'nfs://a..b/images',
        f'nfs://{"a" * 64}/images',
        'nfs://\u212a/images',
        ' nfs://127.0.11.2/images',
        'nfs://127.0.11.2/%2e%2e/other',
        'nfs://127.0.11.2/images?',
    ],
)
def test_a_share_location_that_is_no_export_is_invalid(share: str) -> None:
    assert (
        reason('file:///var/lib/glance/images/abc', share_location=share)
        is Reason.LOCATION_INVALID
    )


@pytest.mark.parametrize('missing', ['share_location', 'mountpoint', 'type'])
@pytest.mark.parametrize('value', [None, 7, ''])
def test_without_the_mounts_metadata_a_file_location_is_unsupported(
    missing: str, value: int | str | None
) -> None:
    found = reason('file:///var/lib/glance/images/abc', **{missing: value})
    assert found in {Reason.LOCATION_UNSUPPORTED, Reason.LOCATION_INVALID}


@pytest.mark.parametrize(
    'url',
    ['rbd://pool/image', 'swift://x', '', 'no url', 'file:var/lib/glance/images/abc'],
)
def test_a_scheme_without_plugin_is_unsupported(url: str) -> None:
    assert reason(url) is Reason.LOCATION_UNSUPPORTED


@pytest.mark.parametrize(
    ('url', 'copy'),
    [
        ('nfs://127.0.11.2/images/abc', ImageCopy('127.0.11.2', '/images/abc')),
        (
            'NFS://nfs-1.example.org:2049/a/b%20c',
            ImageCopy('nfs-1.example.org', '/a/b c'),
        ),
        ('nfs://[fd00::11]/images/abc', ImageCopy('fd00::11', '/images/abc')),
    ],
)
def test_an_nfs_location_needs_no_metadata(url: str, copy: ImageCopy) -> None:
    assert READER.read(Location(url, {})) == copy


@pytest.mark.parametrize(
    'url',
    [
        'nfs:///images/abc',
        'nfs://127.0.11.2',
        'nfs://127.0.11.2/',
        'nfs://127.0.11.2/a/../b',
        'nfs://127.0.11.2//a',
        'nfs://u@127.0.11.2/a',
        'nfs://127.0.11.2/a?b',
        'nfs://bad host/a',
        'nfs://127.0.11.2/a/',
    ],
)
def test_an_nfs_location_that_is_no_file_is_invalid(url: str) -> None:
    assert reason(url) is Reason.LOCATION_INVALID


def test_copies_keep_glances_order_and_come_once() -> None:
    urls = [
        'file:///var/lib/glance/images/a',
        'rbd://x',
        'file:///var/lib/glance/images/b',
        'file:///var/lib/glance/images/a',
    ]
    copies, refusals = READER.read_all(Location(url, NFS) for url in urls)
    assert [copy.path for copy in copies] == ['/images/a', '/images/b']
    assert [refusal.reason for refusal in refusals] == [Reason.LOCATION_UNSUPPORTED]


def test_a_refusal_names_no_location() -> None:
    found = read('file:///var/lib/glance/images/../top-secret')
    assert 'secret' not in str(found) + found.detail + found.reason.message


@pytest.mark.parametrize(
    ('metadata', 'detail'),
    [
        ({'type': None}, 'has not all of share_location, mountpoint and type'),
        ({'type': 'local'}, 'is not "nfs"'),
    ],
)
def test_the_refusal_says_what_the_metadata_lacks(
    metadata: dict[str, Any], detail: str
) -> None:
    found = read('file:///var/lib/glance/images/abc', **metadata)
    assert found.reason is Reason.LOCATION_UNSUPPORTED
    assert found.detail.endswith(detail)


@pytest.mark.parametrize('kind', ['NFS', 'Nfs'])
def test_the_case_of_the_type_does_not_matter(kind: str) -> None:
    found = read('file:///var/lib/glance/images/abc', type=kind)
    assert found == ImageCopy('127.0.11.2', '/images/abc')


@pytest.mark.parametrize(
    'url',
    [f'cinder://{VOLUME}', f'cinder://a-store/{VOLUME}', f'CINDER://{VOLUME.upper()}'],
)
def test_a_cinder_location_names_a_volume_with_or_without_its_store(url: str) -> None:
    assert READER.read(Location(url, {})) == VolumeCopy(VOLUME)


@pytest.mark.parametrize(
    'url',
    [
        'cinder://',
        'cinder:///',
        'cinder://a-store/',
        'cinder://not-a-uuid',
        f'cinder:///{VOLUME}',
        f'cinder://a/b/{VOLUME}',
        f'cinder://a-store//{VOLUME}',
        f'cinder://{VOLUME}/',
        f'cinder://{VOLUME}?x',
        f'cinder://u@{VOLUME}',
        f'cinder://a-store/{VOLUME.replace("-", "")}',
        f'cinder://{VOLUME}/..',
        f'cinder://a-store/{{{VOLUME}}}',
        f'cinder://a-store/%20{VOLUME}',
    ],
)
def test_a_cinder_location_that_names_no_volume_is_invalid(url: str) -> None:
    assert reason(url) is Reason.LOCATION_INVALID
