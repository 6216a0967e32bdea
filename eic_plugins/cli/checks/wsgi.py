"""Checks of how cinder-api and nova-api are served: with threads."""

import configparser
from collections.abc import Iterator
from pathlib import Path

from eic_plugins.cli.checks import product
from eic_plugins.cli.checks.configuration import Configuration
from eic_plugins.cli.checks.facts import Facts
from eic_plugins.cli.checks.finding import (
    Change,
    Finding,
    NotSeenError,
    failure,
    warning,
)

_PATTERN = '*uwsgi*.ini'
_TRUE = {'true', '1', 'yes', 'on'}
_MANY = '16'
_SECTION = 'uwsgi'


def cinder_wsgi_threads(facts: Facts) -> Iterator[Finding]:
    """uWSGI has threads enabled for cinder-api, without which no look-up ends."""
    return _enabled(facts.cinder, 'cinder')


def nova_wsgi_threads(facts: Facts) -> Iterator[Finding]:
    """uWSGI has threads enabled for nova-api, without which no look-up ends."""
    return _enabled(facts.nova, 'nova')


def cinder_hold_threads(facts: Facts) -> Iterator[Finding]:
    """A worker of cinder-api has more threads than it holds answers: hold_limit."""
    if facts.cinder.get('hold_requests', product.EIC_SECTION) == 'none':
        return
    limit = facts.cinder.get('hold_limit', product.EIC_SECTION)
    for path, options in _servers(facts.cinder, 'cinder'):
        threads = int(options.get('threads', '1') or 1)
        if threads == 1:
            yield warning(
                f'{path} gives a worker one thread: no answer is held, and Nova '
                'learns three seconds later that a volume is there',
                Change(str(path), _SECTION, 'threads', _MANY),
            )
        elif threads <= limit:
            yield warning(
                f'a worker of cinder-api has {threads} threads ({path}), and may hold '
                f'{limit} answers: none is left for other requests',
                facts.cinder.change(
                    'hold_limit', str(threads // 2), product.EIC_SECTION
                ),
            )


def _enabled(configuration: Configuration, service: str) -> Iterator[Finding]:
    for path, options in _servers(configuration, service):
        if options.get('enable-threads', '').lower() in _TRUE:
            continue
        if int(options.get('threads', '1') or 1) > 1:
            continue
        yield failure(
            f'{path} does not enable threads: the look-up of an image never ends',
            Change(str(path), _SECTION, 'enable-threads', 'true', safe=True),
        )


def _servers(
    configuration: Configuration, service: str
) -> list[tuple[Path, dict[str, str]]]:
    found = []
    for path in configuration.beside(_PATTERN):
        parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
        try:
            parser.read_string(path.read_text())
        except (OSError, ValueError, configparser.Error) as err:
            raise NotSeenError(f'{path} cannot be read: {type(err).__name__}') from err
        if parser.has_section(_SECTION):
            options = {k: v or '' for k, v in parser.items(_SECTION)}
            found.append((path, options))
    if not found:
        raise NotSeenError(
            f'no uWSGI file beside the configuration of {service}',
            f'see that the server of {service}-api gives a worker several threads',
        )
    return found
