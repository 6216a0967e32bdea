"""Demand as Cinder's own tables have it, and schedulers that learn of copies."""

import datetime
import threading
import uuid

import oslo_messaging as messaging
import pytest
import sqlalchemy
from cinder import context, objects
from cinder.db import api as db
from cinder.volume import rpcapi
from oslo_utils import timeutils

from eic_plugins.precache import demand
from eic_plugins.support import compat
from eic_plugins.volume.pools.own_service import OwnService
from tests.contract.release import engine
from tests.functional import release

WEEK = 604800
ONE, TWO, FAR = (f'lab@gold#{name}' for name in ('one', 'two', 'far'))
CLUSTERED = 'cluster@gold#one'


def volume(image_id, host=ONE, age=0, cluster=None, deleted=False):
    """As cinder-volume leaves it."""
    admin = context.get_admin_context()
    made = objects.Volume(
        admin,
        size=1,
        host=host,
        cluster_name=cluster,
        status='available',
        project_id='p',
        user_id='u',
        use_quota=True,
    )
    made.create()
    db.volume_glance_metadata_bulk_create(
        admin, made.id, {'image_id': image_id, 'image_name': image_id}
    )
    if age:
        with compat.cinder_transactions().writer.using(admin) as session:
            session.query(compat.cinder_models().Volume).filter_by(id=made.id).update(
                {'created_at': timeutils.utcnow() - datetime.timedelta(seconds=age)}
            )
    if deleted:
        db.volume_destroy(admin, made.id)


@pytest.fixture
def image_id(cinder_conf):
    return str(uuid.uuid4())


@pytest.fixture
def statements(image_id):
    seen = []

    def note(_connection, _cursor, statement, parameters, *_rest):
        if statement not in {'BEGIN', 'SELECT 1'}:  # oslo.db's own, with SQLAlchemy 1.4
            seen.append((statement, parameters))

    listened = engine()
    sqlalchemy.event.listen(listened, 'before_cursor_execute', note)
    yield seen
    sqlalchemy.event.remove(listened, 'before_cursor_execute', note)


def test_volumes_are_counted_by_image_with_one_query(image_id, statements):
    other = str(uuid.uuid4())
    for host in (ONE, ONE, TWO):
        volume(image_id, host)
    volume(other, TWO)
    statements.clear()
    found = demand.volumes_by_image([ONE, TWO], WEEK)
    assert (found[image_id], found[other]) == (3, 1)
    assert len(statements) == 1


def test_what_is_deleted_old_or_elsewhere_does_not_count(image_id):
    volume(image_id)
    volume(image_id, deleted=True)
    volume(image_id, age=2 * WEEK)
    volume(image_id, FAR)
    assert demand.volumes_by_image([ONE, TWO], WEEK)[image_id] == 1
    assert demand.volumes_by_image([ONE, FAR], 3 * WEEK)[image_id] == 3


def test_a_clusters_volumes_are_found_by_its_name(image_id):
    volume(image_id, 'node1@gold#one', cluster=CLUSTERED)
    assert image_id not in demand.volumes_by_image([CLUSTERED], WEEK)
    assert demand.volumes_by_image([CLUSTERED], WEEK, clustered=True)[image_id] == 1


def test_the_query_finds_volumes_by_their_pools_and_images_by_the_volumes(statements):
    """By the indexes that Cinder's tables have, also in a large database."""
    statements.clear()
    demand.volumes_by_image([ONE], WEEK)
    ((text, parameters),) = statements
    with engine().connect() as connection:
        plan = [
            row[-1]
            for row in connection.exec_driver_sql(
                f'EXPLAIN QUERY PLAN {text}', parameters
            )
        ]
    assert 'volumes_deleted_host_idx' in ' '.join(plan), plan
    assert not [step for step in plan if step.startswith('SCAN ')], plan


class Manager:
    """What of cinder-volume's manager hears the request."""

    target = messaging.Target(version=rpcapi.VolumeAPI.RPC_API_VERSION)

    def __init__(self):
        self.heard = threading.Event()

    def publish_service_capabilities(self, _context):
        self.heard.set()


def test_a_driver_has_its_own_service_publish_its_statistics(cinder_conf):
    objects.register_all()
    manager = Manager()
    server = release.rpc_server(
        messaging.Target(topic='cinder-volume.lab@gold', server='lab'), manager
    )
    server.start()
    try:
        OwnService('lab@gold').publish_statistics()
        assert manager.heard.wait(30)
    finally:
        server.stop()
        server.wait()


def test_cinders_manager_has_what_is_asked_for():
    from cinder.volume import manager  # noqa: PLC0415

    assert callable(manager.VolumeManager.publish_service_capabilities)
