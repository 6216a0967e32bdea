"""What Cinder and Glance hand over, and what an operator may set."""

import pytest
from cinder.image import image_utils
from glanceclient import exc as glance_exc
from oslo_config import cfg

from eic_plugins import config
from eic_plugins.glance import access, catalog, documents, image_locations
from eic_plugins.glance.image_locations import Location

META = {
    'id': 'i',
    'status': 'active',
    'disk_format': 'raw',
    'container_format': 'bare',
    'size': 5,
    'virtual_size': None,
    'min_disk': 0,
    'updated_at': 't1',
    'properties': {'img_signature': 's', 'os_hash_value': 'h'},
}


def test_an_image_is_read_from_what_cinder_hands_a_driver() -> None:
    image = documents.image_from_meta(META)
    assert (image.id, image.size, image.os_hash_value) == ('i', 5, 'h')
    assert image.signed


def test_without_a_hash_size_and_time_say_which_bytes_these_are() -> None:
    image = documents.image_from_meta({**META, 'properties': {}})
    later = documents.image_from_meta({**META, 'properties': {}, 'updated_at': 't2'})
    longer = documents.image_from_meta({**META, 'properties': {}, 'size': 6})
    assert len({image.identity, later.identity, longer.identity}) == 3
    assert image == documents.image_from_meta({**META, 'properties': {}})


def test_missing_fields_are_not_guessed() -> None:
    image = documents.image_from_meta({'id': 'i'})
    assert (image.status, image.disk_format, image.size) == ('', None, 0)


@pytest.mark.parametrize(
    ('given', 'found'),
    [
        (
            (None, [{'url': 'file:///a', 'metadata': {'x': 1}}]),
            (Location('file:///a', {'x': 1}),),
        ),
        (('file:///a', []), (Location('file:///a', {}),)),
        (
            ('file:///a', [{'url': 'file:///b', 'metadata': {}}]),
            (Location('file:///b', {}),),
        ),
        ((None, None), ()),
        (None, ()),
        ((None, [{'metadata': {}}, 'text', {'url': 7}]), ()),
    ],
)
def test_locations_come_in_cinders_forms(given, found) -> None:
    assert image_locations.locations_from_cinder(given) == found


LISTED = {
    'id': 'i',
    'name': 'ubuntu',
    'status': 'active',
    'size': 5,
    'visibility': 'public',
    'owner': 'o',
    'os_hidden': False,
    'updated_at': '2026-01-01T00:00:00Z',
    'eic_precache': 'all',
    'properties': 'of a user',
}


def test_an_image_is_read_from_what_glance_lists() -> None:
    listed = documents.listed_image(LISTED)
    assert (listed.name, listed.owner, listed.visibility, listed.hidden) == (
        'ubuntu',
        'o',
        'public',
        False,
    )
    assert listed.image.properties['eic_precache'] == 'all'


def test_a_listed_image_has_the_identity_that_a_driver_is_handed() -> None:
    """Or each would take what the other one cached for other bytes."""
    handed = image_utils.glance._convert_timestamps_to_datetimes(
        {**LISTED, 'properties': {}}
    )
    assert documents.listed_image(LISTED).image.identity == (
        documents.image_from_meta(handed).identity
    )


class FakeGlance:
    """Answers of Glance and Keystone, by method."""

    def __init__(self, roles=('admin',), there=(), lists=True):
        self.role_names, self.there, self.lists_images = roles, there, lists
        self.images = self.auth = self

    def get_access(self, _session):
        return self

    def get(self, image_id):
        if image_id not in self.there:
            raise glance_exc.HTTPNotFound
        return {'id': image_id, 'status': self.there[image_id]}

    def list(self, **_how):
        if not self.lists_images:
            raise glance_exc.HTTPNotFound
        return iter(())


@pytest.fixture
def images(monkeypatch, conf):
    def made(**answers):
        fake = FakeGlance(**answers)
        monkeypatch.setattr(catalog, 'service_session', lambda *_: fake)
        monkeypatch.setattr(catalog, 'service_client', lambda *_: fake)
        return catalog.Images(conf)

    return made


def test_an_image_that_an_admin_does_not_find_is_gone(images) -> None:
    assert images().is_gone('i')
    assert not images(there={'i': 'active'}).is_gone('i')


@pytest.mark.parametrize('status', ['deleted', 'pending_delete'])
def test_an_image_that_waits_to_be_scrubbed_is_gone(images, status) -> None:
    assert images(there={'i': status}).is_gone('i')


@pytest.mark.parametrize('status', ['deactivated', 'queued', 'killed'])
def test_an_image_that_is_there_in_whatever_state_is_not_gone(images, status) -> None:
    assert not images(there={'i': status}).is_gone('i')


@pytest.mark.parametrize('roles', [(), None, ('service', 'reader')])
def test_who_does_not_see_every_image_knows_of_none_that_it_is_gone(
    images, caplog: pytest.LogCaptureFixture, roles
) -> None:
    asked = images(roles=roles)
    assert not asked.is_gone('i')
    assert not asked.is_gone('i')
    assert caplog.text.count('lacks the role "admin"') == 1


def test_not_found_by_something_that_is_no_glance_is_no_answer(images) -> None:
    with pytest.raises(glance_exc.HTTPNotFound):
        images(lists=False).is_gone('i')


@pytest.fixture
def conf():
    made = cfg.ConfigOpts()
    config.register(made)
    made([])
    return made


def test_without_credentials_the_error_names_the_sections(conf) -> None:
    with pytest.raises(access.CredentialsMissingError, match=r'\[eic\].*service_user'):
        image_locations.ImageLocations(conf)


def test_every_option_is_in_the_sample() -> None:
    ((group, options),) = config.list_opts()
    assert group == 'eic'
    names = {option.dest for option in options}
    assert {opt.dest for opt in config.ALL_OPTS} <= names
    assert {'auth_type', 'cafile', 'username'} <= names


def test_every_option_explains_itself() -> None:
    assert all(opt.help for opt in config.ALL_OPTS)


@pytest.mark.parametrize(
    ('fields', 'read'),
    [
        ({'properties': 'x'}, {}),
        ({'properties': ['img_signature']}, {}),
        (
            {'size': 'large', 'min_disk': [], 'virtual_size': {}},
            {'size': 0, 'min_disk': 0, 'virtual_size': None},
        ),
        ({'size': float('inf'), 'min_disk': -1}, {'size': 0, 'min_disk': 0}),
        ({'min_disk': '4'}, {'min_disk': 4}),
        ({'disk_format': ['raw'], 'status': 5}, {'disk_format': None, 'status': ''}),
        ({'os_hash_value': 5, 'owner': {}}, {'os_hash_value': None, 'owner': None}),
    ],
)
def test_of_a_wrong_type_nothing_is_read(fields, read) -> None:
    """Whoever owns an image may put words and properties into it."""
    for reader in (documents.image_from_meta, documents.image_from_api):
        image = reader({'id': 'i', 'status': 'active', **fields})
        assert {name: getattr(image, name) for name in read} == read
        assert not image.signed


def test_a_property_is_a_property_whatever_it_is_called() -> None:
    image = documents.image_from_api(
        {'id': 'i', 'properties': {'img_signature': 's'}, 'os_distro': 'd'}
    )
    assert image.properties == {'os_distro': 'd'}


def test_one_odd_image_keeps_no_others_from_being_listed() -> None:
    odd = {
        **LISTED,
        'name': ['x'],
        'owner': {},
        'visibility': 5,
        'updated_at': 'yesterday',
        'min_disk': 'small',
        'properties': 5,
    }
    listed = documents.listed_image(odd)
    assert (listed.name, listed.owner, listed.visibility) == ('', '', '')
    assert listed.image.updated_at == 'yesterday'
