"""What Cinder and Glance hand over, and what an operator may set."""

import pytest
from oslo_config import cfg

from eic_plugins import config, glance
from eic_plugins.glance import Location

META = {'id': 'i', 'status': 'active', 'disk_format': 'raw',
        'container_format': 'bare', 'size': 5, 'virtual_size': None,
        'min_disk': 0, 'updated_at': 't1',
        'properties': {'img_signature': 's', 'os_hash_value': 'h'}}


def test_an_image_is_read_from_what_cinder_hands_a_driver():
    image = glance.image_from_meta(META)
    assert (image.id, image.size, image.identity) == ('i', 5, 'h')
    assert image.signed


def test_without_a_hash_size_and_time_say_which_bytes_these_are():
    image = glance.image_from_meta({**META, 'properties': {}})
    assert image.identity == '5@t1'


def test_missing_fields_are_not_guessed():
    image = glance.image_from_meta({'id': 'i'})
    assert (image.status, image.disk_format, image.size) == ('', None, 0)


@pytest.mark.parametrize(('given', 'found'), [
    ((None, [{'url': 'file:///a', 'metadata': {'x': 1}}]),
     (Location('file:///a', {'x': 1}),)),
    (('file:///a', []), (Location('file:///a', {}),)),
    (('file:///a', [{'url': 'file:///b', 'metadata': {}}]),
     (Location('file:///b', {}),)),
    ((None, None), ()),
    (None, ()),
    ((None, [{'metadata': {}}, 'text', {'url': 7}]), ()),
])
def test_locations_come_in_cinders_forms(given, found):
    assert glance.locations_from_cinder(given) == found


@pytest.fixture
def conf():
    made = cfg.ConfigOpts()
    config.register(made)
    made([])
    return made


def test_the_paste_section_goes_before_cinder_conf(conf):
    options = config.with_overrides(conf, {'filter_budget': '0.25'})
    assert options['filter_budget'] == 0.25
    assert options['filter_lookups'] == 4


@pytest.mark.parametrize(('name', 'value', 'says'), [
    ('filter_budgte', '1', 'filter_budget'),
    ('filter_budget', 'fast', 'filter_budget = fast'),
    ('filter_lookups', '0', 'filter_lookups = 0'),
])
def test_a_wrong_paste_option_says_what_is_wrong(conf, name, value, says):
    with pytest.raises(ValueError, match=says):
        config.with_overrides(conf, {name: value})


def test_without_credentials_the_error_names_the_sections(conf):
    with pytest.raises(glance.CredentialsMissingError, match=r'\[eic\].*service_user'):
        glance.ImageLocations(conf)


def test_every_option_is_in_the_sample():
    ((group, options),) = config.list_opts()
    assert group == 'eic'
    names = {option.dest for option in options}
    assert {opt.dest for opt in config.ALL_OPTS} <= names
    assert {'auth_type', 'cafile', 'username'} <= names


def test_every_option_explains_itself():
    assert all(opt.help for opt in config.ALL_OPTS)
