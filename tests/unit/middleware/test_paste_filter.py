"""Both filters take their options as oslo.middleware's filters do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from oslo_config import cfg

from eic_plugins import config
from eic_plugins.middleware import cinder, nova
from eic_plugins.middleware.paste_filter import PasteFilter, with_overrides

FILTERS = [cinder.CinderFilter, nova.NovaFilter]
# Without the database that a deletion is remembered in.
ALONE = {cinder.CinderFilter: {'postpone_deletions': 'no'}, nova.NovaFilter: {}}


class Bare(PasteFilter[None]):
    """A filter that is its options."""

    OPTIONS = config.CINDER_FILTER_OPTS


def application(
    _environ: dict[str, Any], start_response: Callable[..., Any]
) -> list[bytes]:
    start_response('200 OK', [])
    return [b'as it came']


@pytest.fixture
def conf() -> cfg.ConfigOpts:
    made = cfg.ConfigOpts()
    config.register(made)
    made([])
    return made


def test_the_paste_section_goes_before_cinder_conf(conf: cfg.ConfigOpts) -> None:
    options = with_overrides(conf, {'filter_budget': '0.25'}, config.CINDER_FILTER_OPTS)
    assert options['filter_budget'] == 0.25
    assert options['filter_lookups'] == 4


@pytest.mark.parametrize('kind', FILTERS)
@pytest.mark.parametrize(
    ('name', 'value', 'says'),
    [
        ('filter_budgte', '1', 'filter_budget'),
        ('filter_budget', 'fast', 'filter_budget = fast'),
        ('filter_lookups', '0', 'filter_lookups = 0'),
    ],
)
def test_a_wrong_paste_option_says_what_is_wrong(
    kind: type[Any], name: str, value: str, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        kind.factory({}, **{name: value})(application)


def test_what_stands_in_default_for_others_is_no_error() -> None:
    made = Bare.factory({'here': '/etc/cinder', 'debug': 'on'})(application)
    assert made.options()['filter_budget'] == 0.5


def test_options_are_those_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cfg, 'CONF', cfg.ConfigOpts())
    config.register(cfg.CONF)
    cfg.CONF([])
    cfg.CONF.set_override('filter_budget', 1.5, config.GROUP)
    assert Bare.factory({})(application).options()['filter_budget'] == 1.5


def test_options_may_be_read_for_the_filter_alone(tmp_path: Path) -> None:
    path = tmp_path / 'other.conf'
    path.write_text('[eic]\nfilter_budget = 2.5\nhold_limit = 3\n')
    made = Bare.factory(
        {},
        oslo_config_project='cinder',
        oslo_config_file=str(path),
        oslo_config_program='cinder-api',
        hold_limit='7',
    )(application)
    options = made.options()
    assert (options['filter_budget'], options['hold_limit']) == (2.5, 7)


@pytest.mark.parametrize('kind', FILTERS)
def test_a_filter_that_reads_its_own_configuration_passes_requests_on(
    kind: type[Any], tmp_path: Path
) -> None:
    path = tmp_path / 'other.conf'
    path.write_text('[glance]\nverify_glance_signatures = True\n')
    made = kind.factory(
        {}, oslo_config_project='x', oslo_config_file=str(path), breaker_failures='9'
    )(application)
    environ = {'REQUEST_METHOD': 'GET', 'PATH_INFO': '/volumes'}
    assert made(environ, lambda *_: None) == [b'as it came']


@pytest.mark.parametrize('kind', FILTERS)
@pytest.mark.parametrize(
    ('method', 'path'),
    [
        ('GET', '/volumes'),
        ('GET', '/servers'),
        ('POST', '/volumes/x/action'),
        ('POST', '/servers/x/action'),
        ('DELETE', '/servers/x'),
        ('PUT', '/volumes'),
    ],
)
def test_a_request_that_passes_is_handed_on_as_it_is(
    kind: type[Any], method: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is made of no request costs no request anything."""
    monkeypatch.setattr('webob.Request.__init__', lambda *_: pytest.fail('a request'))
    handed_on, answer = [], object()

    def behind(environ: dict[str, Any], start_response: Callable[..., Any]) -> object:
        handed_on.append((environ, start_response))
        return answer

    made = kind.factory({}, **ALONE[kind])(behind)
    environ = {'REQUEST_METHOD': method, 'PATH_INFO': path}
    before = dict(environ)
    assert made(environ, print) is answer
    assert handed_on == [(environ, print)]
    assert handed_on[0][0] is environ
    assert environ == before
