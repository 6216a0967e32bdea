"""The weigher on Cinder's own host states and its own table of entries."""

import datetime
import logging
import uuid

import pytest
import sqlalchemy
from cinder import context, exception, objects
from cinder.db import api as db
from cinder.scheduler import base_weight
from cinder.scheduler.weights import capacity
from oslo_config import cfg

from eic_plugins.scheduler import weigher as scheduler
from eic_plugins.scheduler.weigher import EICImageLocalityWeigher
from tests.contract.release import engine, since
from tests.functional import release

NOON = datetime.datetime(2026, 5, 1, 12, 0, 0)
ONE, TWO = 'lab@block#one', 'lab@block#two'
CLUSTER = 'cluster@block#one'
OTHER_CLUSTER = 'cluster@block#two'
ACROSS_POOLS = since(25, 'no driver clones across pools')


@pytest.fixture
def image_id(cinder_conf):
    scheduler._Said.query_failed = False
    return str(uuid.uuid4())


@pytest.fixture
def queries(image_id):
    """The statements about the table."""
    seen = []

    def note(_connection, _cursor, statement, *_rest):
        if 'image_volume_cache_entries' in statement:
            seen.append(statement)

    listened = engine()
    sqlalchemy.event.listen(listened, 'before_cursor_execute', note)
    yield seen
    sqlalchemy.event.remove(listened, 'before_cursor_execute', note)


def add_entry(image_id, host, date=NOON, cluster=None):
    db.image_volume_cache_create(
        context.get_admin_context(), host, cluster, image_id, date, str(uuid.uuid4()), 1
    )


def pool(host, cluster=None, free=50, **capabilities):
    # It wants the objects to be registered.
    from cinder.scheduler import host_manager  # noqa: PLC0415

    backend, _, name = host.partition('#')
    state = host_manager.PoolState(
        backend, cluster and cluster.partition('#')[0], {}, name
    )
    state.update_from_volume_capability(
        {
            'pool_name': name,
            'total_capacity_gb': 100,
            'free_capacity_gb': free,
            'allocated_capacity_gb': 0,
            'timestamp': None,
            **capabilities,
        }
    )
    return state


def weigh(image_id, *pools):
    weighed = [base_weight.WeighedObject(each, 0.0) for each in pools]
    return EICImageLocalityWeigher().weigh_objects(
        weighed, {'request_spec': {'image_id': image_id}, 'scheduler_hints': None}
    )


def test_the_pool_with_the_entry_is_preferred_with_one_query(image_id, queries):
    add_entry(image_id, TWO)
    queries.clear()
    assert weigh(image_id, pool(ONE), pool(TWO), pool('lab@block#three')) == [
        0.0,
        1.0,
        0.0,
    ]
    assert len(queries) == 1
    assert 'image_id = ' in queries[0]


def test_it_outweighs_free_capacity(image_id):
    add_entry(image_id, TWO)
    states = [pool(ONE, free=100), pool(TWO, free=20)]
    handler = base_weight.BaseWeightHandler('weigher', 'cinder.scheduler.weights')
    chosen = handler.get_weighed_objects(
        [capacity.CapacityWeigher, EICImageLocalityWeigher],
        states,
        {'request_spec': {'image_id': image_id}},
    )[0].obj
    assert chosen is states[1]


def test_an_entry_of_a_cluster_is_found_by_the_clusters_name(image_id):
    add_entry(image_id, 'node1@block#one', cluster=CLUSTER)
    assert weigh(image_id, pool('node2@block#one', CLUSTER), pool(ONE)) == [1.0, 0.0]


@pytest.mark.parametrize('host', [ONE, TWO])
@pytest.mark.parametrize('cluster', [None, CLUSTER, OTHER_CLUSTER])
@pytest.mark.parametrize('entry_cluster', [None, CLUSTER])
@pytest.mark.parametrize('across', [False, pytest.param(True, marks=ACROSS_POOLS)])
def test_what_the_weigher_takes_for_a_hit_is_one_for_cinder(
    image_id, host, cluster, entry_cluster, across
):
    add_entry(image_id, ONE, cluster=entry_cluster)
    state = pool(host, cluster, clone_across_pools=across)
    assert weigh(image_id, state) == [
        1.0 if cinders_entry(image_id, state, across) else 0.0
    ]


@ACROSS_POOLS
def test_an_entry_of_another_backend_is_one_for_cinder_but_no_reason_to_go_there(
    image_id,
):
    """Cinder tries to clone it all the same: across storage systems that fails."""
    add_entry(image_id, ONE)
    state = pool('lab@other#one', clone_across_pools=True)
    assert cinders_entry(image_id, state, across=True)
    assert weigh(image_id, state) == [0.0]


def cinders_entry(image_id, state, across):
    """What the released cache finds for a volume in the pool."""
    admin = context.get_admin_context()
    volume = objects.Volume(admin, host=state.host, cluster_name=state.cluster_name)
    image = {'updated_at': NOON.replace(tzinfo=datetime.UTC)}
    return release.cached_entry(admin, volume, image_id, image, across)


def test_an_entry_of_the_image_before_it_changed_does_not_count(image_id):
    add_entry(image_id, ONE)
    add_entry(image_id, TWO, NOON + datetime.timedelta(seconds=1))
    assert weigh(image_id, pool(ONE), pool(TWO)) == [0.0, 1.0]


def test_a_pool_that_is_nearly_full_is_not_preferred(image_id):
    add_entry(image_id, ONE)
    assert weigh(image_id, pool(ONE, free=14)) == [0.0]


def test_eic_pools_say_themselves_what_they_have(image_id, queries):
    add_entry(image_id, ONE)
    queries.clear()
    assert weigh(image_id, pool(ONE, eic={'cached': []})) == [0.0]
    assert weigh(image_id, pool(TWO, eic={'cached': [image_id]})) == [1.0]
    assert queries == []


@pytest.mark.parametrize(
    'option', [('weigh_image_volume_cache', False), ('locality_weight_multiplier', 0.0)]
)
def test_it_can_be_turned_off(image_id, queries, option):
    add_entry(image_id, ONE)
    queries.clear()
    cfg.CONF.set_override(*option, group='eic')
    try:
        assert weigh(image_id, pool(ONE)) == [0.0]
    finally:
        cfg.CONF.clear_override(option[0], group='eic')
    assert queries == []


def test_a_volume_that_is_not_from_an_image_costs_no_query(queries):
    assert weigh(None, pool(ONE)) == [0.0]
    assert queries == []


def test_without_the_database_all_pools_weigh_the_same_and_it_is_said_once(
    image_id, monkeypatch, caplog
):
    def fail(*_args, **_kwargs):
        raise exception.CinderException('no database')

    add_entry(image_id, ONE)
    caplog.set_level(logging.INFO)
    with monkeypatch.context() as broken:
        broken.setattr(db, 'image_volume_cache_get_all', fail)
        assert [weigh(image_id, pool(ONE), pool(TWO)) for _ in range(3)] == [
            [0.0, 0.0]
        ] * 3
    assert [
        record.levelname
        for record in caplog.records
        if record.name == scheduler.__name__
    ] == ['WARNING']
    assert weigh(image_id, pool(ONE), pool(TWO)) == [1.0, 0.0]
