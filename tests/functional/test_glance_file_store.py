"""The locations that Glance's own file store writes, as the plugin reads them.

The store runs here without a server. Whatever it is configured to, a location
either leads to the very file that Glance itself would serve, or is refused.
"""

import io
import json
import pathlib

import pytest
from glance_store import location as store_location
from glance_store import multi_backend
from glance_store._drivers import filesystem
from oslo_config import cfg

from eic_plugins.glance.image_locations import locations_from_cinder
from eic_plugins.glance.locations import LocationReader
from eic_plugins.model import ImageCopy, Reason, Refusal

IMAGE_ID = '2f0b9e1c-7c5e-4c6e-9d3b-0c1f4a7f0d11'
CONTENT = b'the bytes of an image'
READER = LocationReader.from_entry_points()


class Glance:
    """A store on directories that stand for mounts of exports."""

    def __init__(self, root, backend='fs'):
        self.root = root
        self.backend = backend

    def mount(self, name='images', **more):
        """An entry of the metadata file for the mount of /vol/NAME."""
        return {
            'id': name,
            'type': 'nfs',
            'mountpoint': f'{self.root}/{name}',
            'share_location': f'nfs://192.0.2.11/vol/{name}',
            **more,
        }

    def store(self, metadata, *datadirs):
        """Glance's file store, set up as glance-api does it."""
        conf = cfg.ConfigOpts()
        group = self.backend or 'glance_store'
        if self.backend:
            multi_backend.register_store_opts(
                self._with_backends(conf), reserved_stores={}
            )
        else:
            conf.register_opts(filesystem.Store.OPTIONS, group)
            conf([])
        if len(datadirs) > 1:
            # Of several stores, one without this has the default besides.
            conf.set_override('filesystem_store_datadir', '', group)
            conf.set_override('filesystem_store_datadirs', list(datadirs), group)
        else:
            conf.set_override('filesystem_store_datadir', datadirs[0], group)
        if metadata is not None:
            path = self.root / 'metadata.json'
            path.write_text(json.dumps(metadata))
            conf.set_override('filesystem_store_metadata_file', str(path), group)
        store = filesystem.Store(conf, backend=self.backend)
        store.configure_add()
        self.conf, self.made = conf, store
        return store

    def _with_backends(self, conf):
        conf.register_opts([cfg.DictOpt('enabled_backends')])
        conf([])
        conf.set_override('enabled_backends', {self.backend: 'file'})
        return conf

    def add(self, metadata, *datadirs):
        """What Glance records of an image that is uploaded now."""
        url, _size, _md5, _hash, about = self.store(metadata, *datadirs).add(
            IMAGE_ID, io.BytesIO(CONTENT), len(CONTENT), 'sha512'
        )
        self.url = url
        return {'url': url, 'metadata': about}

    def serves(self):
        """The file that Glance itself reads for that location."""
        found = store_location.Location(
            'file',
            filesystem.StoreLocation,
            self.conf,
            uri=self.url,
            backend=self.backend,
        )
        stream, _size = self.made.get(found)
        assert b''.join(stream) == CONTENT
        return pathlib.Path(found.store_location.path)

    def leads_to(self, copy):
        """The file on this host behind a copy, by undoing the mount."""
        return self.root / pathlib.PurePosixPath(copy.path).relative_to('/vol')


@pytest.fixture(params=['fs', None], ids=['multi-store', 'single-store'])
def glance(tmp_path, request):
    return Glance(tmp_path, request.param)


def read(location):
    """As the driver reads it: through the answer of the API."""
    (found,) = locations_from_cinder((None, json.dumps([location])))
    return READER.read(found)


def assert_is_what_glance_serves(glance, location):
    copy = read(location)
    assert isinstance(copy, ImageCopy), copy
    assert glance.leads_to(copy) == glance.serves()


def test_one_object_of_metadata(glance):
    location = glance.add(glance.mount(), f'{glance.root}/images')
    assert read(location) == ImageCopy('192.0.2.11', f'/vol/images/{IMAGE_ID}')
    assert location['metadata'].get('store') == glance.backend
    assert_is_what_glance_serves(glance, location)


def test_a_mountpoint_above_the_data_directory(glance):
    location = glance.add(glance.mount(), f'{glance.root}/images/glance/data')
    assert read(location).path == f'/vol/images/glance/data/{IMAGE_ID}'
    assert_is_what_glance_serves(glance, location)


def test_of_a_list_the_image_gets_the_entry_of_its_own_mount(glance):
    mounts = [glance.mount('one'), glance.mount('two')]
    location = glance.add(mounts, f'{glance.root}/one:100', f'{glance.root}/two:200')
    assert read(location).path == f'/vol/two/{IMAGE_ID}'
    assert_is_what_glance_serves(glance, location)


@pytest.mark.parametrize(
    'directory',
    ['images/', 'images/a b', 'images/50%25', 'images/a%20b', 'images/é', 'images/a;b'],
)
def test_the_name_of_a_directory_is_read_as_glance_reads_it(glance, directory):
    location = glance.add(glance.mount(), f'{glance.root}/{directory}')
    assert_is_what_glance_serves(glance, location)


@pytest.mark.parametrize('slashes', ['', '/'])
def test_a_trailing_slash_of_mountpoint_and_share_does_not_matter(glance, slashes):
    mount = glance.mount()
    mount = glance.mount(
        mountpoint=mount['mountpoint'] + slashes,
        share_location=mount['share_location'] + slashes,
    )
    location = glance.add(mount, f'{glance.root}/images')
    assert_is_what_glance_serves(glance, location)


def test_the_type_may_be_in_capitals(glance):
    location = glance.add(glance.mount(type='NFS'), f'{glance.root}/images')
    assert_is_what_glance_serves(glance, location)


@pytest.mark.parametrize(
    'metadata',
    [
        None,
        {'id': 'x', 'mountpoint': '/'},
        {'id': 'x', 'mountpoint': '/', 'share_location': 'nfs://192.0.2.11/vol'},
        {
            'id': 'x',
            'mountpoint': '/',
            'share_location': 'nfs://192.0.2.11/vol',
            'type': 'local',
        },
    ],
)
def test_without_all_of_the_metadata_the_location_is_unsupported(glance, metadata):
    location = glance.add(metadata, f'{glance.root}/images')
    assert read(location).reason is Reason.LOCATION_UNSUPPORTED


def test_an_image_outside_all_mountpoints_has_no_metadata(glance):
    location = glance.add(
        [glance.mount('one'), glance.mount('two')], f'{glance.root}/images'
    )
    assert read(location).reason is Reason.LOCATION_UNSUPPORTED


def test_glance_compares_letters_so_a_neighbours_metadata_is_refused(glance):
    """/images2/… begins with /images: Glance takes the wrong entry."""
    mounts = [glance.mount('images'), glance.mount('images2')]
    location = glance.add(mounts, f'{glance.root}/images2')
    assert location['metadata']['id'] == 'images'
    assert read(location) == Refusal.of_location(
        Reason.LOCATION_INVALID, 'the file is not below its mountpoint', 'file'
    )


def test_with_slashes_at_their_ends_neighbours_are_told_apart(glance):
    mounts = [
        glance.mount(name, mountpoint=f'{glance.root}/{name}/')
        for name in ('images', 'images2')
    ]
    location = glance.add(mounts, f'{glance.root}/images2')
    assert_is_what_glance_serves(glance, location)


def test_of_mounts_inside_each_other_the_first_listed_counts(glance):
    """Why the manual says to list the inner one first."""
    inner = glance.mount('inner', mountpoint=f'{glance.root}/images/inner')
    inner_first = glance.add([inner, glance.mount()], f'{glance.root}/images/inner')
    assert read(inner_first).path == f'/vol/inner/{IMAGE_ID}'
    pathlib.Path(glance.url.removeprefix('file://')).unlink()
    outer_first = glance.add([glance.mount(), inner], f'{glance.root}/images/inner')
    assert read(outer_first).path == f'/vol/images/inner/{IMAGE_ID}'


def test_a_data_directory_with_an_empty_segment_is_refused_not_guessed(glance):
    location = glance.add(glance.mount(), f'{glance.root}/images//data')
    assert read(location).reason is Reason.LOCATION_INVALID
