"""The filter in cinder-api counts what it does, and nothing that a user wrote."""

from collections.abc import Callable
from pathlib import Path

import pytest

from eic_plugins.middleware import metrics
from eic_plugins.support.metrics import worker
from tests.functional.glance_stub import IMAGE, INVISIBLE
from tests.functional.test_cinder_filter import FORGED, HINTS, send, volume
from tests.functional.test_hold import becomes, create  # noqa: F401 - a fixture
from tests.worker_counts import Series, counted, more


@pytest.fixture
def counts(cinder_conf: Path) -> Callable[[], dict[Series, float]]:
    """What was counted since the test began."""

    def read() -> dict[Series, float]:
        worker.shared('cinder-api', str(cinder_conf), metrics.OF_CINDER).write()
        return counted(cinder_conf, 'cinder-api')

    before = read()
    return lambda: more(before, read())


def test_a_request_that_gets_a_hint_counts_as_that(
    filtered_app, glance, scheduled, counts
):
    send(filtered_app, volume())
    assert counts() == {
        ('eic_image_requests_total', 'hint_added'): 1,
        ('eic_lookups_total', 'answered'): 1,
        ('eic_lookup_seconds_count',): 1,
    }


def test_a_forged_hint_is_counted_and_not_shown(
    filtered_app, glance, scheduled, counts, cinder_conf
):
    body = volume()
    body[HINTS] = {'eic': FORGED}
    send(filtered_app, body)
    assert counts()['eic_forged_hints_total',] == 1
    shown = ''.join(path.read_text() for path in cinder_conf.glob('*.prom'))
    assert 'forged"' not in shown
    assert '6.6.6.6' not in shown
    assert IMAGE not in shown


def test_a_request_of_an_image_that_is_not_there_counts(
    filtered_app, glance, scheduled, counts
):
    send(filtered_app, volume(imageRef=INVISIBLE))
    found = counts()
    assert len([series for series in found if series[0] == 'eic_lookups_total']) == 1
    assert len([each for each in found if each[0] == 'eic_image_requests_total']) == 1
    assert ('eic_image_requests_total', 'hint_added') not in found


def test_what_is_no_volume_from_an_image_counts_nothing(
    filtered_app, scheduled, counts
):
    send(filtered_app, {'volume': {'size': 1}})
    send(filtered_app, None, path='/v3/volumes/detail', method='GET')
    assert counts() == {}


@pytest.mark.parametrize('status', ['available', 'error'])
def test_a_held_answer_counts_by_how_it_ended(
    status,
    filtered_app,
    becomes,
    counts,
):
    becomes(status)
    create(filtered_app)
    assert counts()['eic_hold_seconds_count', status] == 1


def test_an_error_of_the_filter_counts(filtered_app, scheduled, counts, monkeypatch):
    def fail(*_arguments):
        raise ZeroDivisionError

    monkeypatch.setattr('eic_plugins.middleware.scheduler_hints.volume_in', fail)
    assert send(filtered_app, volume()).status_int == 202
    assert counts() == {('eic_filter_errors_total',): 1}
