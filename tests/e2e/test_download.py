"""What ONTAP cannot reach or clone is downloaded and converted once."""

import concurrent.futures
import gzip
import subprocess

import pytest
from oslo_utils import units


@pytest.fixture
def raw(content, tmp_path):
    path = tmp_path / 'disk.raw'
    path.write_bytes(content)
    return path


def converted(raw, disk_format, options=()):
    path = raw.with_suffix(f'.{disk_format}')
    subprocess.run(
        [
            'qemu-img',
            'convert',
            '-f',
            'raw',
            '-O',
            disk_format,
            *options,
            str(raw),
            str(path),
        ],
        check=True,
        timeout=60,
    )
    return path.read_bytes()


def create_at_once(cloud, image, types):
    with concurrent.futures.ThreadPoolExecutor(len(types)) as pool:
        return list(pool.map(lambda kind: cloud.create(image, kind), types))


def test_first_volumes_at_once_over_two_pools_are_one_download_and_one_copy(
    cloud, raw, digest, ontap
):
    image = cloud.upload(converted(raw, 'qcow2'), disk_format='qcow2')
    mark = ontap.calls()['last']
    types = ['eic-gold', 'eic-images'] * 4
    volumes = create_at_once(cloud, image, types)
    assert cloud.downloads(image) == 1
    assert len(ontap.file_copies(mark)) == 1
    assert sorted(volume['metadata']['eic_route'] for volume in volumes) == [
        *['cached'] * 6,
        'copy_offload',
        'download',
    ]
    assert {
        cloud.sha256(volume, kind.partition('-')[2])
        for volume, kind in zip(volumes, types, strict=True)
    } == {digest}


def test_another_backend_of_the_cluster_copies_what_was_downloaded(
    cloud, raw, digest, ontap
):
    """Its pools are in another process, on another SVM."""
    image = cloud.upload(converted(raw, 'qcow2'), disk_format='qcow2')
    with ontap.peered('svm_silver', 'svm_gold'):
        volumes = create_at_once(cloud, image, ['eic-silver', 'eic-gold'])
    assert cloud.downloads(image) == 1
    assert sorted(volume['metadata']['eic_route'] for volume in volumes) == [
        'copy_offload',
        'download',
    ]
    assert cloud.sha256(volumes[0], 'silver') == digest
    assert cloud.sha256(volumes[1], 'gold') == digest
    assert cloud.leftovers() == []


@pytest.mark.parametrize(
    ('disk_format', 'qemu_format', 'options'),
    [
        ('vmdk', 'vmdk', ('-o', 'subformat=streamOptimized')),
        ('vmdk', 'vmdk', ('-o', 'subformat=monolithicSparse')),
        ('vhdx', 'vhdx', ()),
    ],
)
def test_every_format_that_cinder_takes_becomes_a_cached_image(
    cloud, raw, digest, disk_format, qemu_format, options
):
    image = cloud.upload(converted(raw, qemu_format, options), disk_format=disk_format)
    volumes = [cloud.create(image, 'eic-gold') for _ in range(2)]
    assert [volume['metadata']['eic_route'] for volume in volumes] == [
        'download',
        'cached',
    ]
    assert {cloud.sha256(volume, 'gold') for volume in volumes} == {digest}


def test_sparse_stays_sparse(cloud, tmp_path):
    disk = tmp_path / 'disk.raw'
    with disk.open('wb') as stream:
        stream.write(b'\x01' * units.Mi)
        stream.truncate(512 * units.Mi)
    image = cloud.upload(converted(disk, 'qcow2'), disk_format='qcow2')
    volume = cloud.create(image, 'eic-gold')
    assert volume['metadata']['eic_route'] == 'download'
    for name in (f'img-cache-{image}', f'volume-{volume["id"]}'):
        assert (cloud.root('gold') / name).stat().st_blocks * 512 < 4 * units.Mi


@pytest.mark.parametrize(
    'kind', ['qcow2 said to be raw', 'vmdk said to be raw', 'vhd', 'compressed']
)
def test_an_image_that_cinder_refuses_ends_as_with_the_stock_driver(cloud, raw, kind):
    """What Glance lets pass: it compares formats other than raw itself, and
    refuses backing files."""
    content, fields = {
        'qcow2 said to be raw': lambda: (converted(raw, 'qcow2'), {}),
        'vmdk said to be raw': lambda: (converted(raw, 'vmdk'), {}),
        # Cinder asks qemu-img for a format "vhd", which qemu-img calls "vpc".
        'vhd': lambda: (
            converted(raw, 'vpc', ('-o', 'force_size=on')),
            {'disk_format': 'vhd'},
        ),
        # allow_compression_on_image_upload is off, as it is by default.
        'compressed': lambda: (
            gzip.compress(raw.read_bytes()),
            {'container_format': 'compressed'},
        ),
    }[kind]()
    image = cloud.upload(content, **fields)
    volumes = [cloud.create(image, kind) for kind in ('eic-gold', 'stock-gold')]
    assert [volume['status'] for volume in volumes] == ['error', 'error']
    for volume in volumes:
        cloud.delete(volume['id'])
    assert cloud.leftovers() == []
