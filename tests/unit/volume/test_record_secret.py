"""The records' secret is the same on all hosts of a deployment."""

import logging
from typing import Any

import pytest
from oslo_config import cfg
from oslo_db import options as db_options

from eic_plugins import config
from eic_plugins.volume import record_secret

URL = 'mysql+pymysql://cinder:{}@db.example.org:3306/cinder?charset=utf8'


@pytest.fixture
def conf() -> Any:
    made = cfg.ConfigOpts()
    config.register(made)
    made.register_opts(db_options.database_opts, 'database')
    made([])
    return made


def test_what_is_configured_wins_and_the_first_one_seals(conf: Any) -> None:
    conf.set_override('record_secret', ['new', '', 'old'], 'eic')
    conf.set_override('connection', URL.format('s3cret'), 'database')
    assert record_secret.read(conf) == ('new', 'old')


@pytest.mark.parametrize(
    ('written', 'password'),
    [('s3cret', 's3cret'), ('a%40b%2Fc', 'a@b/c'), ('%C3%A4', 'ä')],
)
def test_without_it_the_databases_password_is_used(
    conf: Any, written: str, password: str
) -> None:
    conf.set_override('connection', URL.format(written), 'database')
    assert record_secret.read(conf) == (password,)


@pytest.mark.parametrize('host', ['db-1.example.org', 'db-2.example.org'])
def test_a_host_may_reach_the_database_by_another_name(conf: Any, host: str) -> None:
    conf.set_override(
        'connection', f'postgresql://other:s3cret@{host}/cinder', 'database'
    )
    assert record_secret.read(conf) == ('s3cret',)


@pytest.mark.parametrize(
    'url',
    [
        'sqlite:////var/lib/cinder/cinder.sqlite',
        'mysql://cinder@db/cinder',
        'mysql://cinder:@db/cinder',
        'no url at all',
    ],
)
def test_without_a_password_the_whole_connection_is(conf: Any, url: str) -> None:
    conf.set_override('connection', url, 'database')
    assert record_secret.read(conf) == (url,)


def test_with_neither_nothing_of_before_is_known_and_the_log_says_so(
    conf: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        first, second = record_secret.read(conf), record_secret.read(conf)
    assert first != second
    assert len(first[0]) >= 32
    assert 'record_secret' in caplog.text


def test_the_secret_is_in_no_log(conf: Any, caplog: pytest.LogCaptureFixture) -> None:
    conf.set_override('record_secret', ['hush-hush'], 'eic')
    with caplog.at_level(logging.DEBUG):
        record_secret.read(conf)
        conf.log_opt_values(logging.getLogger('test'), logging.DEBUG)
    assert 'hush-hush' not in caplog.text
    assert 'record_secret' in caplog.text
