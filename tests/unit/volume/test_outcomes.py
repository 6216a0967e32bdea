"""Every outcome is told in four places, and none of them can break a volume."""

import dataclasses
import io
import json
import logging
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import oslo_messaging
import pytest
from cinder import rpc
from cinder.api import common
from cinder.context import RequestContext
from oslo_config import cfg
from oslo_log import formatters
from oslo_log import log as oslo_log
from oslo_messaging.notify import _impl_test

from eic_plugins import config
from eic_plugins.engine import remedies
from eic_plugins.model import Outcome, Reason, Refusal
from eic_plugins.volume.from_image import outcomes
from eic_plugins.volume.from_image.outcomes import (
    CREATED,
    REIMAGED,
    Event,
    OutcomeRecorder,
)
from eic_plugins.volume.metrics import Metrics
from tests.unit.factories import IMAGE_ID
from tests.unit.manuals import ROOT

CONF = cfg.CONF
SCHEMA = json.loads((ROOT / 'etc/notifications/eic.volume-1.0.json').read_text())
FORMATS = jsonschema.FormatChecker()
VOLUME_ID = '7d3a3f0e-8f3b-4a43-9ad5-0a2c1f6f1c11'
POOL = '127.0.11.1:/tenants/gold'
HOST = 'lab-eic@eic-gold'
OUTCOME = Outcome(
    'copy_offload',
    (
        Refusal.of_route('cached', Reason.NOT_CACHED),
        Refusal.of_route('flexclone', Reason.OTHER_FLEXVOL, 'nfs://192.0.2.1/secret'),
    ),
    0.4121,
    1024,
)


class Volume(dict):
    metadata = None

    def obj_reset_changes(self, fields: Any) -> None:
        assert fields == ['metadata']


class Database:
    def __init__(self, fails: Any = False) -> None:
        self.fails = fails
        self.updates = []
        self.types = []

    def volume_metadata_update(
        self,
        context: Any,
        volume_id: Any,
        metadata: Any,
        delete: Any,
        meta_type: Any = common.METADATA_TYPES.user,
    ) -> Any:
        if self.fails:
            raise RuntimeError('database is away')
        self.updates.append((volume_id, metadata, delete))
        self.types.append(meta_type)
        return metadata


def event(
    what: Any = CREATED,
    outcome: Any = OUTCOME,
    metadata: Any = None,
    properties: Any = (),
) -> Any:
    volume = Volume(id=VOLUME_ID, project_id='tenant')
    volume.metadata = metadata
    return Event(what, volume, IMAGE_ID, POOL, outcome, properties)


@pytest.fixture
def request_context() -> Any:
    return RequestContext(
        'user',
        'tenant',
        is_admin=False,
        overwrite=False,
        request_id='req-of-this-volume',
    )


@pytest.fixture(autouse=True)
def conf() -> Iterator[Any]:
    config.register(CONF)
    # Registers [oslo_messaging_notifications], as Cinder's start does.
    oslo_messaging.get_notification_transport(CONF, url='fake:/')
    yield CONF
    CONF.reset()
    for name in ('record_outcome', 'notify_outcome'):
        CONF.clear_override(name, group=config.GROUP)


@pytest.fixture
def notifications(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """What Cinder's own notifier sent, through oslo.messaging's test driver."""
    for name in ('TRANSPORT', 'NOTIFICATION_TRANSPORT', 'NOTIFIER'):
        monkeypatch.setattr(rpc, name, None)
    CONF.set_override('driver', ['test'], 'oslo_messaging_notifications')
    CONF.set_override('transport_url', 'fake:/')
    rpc.init(CONF)
    _impl_test.reset()
    yield _impl_test.NOTIFICATIONS
    _impl_test.reset()
    CONF.clear_override('driver', 'oslo_messaging_notifications')
    CONF.clear_override('transport_url')


@pytest.fixture
def log() -> Iterator[Any]:
    """The log as Cinder's default format writes it."""
    if 'logging_context_format_string' not in CONF:
        oslo_log.register_options(CONF)
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(formatters.ContextFormatter(config=CONF))
    logger = outcomes.LOG.logger
    logger.addHandler(handler)
    before = logger.level
    logger.setLevel(logging.INFO)
    yield written
    logger.removeHandler(handler)
    logger.setLevel(before)


def recorder(database: Any = None, metrics: Any = None) -> Any:
    return OutcomeRecorder(
        database or Database(), HOST, metrics or Metrics('eic-gold', None)
    )


def test_one_log_line_says_it_all_with_the_requests_id(
    log: Any, request_context: Any
) -> None:
    recorder().record(request_context, event())
    (line,) = log.getvalue().splitlines()
    assert 'req-of-this-volume' in line
    assert (
        f'Volume {VOLUME_ID} of image {IMAGE_ID} in pool {POOL}: route '
        'copy_offload in 0.412 s, 1024 bytes kept off the host; refused: '
        'cached=not_cached,flexclone=other_flexvol'
    ) in line


def test_the_requests_id_is_right_though_the_thread_remembers_another(
    log: Any, request_context: Any
) -> None:
    def work() -> None:
        RequestContext(
            'other',
            'tenant',
            is_admin=False,
            request_id='req-of-another',
            overwrite=True,
        )
        recorder().record(request_context, event())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(30)
    assert 'req-of-this-volume' in log.getvalue()
    assert 'req-of-another' not in log.getvalue()


def test_the_outcome_is_added_to_the_metadata(request_context: Any) -> None:
    database = Database()
    recorder(database).record(request_context, event())
    assert database.updates == [(VOLUME_ID, OUTCOME.to_metadata(), False)]


def test_the_operator_may_keep_it_out_of_the_metadata(
    conf: Any, request_context: Any
) -> None:
    conf.set_override('record_outcome', 'never', config.GROUP)
    database = Database()
    recorder(database).record(request_context, event())
    recorder(database).record(request_context, event(metadata={'own': 'key'}))
    assert database.updates == []


@pytest.mark.parametrize('ours', [None, {}, OUTCOME.to_metadata()])
def test_what_an_earlier_attempt_recorded_is_no_metadata_of_the_requests(
    ours: dict[str, Any] | None, request_context: Any
) -> None:
    database = Database()
    recorder(database).record(request_context, event(metadata=ours))
    assert database.types == [common.METADATA_TYPES.user]


@pytest.mark.parametrize(
    'own',
    [
        {'own': 'key'},
        {'eic_precache_image': 'x'},
        {**OUTCOME.to_metadata(), 'own': 'key'},
    ],
)
def test_metadata_of_the_requests_own_stay_exactly_that(
    own: dict[str, Any], request_context: Any
) -> None:
    database = Database()
    told = event(metadata=own)
    recorder(database).record(request_context, told)
    assert told.volume.metadata == own
    assert database.updates == [
        (VOLUME_ID, {'eic_outcome': OUTCOME.to_note(VOLUME_ID)}, False)
    ]
    assert database.types == [common.METADATA_TYPES.image]


def test_the_operator_may_have_it_in_the_metadata_always(
    conf: Any, request_context: Any
) -> None:
    conf.set_override('record_outcome', 'always', config.GROUP)
    database = Database()
    recorder(database).record(request_context, event(metadata={'own': 'key'}))
    assert database.updates == [(VOLUME_ID, OUTCOME.to_metadata(), False)]
    assert database.types == [common.METADATA_TYPES.user]


@pytest.mark.parametrize(
    'name', ['eic_outcome', 'EIC_Outcome', 'eic_outcome ', '\u00e9ic_outcome']
)
def test_an_image_with_such_a_property_gets_no_note(
    name: str, request_context: Any
) -> None:
    """Cinder could not give the volume the image's property then."""
    database = Database()
    recorder(database).record(
        request_context, event(metadata={'own': 'key'}, properties=['os_distro', name])
    )
    assert database.updates == []


def test_a_reimaged_volume_gets_no_note_which_cinder_would_remove(
    request_context: Any,
) -> None:
    database = Database()
    recorder(database).record(request_context, event(REIMAGED, metadata={'own': 'key'}))
    assert database.updates == []


@pytest.mark.parametrize(
    ('what', 'event_type'),
    [(CREATED, 'eic.volume.created_from_image'), (REIMAGED, 'eic.volume.reimaged')],
)
def test_a_notification_has_the_reasons_and_no_detail_of_them(
    notifications: list[Any], request_context: Any, what: str, event_type: str
) -> None:
    recorder().record(request_context, event(what))
    ((context, message, priority, _retry),) = notifications
    assert (message['event_type'], message['publisher_id'], priority) == (
        event_type,
        f'volume.{HOST}',
        'INFO',
    )
    assert context['request_id'] == 'req-of-this-volume'
    assert message['payload'] == {
        'payload_version': '1.0',
        'volume_id': VOLUME_ID,
        'tenant_id': 'tenant',
        'image_id': IMAGE_ID,
        'pool': POOL,
        'route': 'copy_offload',
        'reasons': [
            {'route': 'cached', 'reason': 'not_cached'},
            {'route': 'flexclone', 'reason': 'other_flexvol'},
        ],
        'seconds': 0.412,
        'bytes_kept_off_host': 1024,
        'signature_verified': False,
    }
    assert 'secret' not in json.dumps(message)


@pytest.mark.parametrize('what', [CREATED, REIMAGED])
@pytest.mark.parametrize(
    'outcome', [OUTCOME, outcomes.left_to_cinder(Reason.FORMAT_NOT_RAW)]
)
def test_a_notification_is_as_its_schema_says(
    notifications: list[Any], request_context: Any, what: str, outcome: Outcome
) -> None:
    recorder().record(request_context, event(what, outcome))
    ((_context, message, _priority, _retry),) = notifications
    jsonschema.Draft202012Validator(SCHEMA, format_checker=FORMATS).validate(
        message['payload']
    )


def test_the_schema_refuses_what_is_not_so() -> None:
    payload = event().to_payload()
    checked = jsonschema.Draft202012Validator(SCHEMA, format_checker=FORMATS)
    for key in payload:
        assert not checked.is_valid({**payload, key: None})
        assert not checked.is_valid({k: v for k, v in payload.items() if k != key})
    assert not checked.is_valid({**payload, 'location': 'nfs://192.0.2.1/secret'})


def test_the_manual_has_each_key_of_the_schema() -> None:
    manual = (ROOT / 'docs/notifications.md').read_text()
    table = manual.partition('| Key |')[2].partition('\n\n')[0]
    in_first_column = ' '.join(row.split('|')[1] for row in table.splitlines()[1:])
    assert set(re.findall(r'`(\w+)`', in_first_column)) == set(SCHEMA['properties'])
    version = SCHEMA['properties']['payload_version']['const']
    assert version == outcomes.PAYLOAD_VERSION
    assert f'eic.volume-{version}.json' in manual


def test_the_operator_may_turn_notifications_off(
    conf: Any, notifications: list[Any], request_context: Any
) -> None:
    conf.set_override('notify_outcome', False, config.GROUP)
    recorder().record(request_context, event())
    assert notifications == []


def test_the_outcome_is_in_the_metrics(tmp_path: Path, request_context: Any) -> None:
    recorder(metrics=Metrics('eic-gold', tmp_path)).record(request_context, event())
    assert 'eic_volumes_total{' in (tmp_path / 'eic-eic-gold.prom').read_text()


class BrokenMetrics:
    def record(self, pool: Any, outcome: Any) -> None:
        raise RuntimeError('out of numbers')


def test_no_place_that_is_broken_breaks_the_volume_or_the_other_places(
    log: Any, monkeypatch: pytest.MonkeyPatch, request_context: Any
) -> None:
    def no_notifier(*_args: Any) -> None:
        raise RuntimeError('no broker')

    monkeypatch.setattr(rpc, 'get_notifier', no_notifier)
    recorder(Database(fails=True), BrokenMetrics()).record(request_context, event())
    told, *broken = log.getvalue().splitlines()
    assert 'route copy_offload' in told
    assert [line.rpartition(': ')[2] for line in broken] == [
        'database is away',
        'no broker',
        'out of numbers',
    ]
    assert all('req-of-this-volume' in line for line in broken)


def test_where_no_route_could_help_the_log_says_what_to_do(
    log: Any, request_context: Any
) -> None:
    found = outcomes.left_to_cinder(Reason.PERMISSION_DENIED)
    recorder().record(request_context, dataclasses.replace(event(), outcome=found))
    _, advice = log.getvalue().splitlines()
    assert 'req-of-this-volume' in advice
    assert remedies.remedy(Reason.PERMISSION_DENIED) in advice
    assert remedies.anchor(Reason.PERMISSION_DENIED) in advice
