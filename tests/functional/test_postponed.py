"""A volume that a service asked to delete while it was being made goes when it
is made, by Cinder's own code; every answer is still Cinder's.
"""

import pytest
from cinder import context, exception, objects
from cinder.db import api as db
from cinder.volume import rpcapi
from oslo_utils import timeutils
from webtest.app import TestRequest

from eic_plugins.middleware import cinder as cinder_filter
from eic_plugins.middleware.cinder_internals import Volumes
from eic_plugins.middleware.postponed import PostponedDeletions
from tests.functional.conftest import PROJECT, load_app
from tests.functional.test_cinder_filter import seen

SERVICE = '5d2a6b1e-7c5e-4c6e-9d3b-0c1f4a7f0d33'
HOST = 'lab@nfs#share'
OTHERS_PROJECT = 'f' * 32


def admin():
    return context.get_admin_context()


def make(status='creating', project=PROJECT, **fields):
    made = objects.Volume(
        admin(),
        size=1,
        status=status,
        host=HOST,
        project_id=project,
        user_id='user',
        attach_status='detached',
        use_quota=True,
        **fields,
    )
    made.create()
    return made.id


def become(volume_id, status):
    """As cinder-volume does it, which sent for the volume long ago."""
    volume = objects.Volume.get_by_id(admin(), volume_id)
    volume.status = status
    volume.service_uuid = SERVICE
    volume.save()


def status_of(volume_id):
    return objects.Volume.get_by_id(admin(), volume_id).status


def send(app, method, path, roles='service', **headers):
    request = TestRequest.blank(
        path,
        method=method,
        headers={
            'X-Auth-Token': f'user:{PROJECT}',
            'X-Service-Roles': roles,
            **headers,
        },
    )
    return app.do_request(request, expect_errors=True)


def delete(app, volume_id, **how):
    return send(app, 'DELETE', f'/v3/volumes/{volume_id}', **how)


@pytest.fixture(autouse=True)
def deleting(monkeypatch):
    """The deletions that Cinder casts to cinder-volume."""
    cast = []
    monkeypatch.setattr(
        rpcapi.VolumeAPI,
        'delete_volume',
        lambda _self, _context, volume, *_args: cast.append(volume.id),
    )
    yield cast
    for volume_id in Volumes().noted_deletions():
        Volumes().forget_deletion(volume_id)


@pytest.fixture(scope='module')
def worker(cinder_conf):
    """What looks after them, in no thread but when a test says so."""
    return PostponedDeletions(Volumes(), start=lambda _work: None)


@pytest.fixture(scope='module')
def filtered_app(cinder_conf, worker):
    """As conftest's, with that worker."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            cinder_filter, 'PostponedDeletions', lambda _cinder, **_more: worker
        )
        return load_app(
            cinder_conf,
            'postponed',
            lambda pipeline: pipeline.replace('authtoken keystonecontext', 'noauth'),
        )


@pytest.mark.parametrize('before', ['creating', 'downloading'])
@pytest.mark.parametrize('end', ['available', 'error'])
@pytest.mark.parametrize('path', ['/v3/volumes', f'/v3/{PROJECT}/volumes'])
def test_it_goes_when_it_is_made(before, end, path, filtered_app, worker, deleting):
    volume_id = make(before)
    assert send(filtered_app, 'DELETE', f'{path}/{volume_id}').status_int == 400
    worker.look()
    assert (status_of(volume_id), deleting) == (before, [])
    become(volume_id, end)
    worker.look()
    assert (status_of(volume_id), deleting) == ('deleting', [volume_id])
    assert volume_id not in Volumes().noted_deletions()


def test_it_goes_without_the_filter_never(plain_app, deleting):
    volume_id = make()
    assert delete(plain_app, volume_id).status_int == 400
    become(volume_id, 'available')
    assert (status_of(volume_id), deleting) == ('available', [])


@pytest.mark.parametrize(
    'status', ['creating', 'downloading', 'available', 'in-use', 'deleting', 'error']
)
@pytest.mark.parametrize('roles', ['service', 'member'])
def test_every_answer_is_cinders(status, roles, plain_app, filtered_app, worker):
    alone, behind = make(status), make(status)
    assert seen(delete(filtered_app, behind, roles=roles)) == seen(
        delete(plain_app, alone, roles=roles)
    )
    assert status_of(behind) == status_of(alone)


def test_the_comparison_is_not_of_refusals_alone(filtered_app, worker):
    answers = [
        delete(filtered_app, make(status)).status_int
        for status in ('creating', 'available')
    ]
    assert answers == [400, 202]


@pytest.mark.parametrize('roles', ['', 'member', 'admin', 'reader,member'])
def test_one_that_a_user_asked_for_stays(roles, filtered_app, worker, deleting):
    volume_id = make()
    assert delete(filtered_app, volume_id, roles=roles).status_int == 400
    become(volume_id, 'available')
    worker.look()
    assert (status_of(volume_id), deleting) == ('available', [])


@pytest.mark.parametrize(
    ('path', 'headers'),
    [
        ('/v3/volumes/{id}?force=maybe', {'OpenStack-API-Version': 'volume 3.23'}),
        (f'/v3/{OTHERS_PROJECT}/volumes/{{id}}', {}),
        ('/v3/volumes/{id}', {'OpenStack-API-Version': 'volume x'}),
    ],
)
def test_a_refusal_for_another_reason_asks_for_nothing(
    path, headers, filtered_app, worker, deleting
):
    volume_id = make()
    answer = send(filtered_app, 'DELETE', path.format(id=volume_id), **headers)
    assert answer.status_int == 400
    become(volume_id, 'available')
    worker.look()
    assert (status_of(volume_id), deleting) == ('available', [])


def test_another_projects_volume_is_not_to_be_had(
    filtered_app, worker, deleting, monkeypatch
):
    """Nova never asks so; a user would ask through Nova."""
    volume_id = make(project=OTHERS_PROJECT)
    # Without Keystone everybody is an admin.
    monkeypatch.setattr(
        'cinder.api.middleware.auth.context.RequestContext.from_environ',
        _as_member(context.RequestContext.from_environ),
    )
    assert delete(filtered_app, volume_id).status_int == 404
    become(volume_id, 'available')
    worker.look()
    assert (status_of(volume_id), deleting) == ('available', [])


def _as_member(from_environ):
    def as_member(environ, **kwargs):
        return from_environ(
            environ, **{**kwargs, 'is_admin': False, 'roles': ['member']}
        )

    return as_member


def rename(volume_id):
    db.volume_update(admin(), volume_id, {'display_name': 'mine'})


def give_away(volume_id):
    db.volume_update(admin(), volume_id, {'project_id': OTHERS_PROJECT})


def attach_and_detach(volume_id):
    attachment = db.volume_attach(
        admin(),
        {'volume_id': volume_id, 'attach_status': 'attached', 'instance_uuid': SERVICE},
    )
    db.volume_detached(admin(), volume_id, attachment['id'])


@pytest.mark.parametrize('use', [rename, give_away, attach_and_detach])
def test_one_that_somebody_does_something_with_stays(
    use, filtered_app, worker, deleting
):
    volume_id = make()
    delete(filtered_app, volume_id)
    become(volume_id, 'available')
    use(volume_id)
    worker.look()
    assert (status_of(volume_id), deleting) == ('available', [])
    assert volume_id not in Volumes().noted_deletions()


def test_one_with_a_snapshot_stays(filtered_app, worker, deleting):
    volume_id = make()
    delete(filtered_app, volume_id)
    become(volume_id, 'available')
    db.snapshot_create(
        admin(),
        {
            'volume_id': volume_id,
            'status': 'available',
            'project_id': PROJECT,
            'user_id': 'user',
            'volume_size': 1,
            'volume_type_id': (
                objects.Volume.get_by_id(admin(), volume_id).volume_type_id
            ),
        },
    )
    worker.look()
    assert (status_of(volume_id), deleting) == ('available', [])


def test_a_driver_that_saves_admin_metadata_does_not_undo_it(
    filtered_app, worker, deleting
):
    """As those on NFS do: any other row of that table is gone then."""
    volume_id = make()
    volume = objects.Volume.get_by_id(
        context.RequestContext('user', PROJECT, is_admin=False), volume_id
    )
    assert delete(filtered_app, volume_id).status_int == 400
    db.volume_admin_metadata_update(admin(), volume_id, {'ordinary': 'row'}, False)
    volume.admin_metadata['format'] = 'raw'
    with volume.obj_as_admin():
        volume.save()
    become(volume_id, 'available')
    assert db.volume_admin_metadata_get(admin(), volume_id) == {'format': 'raw'}
    PostponedDeletions(Volumes()).look()
    assert deleting == [volume_id]


def test_nobody_sees_or_changes_it_through_the_api(filtered_app, worker):
    volume_id = make()
    delete(filtered_app, volume_id)
    shown = send(filtered_app, 'GET', f'/v3/volumes/{volume_id}').text
    assert 'eic' not in shown
    assert db.volume_admin_metadata_get(admin(), volume_id) == {}
    Volumes().forget_deletion(volume_id)


def test_it_is_purged_with_its_volume(filtered_app, worker, monkeypatch):
    volume_id = make()
    delete(filtered_app, volume_id)
    db.volume_destroy(admin(), volume_id)
    later = timeutils.utcnow().replace(year=timeutils.utcnow().year + 1)
    monkeypatch.setattr(timeutils, 'utcnow', lambda *_args: later)
    db.purge_deleted_rows(admin(), 1)
    assert volume_id not in Volumes().noted_deletions()
    with pytest.raises(exception.VolumeNotFound):
        objects.Volume.get_by_id(
            context.get_admin_context(read_deleted='yes'), volume_id
        )


def test_one_that_no_service_of_cinders_has_yet_is_not_made(
    filtered_app, worker, deleting
):
    volume_id = make()
    delete(filtered_app, volume_id)
    db.volume_update(admin(), volume_id, {'status': 'available'})
    worker.look()
    assert deleting == []
    become(volume_id, 'available')
    worker.look()
    assert deleting == [volume_id]


def test_an_error_of_ours_is_not_the_services(
    plain_app, filtered_app, worker, monkeypatch
):
    def broken(*_args):
        raise OSError('the database went away')

    one, two = make(), make()
    monkeypatch.setattr(Volumes, 'states', broken)
    assert seen(delete(filtered_app, one)) == seen(delete(plain_app, two))


class Keys:
    """A key manager that wants a token, as Barbican does."""

    def __init__(self):
        self.deleted = []

    def delete(self, asking, key_id):
        if not asking.auth_token:
            raise ValueError('who is that?')
        self.deleted.append((asking.user_id, key_id))


@pytest.fixture
def keys(monkeypatch):
    found = Keys()
    monkeypatch.setattr('cinder.volume.api.key_manager.API', lambda _conf: found)
    return found


def ask_with_token(app, volume_id, expires):
    request = TestRequest.blank(
        f'/v3/volumes/{volume_id}',
        method='DELETE',
        headers={'X-Auth-Token': f'user:{PROJECT}', 'X-Service-Roles': 'service'},
    )
    request.environ['keystone.token_info'] = {'token': {'expires_at': expires}}
    assert app.do_request(request, expect_errors=True).status_int == 400


def test_an_encrypted_volume_goes_with_its_key_as_who_asked(
    filtered_app, worker, deleting, keys
):
    volume_id = make(encryption_key_id=SERVICE)
    ask_with_token(filtered_app, volume_id, '2100-01-01T00:00:00.000000Z')
    become(volume_id, 'available')
    worker.look()
    assert (status_of(volume_id), deleting) == ('deleting', [volume_id])
    assert keys.deleted == [('user', SERVICE)]


@pytest.mark.parametrize('expires', ['2020-01-01T00:00:00.000000Z', 'never', None, 7])
def test_without_a_token_an_encrypted_volume_stays_as_it_is(
    expires, filtered_app, worker, deleting, keys
):
    """Cinder itself would leave it in error_deleting."""
    volume_id = make(encryption_key_id=SERVICE)
    ask_with_token(filtered_app, volume_id, expires)
    become(volume_id, 'available')
    worker.look()
    assert (status_of(volume_id), deleting, keys.deleted) == ('available', [], [])


def test_after_a_restart_an_encrypted_volume_stays_as_it_is(
    filtered_app, worker, deleting, keys
):
    volume_id = make(encryption_key_id=SERVICE)
    ask_with_token(filtered_app, volume_id, '2100-01-01T00:00:00.000000Z')
    become(volume_id, 'available')
    PostponedDeletions(Volumes()).look()
    assert (status_of(volume_id), deleting, keys.deleted) == ('available', [], [])
