"""A request that brings metadata keeps exactly that, and its owner still reads
the outcome through Cinder's own API.
"""

import pytest
from cinder import context, exception, objects
from cinder.db import api as db
from oslo_config import cfg
from webtest.app import TestRequest

from eic_plugins import config
from eic_plugins.cli.explain_volume import explain_volume as explain
from eic_plugins.model import Outcome, Reason, Refusal
from eic_plugins.volume.metrics import Metrics
from tests.functional.conftest import PROJECT
from tests.functional.glance_stub import IMAGE

OUTCOME = Outcome(
    'copy_offload', (Refusal.of_route('cached', Reason.NOT_CACHED),), 0.4, 1024
)
PROPERTIES = {'os_distro': 'debian', 'eic_boot_from_volume': 'true'}
OWN = {'managed-by': 'terraform', 'tier': 'gold'}


def image_meta(**properties):
    return {
        'id': IMAGE,
        'name': 'i',
        'size': 1024,
        'disk_format': 'raw',
        'properties': {**PROPERTIES, **properties},
    }


def as_owner():
    return context.RequestContext('user', PROJECT, is_admin=False)


@pytest.fixture
def recorder(cinder_conf):
    # They want Cinder's objects to be registered.
    from eic_plugins.volume.from_image import outcomes  # noqa: PLC0415

    config.register(cfg.CONF)
    return outcomes.OutcomeRecorder(db, 'lab@nfs', Metrics('nfs', None))


def make(recorder, metadata, meta=None):
    """A volume from an image, in the order of Cinder's manager."""
    from cinder.volume import volume_utils  # noqa: PLC0415

    from eic_plugins.volume.from_image.outcomes import CREATED, Event  # noqa: PLC0415

    meta = meta or image_meta()
    volume = objects.Volume(
        as_owner(),
        size=1,
        status='creating',
        host='lab@nfs#p',
        project_id=PROJECT,
        user_id='user',
        metadata=metadata,
    )
    volume.create()
    recorder.record(
        as_owner(),
        Event(CREATED, volume, IMAGE, 'p', OUTCOME, tuple(meta['properties'])),
    )
    db.volume_glance_metadata_bulk_create(
        as_owner(), volume.id, volume_utils.get_volume_image_metadata(IMAGE, meta)
    )
    volume.status = 'available'
    volume.save()
    return volume.id


def show(app, volume_id):
    request = TestRequest.blank(
        f'/v3/volumes/{volume_id}', headers={'X-Auth-Token': f'user:{PROJECT}'}
    )
    return app.do_request(request).json['volume']


def test_metadata_of_the_requests_own_are_exactly_that(recorder, plain_app):
    volume = show(plain_app, make(recorder, OWN))
    assert volume['metadata'] == OWN
    assert volume['volume_image_metadata'].items() >= PROPERTIES.items()
    assert 'Route copy_offload: ' in list(explain(volume))[1]


def test_without_any_the_outcome_is_in_the_metadata(recorder, plain_app):
    volume = show(plain_app, make(recorder, {}))
    assert volume['metadata'] == OUTCOME.to_metadata()
    assert 'eic_outcome' not in volume['volume_image_metadata']
    assert (
        list(explain(volume))[1:]
        == list(explain(show(plain_app, make(recorder, OWN))))[1:]
    )


def test_a_clone_does_not_tell_of_its_source(recorder, plain_app):
    source = make(recorder, OWN)
    clone = objects.Volume(
        as_owner(),
        size=1,
        status='available',
        project_id=PROJECT,
        user_id='user',
        source_volid=source,
    )
    clone.create()
    db.volume_glance_metadata_copy_from_volume_to_volume(as_owner(), source, clone.id)
    shown = show(plain_app, clone.id)
    assert 'eic_outcome' in shown['volume_image_metadata']
    assert 'It has no outcome' in list(explain(shown))[1]


def test_an_image_with_a_property_of_that_name_becomes_a_volume(recorder, plain_app):
    """Its volume would fail if there were a note, as the second half shows."""
    meta = image_meta(eic_outcome='made of a volume of EIC')
    volume = show(plain_app, make(recorder, OWN, meta))
    assert (volume['status'], volume['metadata']) == ('available', OWN)
    noted = make(recorder, OWN)
    with pytest.raises(exception.GlanceMetadataExists):
        db.volume_glance_metadata_bulk_create(as_owner(), noted, meta['properties'])


def test_the_operator_keeps_it_out_of_images_made_of_volumes(recorder, plain_app):
    from cinder.image import image_utils  # noqa: PLC0415

    kept = show(plain_app, make(recorder, OWN))['volume_image_metadata']
    cfg.CONF.set_override('reserved_image_namespaces', ['eic_outcome'])
    try:
        uploaded = image_utils.filter_out_reserved_namespaces_metadata(
            {'name': 'i', 'properties': kept}
        )
    finally:
        cfg.CONF.clear_override('reserved_image_namespaces')
    assert uploaded['properties'].items() >= PROPERTIES.items()
    assert 'eic_outcome' not in uploaded['properties']
