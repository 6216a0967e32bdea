"""Seed volumes by Cinder's own API and database; the scheduler is recorded."""

import types

import keystoneauth1.fixture
import pytest
from cinder import context, objects
from cinder.scheduler import rpcapi
from cinder.volume import volume_types
from keystoneauth1 import access
from oslo_config import cfg

from eic_plugins import config
from eic_plugins.cinder_cache.rules import CachePool, CacheSettings
from eic_plugins.model import Image
from eic_plugins.precache.image_service import ServiceImageService, catalog_of
from tests.contract.release import since
from tests.functional import glance_stub

POOL = CachePool('seedhost@seeded#one', 'iscsi')
TENANT = {
    'cinder_internal_tenant_project_id': 'tenant-project',
    'cinder_internal_tenant_user_id': 'tenant-user',
}
IMAGE = Image(glance_stub.IMAGE, 'active', 'raw', 'bare', 1024)


@pytest.fixture
def conf(cinder_conf):
    config.register(cfg.CONF)
    for name, value in TENANT.items():
        cfg.CONF.set_override(name, value)
    yield cfg.CONF
    for name in TENANT:
        cfg.CONF.clear_override(name)


class Scheduler:
    """In place of the message bus."""

    def __init__(self):
        self.requests = []

    def create_volume(self, _ctxt, volume, **arguments):
        self.requests.append((volume, arguments))

    def get_pools(self, _ctxt):
        return [
            {
                'name': POOL.name,
                'capabilities': {'volume_backend_name': 'iscsi', 'pool_name': 'one'},
            },
            {'name': 'eic@gold#share', 'capabilities': {'eic': {}}},
        ]


@pytest.fixture
def scheduler(monkeypatch):
    fake = Scheduler()
    monkeypatch.setattr(rpcapi, 'SchedulerAPI', lambda: fake)
    return fake


@pytest.fixture
def module(conf, scheduler, glance, monkeypatch):
    # Neither Keystone nor its catalog: glance_endpoint is set.
    monkeypatch.setattr(ServiceImageService, 'catalog', lambda _self: [])
    from eic_plugins.cinder_cache import seeds  # noqa: PLC0415

    return seeds


@pytest.fixture
def seeds(module, conf):
    found = module.Seeds(conf)
    yield found
    for volume in objects.VolumeList.get_all(context.get_admin_context()):
        volume.destroy()


@pytest.fixture
def default_type():
    return volume_types.get_default_volume_type()['id']


@pytest.fixture
def service(cinder_conf):
    made = objects.Service(
        context.get_admin_context(),
        host='seedhost@seeded',
        topic='cinder-volume',
        binary='cinder-volume',
        availability_zone='zone-of-the-pool',
        rpc_current_version='3.19',
        object_current_version=objects.base.OBJ_VERSIONS.get_current(),
    )
    made.create()
    yield made
    made.destroy()


def test_a_seed_is_a_volume_of_the_internal_tenant_that_may_land_in_one_pool(
    seeds, scheduler, default_type, service
):
    seed = seeds.create(IMAGE, POOL, default_type)
    ((volume, arguments),) = scheduler.requests
    assert (volume.project_id, volume.user_id) == ('tenant-project', 'tenant-user')
    assert arguments['request_spec']['resource_backend'] == POOL.name
    assert arguments['image_id'] == glance_stub.IMAGE
    assert volume.availability_zone == 'zone-of-the-pool'
    assert (seed.volume_id, seed.image_id, seed.pool) == (
        volume.id,
        glance_stub.IMAGE,
        POOL.name,
    )
    assert seed.being_made
    assert not seed.scheduled
    assert 0 <= seed.age < 60


def test_seeds_are_found_and_nothing_else_is_taken_for_one(
    seeds, default_type, service
):
    seed = seeds.create(IMAGE, POOL, default_type)
    volume = objects.Volume.get_by_id(context.get_admin_context(), seed.volume_id)
    # Cinder's image-volume is a clone: it has all but the seed's name.
    for change in (
        {'display_name': f'image-{IMAGE.id}'},
        {'project_id': 'somebody'},
        {'metadata': {}},
    ):
        values = {
            'display_name': volume.display_name,
            'status': 'available',
            'project_id': volume.project_id,
            'metadata': volume.metadata,
            'volume_type_id': default_type,
            'size': 1,
            'host': 'h@b#p',
            **change,
        }
        objects.Volume(context.get_admin_context(), **values).create()
    assert [each.volume_id for each in seeds.find()] == [seed.volume_id]


def test_a_seed_that_no_host_has_is_deleted_in_any_state(seeds, default_type, service):
    seed = seeds.create(IMAGE, POOL, default_type)
    seeds.delete(seed)
    assert seeds.look(seed.volume_id) is None
    seeds.delete(seed)


def test_a_quota_is_the_internal_tenants_own(
    module, seeds, default_type, service, scheduler
):
    admin = context.get_admin_context()
    module.db.quota_create(admin, 'tenant-project', 'volumes', 0)
    try:
        with pytest.raises(module.SeedRefusedError, match='Maximum number of volumes'):
            seeds.create(IMAGE, POOL, default_type)
    finally:
        module.db.quota_destroy_by_project(admin, 'tenant-project')
    assert scheduler.requests == []
    assert seeds.find() == []


def test_an_image_that_is_gone_is_refused(module, seeds, default_type, service):
    gone = Image(glance_stub.INVISIBLE, 'active', 'raw', 'bare', 1024)
    with pytest.raises(module.SeedRefusedError, match=gone.id):
        seeds.create(gone, POOL, default_type)


@pytest.fixture
def make_type(module):
    admin = context.get_admin_context()
    made = []

    def make(name, **extra_specs):
        made.append(volume_types.create(admin, name, extra_specs)['id'])
        return made[-1]

    yield make
    for each in made:
        volume_types.destroy(admin, each)


@pytest.fixture
def default_name(module, conf):
    """A default_volume_type of the test's choice."""
    yield lambda name: conf.set_override('default_volume_type', name)
    conf.clear_override('default_volume_type')


def test_the_volume_type_is_one_that_leads_to_the_pool(seeds, make_type, default_name):
    seeds.pools()
    make_type('elsewhere', volume_backend_name='nfs')
    make_type('aaa')
    ours = make_type('zzz', volume_backend_name='iscsi', pool_name='one')
    make_type('yyy', volume_backend_name='iscsi', pool_name='two')
    default_name('elsewhere')
    assert seeds.volume_type_for(POOL) == ours
    default_name('zzz')
    assert seeds.volume_type_for(POOL) == ours


def test_the_default_type_is_taken_if_it_leads_to_the_pool(
    seeds, make_type, default_type
):
    seeds.pools()
    make_type('zzz', volume_backend_name='iscsi')
    assert seeds.volume_type_for(POOL) == default_type


def test_the_operators_type_is_taken_or_none(module, conf, scheduler, make_type):
    ours = make_type('ours')
    make_type('theirs', volume_backend_name='nfs')
    for name, found in (('ours', ours), (ours, ours), ('theirs', None)):
        seeds = module.Seeds(conf, name)
        seeds.pools()
        assert seeds.volume_type_for(POOL) == found


def test_an_encrypted_type_is_never_taken(module, conf, scheduler, make_type):
    luks = make_type('luks')
    admin = context.get_admin_context()
    module.db.volume_type_encryption_create(
        admin,
        luks,
        {
            'provider': 'luks',
            'cipher': 'x',
            'key_size': 256,
            'control_location': 'front-end',
        },
    )
    try:
        seeds = module.Seeds(conf, 'luks')
        seeds.pools()
        assert seeds.volume_type_for(POOL) is None
    finally:
        module.db.volume_type_encryption_delete(admin, luks)


def test_a_type_that_there_is_not_is_refused(module, conf):
    with pytest.raises(module.SeedRefusedError, match='no-such-type'):
        module.Seeds(conf, 'no-such-type').volume_type_for(POOL)


def test_pools_say_whether_their_driver_is_eics(seeds):
    assert [(pool.name, pool.keeps_cached_images) for pool in seeds.pools()] == [
        ('eic@gold#share', True),
        (POOL.name, False),
    ]


@pytest.mark.parametrize(
    ('reported', 'clustered', 'across'),
    [
        (True, False, True),
        (False, False, False),
        (None, False, False),
        (True, True, False),
    ],
)
def test_pools_say_whether_they_clone_entries_of_other_pools(
    seeds, scheduler, service, monkeypatch, reported, clustered, across
):
    """Cinder gives a clustered service the entries of its own pool alone."""
    name = 'cluster@seeded#one' if clustered else 'seedhost@seeded#one'
    if clustered:
        service.cluster_name = 'cluster@seeded'
        service.save()
    report = {} if reported is None else {'clone_across_pools': reported}
    monkeypatch.setattr(
        scheduler, 'get_pools', lambda _ctxt: [{'name': name, 'capabilities': report}]
    )
    assert [pool.clones_across_pools for pool in seeds.pools()] == [across]


def test_settings_are_the_backends_or_unknown(seeds, conf, monkeypatch):
    assert seeds.settings(POOL) == CacheSettings(None)
    monkeypatch.setattr(type(conf), 'list_all_sections', lambda _self: ['seeded'])
    assert seeds.settings(POOL) == CacheSettings(False, 0, 0)
    for name, value in (
        ('image_volume_cache_enabled', True),
        ('image_volume_cache_max_count', 3),
    ):
        conf.set_override(name, value, group='seeded')
    try:
        assert seeds.settings(POOL) == CacheSettings(True, 0, 3)
    finally:
        for name in ('image_volume_cache_enabled', 'image_volume_cache_max_count'):
            conf.clear_override(name, group='seeded')


def test_without_an_internal_tenant_it_says_what_to_configure(module, conf):
    conf.clear_override('cinder_internal_tenant_user_id')
    with pytest.raises(
        module.InternalTenantMissingError, match='cinder_internal_tenant_user_id'
    ):
        module.Seeds(conf)


def test_a_seed_cinder_refuses_to_delete_is_an_error_of_its_own(
    module, seeds, default_type, service
):
    seed = seeds.create(IMAGE, POOL, default_type)
    volume = objects.Volume.get_by_id(context.get_admin_context(), seed.volume_id)
    volume.host = POOL.name
    volume.save()
    with pytest.raises(module.SeedRefusedError):
        seeds.delete(seed)
    assert seeds.look(seed.volume_id).status == 'creating'


def test_what_cinder_told_the_owner_is_passed_on(module, seeds):
    assert seeds.complaint(types.SimpleNamespace(volume_id='none')) == ''
    module.db.message_create(
        context.get_admin_context(),
        {
            'project_id': 'p',
            'action_id': '001',
            'detail_id': '003',
            'resource_type': 'VOLUME',
            'resource_uuid': 'v',
            'message_level': 'ERROR',
            'event_id': 'VOLUME_001_003',
        },
    )
    assert seeds.complaint(types.SimpleNamespace(volume_id='v')) == (
        'Could not find any available weighted backend.'
    )


@pytest.mark.parametrize(
    ('info', 'region', 'server'),
    [
        ('image:glance:publicURL', None, 'public.one:9292'),
        ('image:glance:internalURL', None, 'internal.one:9292'),
        pytest.param(
            'image:glance:internalURL',
            'two',
            'internal.two:9292',
            marks=since(28, 'cinder-volume asks the first region that the catalog has'),
        ),
    ],
)
def test_cinder_volume_finds_glance_in_the_catalog_that_it_is_sent(
    conf, info, region, server
):
    from cinder.image import glance  # noqa: PLC0415

    token = keystoneauth1.fixture.V3Token()
    image = token.add_service('image', name='glance')
    for name in ('one', 'two'):
        image.add_standard_endpoints(
            public=f'http://public.{name}:9292',
            region=name,
            internal=f'http://internal.{name}:9292',
        )
    found = access.create(body=token, auth_token='token')
    session = types.SimpleNamespace(
        auth=types.SimpleNamespace(get_access=lambda _session: found)
    )
    sent = context.RequestContext(
        'user', 'project', is_admin=True, service_catalog=catalog_of(session)
    )
    options = [('glance_api_servers', None), ('glance_catalog_info', info)]
    if region:
        options.append(('region_name', region, 'glance'))
    for option in options:
        conf.set_override(*option)
    try:
        received = context.RequestContext.from_dict(sent.to_dict())
        assert next(glance.get_api_servers(received)) == (server, False)
    finally:
        for name, _value, *group in options:
            conf.clear_override(name, *group)
