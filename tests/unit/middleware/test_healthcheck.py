"""oslo.middleware's healthcheck tells how Glance and ONTAP were last seen."""

import gc
import json
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import webtest
from oslo_config import cfg
from paste import deploy

from eic_plugins.middleware.healthcheck import Healthcheck
from eic_plugins.middleware.remotes import Remote, Watched
from eic_plugins.volume.metrics import Metrics
from tests.unit.fake_clock import FakeClock

IMAGE = '2f0b9e1c-7c5e-4c6e-9d3b-0c1f4a7f0d11'
PASTE = """
[composite:main]
use = egg:Paste#urlmap
/ = api
/healthcheck = healthcheckapp

[pipeline:api]
pipeline = eic application

[app:application]
paste.app_factory = tests.unit.middleware.test_healthcheck:application_factory

[filter:eic]
paste.filter_factory = eic_plugins.middleware.{api}:filter_factory
oslo_config_project = {api}
oslo_config_file = {conf}
breaker_failures = 1

[app:healthcheckapp]
paste.app_factory = oslo_middleware:Healthcheck.app_factory
oslo_config_project = {api}
oslo_config_file = {conf}
backends = disable_by_file,eic
disable_by_file_path = {conf}.disabled
"""
# Nobody listens there.
CONF = """
[eic]
auth_type = none
glance_endpoint = http://127.0.0.1:1
glance_timeout = 5
filter_budget = 20
hold_requests = none
postpone_deletions = False
metrics_directory = {metrics}
"""


def application_factory(_global_conf: dict[str, Any], **_local_conf: Any) -> Any:
    """An API that says yes to everything."""

    def application(_environ: Any, start_response: Any) -> list[bytes]:
        start_response('202 Accepted', [('Content-Type', 'application/json')])
        return [b'{}']

    return application


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(1000.0)


def load(state: Path, api: str, more: str = '') -> webtest.TestApp:
    """A filter over an application, and the healthcheck beside it."""
    # The process has no filters of earlier tests any more.
    gc.collect()
    (state / 'metrics').mkdir(exist_ok=True)
    conf = state / f'{api}.conf'
    conf.write_text(CONF.format(metrics=state / 'metrics'))
    paste = state / 'paste.ini'
    paste.write_text(PASTE.format(api=api, conf=conf) + more)
    return webtest.TestApp(deploy.loadapp(f'config:{paste}', name='main'))


def ask(app: webtest.TestApp, **how: Any) -> webtest.TestResponse:
    return app.get('/healthcheck', headers={'Accept': 'text/plain'}, **how)


def create(app: webtest.TestApp) -> None:
    app.post_json('/v3/volumes', {'volume': {'size': 1, 'imageRef': IMAGE}})


def test_what_the_filter_of_the_process_has_seen_of_glance(tmp_path: Path) -> None:
    app = load(tmp_path, 'cinder')
    assert ask(app).text.splitlines() == [
        'OK',
        'EIC: Glance was not asked yet; ONTAP is not seen from here',
    ]
    create(app)
    answer = ask(app)
    assert answer.status_int == HTTPStatus.OK
    assert answer.text.splitlines() == [
        'OK',
        'EIC: Glance failed 0 s ago, not asked now for 1 project(s); '
        'ONTAP is not seen from here',
    ]


def test_the_healthcheck_itself_asks_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = load(tmp_path, 'cinder')
    monkeypatch.setattr('socket.socket.connect', lambda *_: pytest.fail('a call'))
    for _ in range(3):
        assert ask(app).status_int == HTTPStatus.OK


def test_for_monitoring_alone_it_may_be_503(tmp_path: Path) -> None:
    app = load(tmp_path, 'cinder', 'eic_report_only = False\n')
    assert ask(app).status_int == HTTPStatus.OK
    create(app)
    answer = ask(app, expect_errors=True)
    assert answer.status_int == HTTPStatus.SERVICE_UNAVAILABLE
    assert 'Glance failed' in answer.text


def test_in_nova_api_it_tells_of_cinder_too(tmp_path: Path) -> None:
    assert ask(load(tmp_path, 'nova')).text.splitlines()[1] == (
        'EIC: Cinder was not asked yet; Glance was not asked yet; '
        'ONTAP is not seen from here'
    )


def test_what_the_drivers_of_the_host_have_seen_of_ontap(tmp_path: Path) -> None:
    app = load(tmp_path, 'cinder', 'detailed = True\n')
    gold = Metrics('gold', tmp_path / 'metrics')
    silver = Metrics('silver', tmp_path / 'metrics')
    gold.ontap(answered=True)
    silver.ontap(answered=True)
    silver.ontap(answered=False)
    gold.write()
    silver.write()
    answer = app.get('/healthcheck', headers={'Accept': 'application/json'})
    (_, said) = json.loads(answer.text)['reasons']
    assert said['reason'] == (
        'EIC: Glance was not asked yet; ONTAP is in order for 1 of 2 backends'
    )
    assert said['details'] == (
        'Glance was not asked yet; '
        'ONTAP of backend gold answered 0 s ago; '
        'ONTAP of backend silver answered 0 s ago, failed 0 s ago'
    )


def test_names_of_backends_are_in_the_details_alone(tmp_path: Path) -> None:
    app = load(tmp_path, 'cinder')
    gold = Metrics('gold', tmp_path / 'metrics')
    gold.ontap(answered=True)
    gold.write()
    assert 'ONTAP is in order for 1 of 1 backends' in ask(app).text
    assert 'gold' not in ask(app).text


@pytest.mark.parametrize('content', [b'', b'\xff', b'eic_ontap{', b'other 5\n'])
def test_a_file_that_is_odd_says_nothing(tmp_path: Path, content: bytes) -> None:
    app = load(tmp_path, 'cinder')
    (tmp_path / 'metrics' / 'eic-gold.prom').write_bytes(content)
    assert 'ONTAP is not seen from here' in ask(app).text


def test_a_process_without_a_filter_says_so() -> None:
    conf = cfg.ConfigOpts()
    conf([])
    result = Healthcheck(conf, {}, Watched()).healthcheck(80)
    assert result.available
    assert result.reason == (
        'EIC: no filter of EIC is here; ONTAP is not seen from here'
    )


def remote(clock: FakeClock, failures: int = 2) -> Remote:
    return Remote('Glance', 'x', failures, 15.0, clock)


def test_a_remote_is_out_of_order_from_its_breaker_to_its_next_answer(
    clock: FakeClock,
) -> None:
    glance = remote(clock)
    glance.failed('p')
    assert glance.last_seen().in_order
    glance.failed('p')
    assert not glance.last_seen().in_order
    clock.now += 60
    assert str(glance.last_seen()) == 'Glance failed 60 s ago'
    assert not glance.last_seen().in_order
    glance.answered('another')
    assert glance.last_seen().in_order
    assert str(glance.last_seen()) == 'Glance answered 0 s ago, failed 60 s ago'


def test_what_fails_one_project_is_told_with_who_gets_answers(clock: FakeClock) -> None:
    glance = remote(clock, failures=1)
    glance.failed('theirs')
    clock.now += 1
    glance.answered('ours')
    seen = glance.last_seen()
    assert (seen.left_alone, seen.in_order) == (1, True)


def test_several_filters_of_a_process_are_one_report(clock: FakeClock) -> None:
    watched = Watched()
    one, two, three = remote(clock, 1), remote(clock, 1), remote(clock, 1)
    watched.add(one, two, three)
    one.failed('p')
    clock.now += 5
    (seen,) = watched.last_seen()
    assert (seen.answered, seen.failed, seen.in_order) == (None, 5, False)
    two.answered('p')
    clock.now += 5
    (seen,) = watched.last_seen()
    assert (seen.answered, seen.failed, seen.in_order) == (5, 10, True)


def test_a_filter_that_is_gone_is_watched_no_longer(clock: FakeClock) -> None:
    watched = Watched()
    watched.add(remote(clock))
    assert watched.last_seen() == []
