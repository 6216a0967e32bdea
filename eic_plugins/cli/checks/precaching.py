"""Checks of what is to be precached: options whose value only the drivers read."""

from collections.abc import Callable, Iterator

from eic_plugins.cli.checks import product
from eic_plugins.cli.checks.facts import Facts
from eic_plugins.cli.checks.finding import Finding, failure, warning
from eic_plugins.precache.families import parse_family
from eic_plugins.precache.precache_rules import parse_image

_FAMILIES = 'precache_families'
_IMAGES = 'precache_images'


def precache_images(facts: Facts) -> Iterator[Finding]:
    """Each line of [eic] precache_images names an image."""
    return _unread(facts, _IMAGES, parse_image)


def precache_families(facts: Facts) -> Iterator[Finding]:
    """Each line of [eic] precache_families is a family, and something follows it."""
    yield from _unread(facts, _FAMILIES, parse_family)
    section = product.EIC_SECTION
    followed = facts.cinder.get('precache_interval', section) or facts.cinder.get(
        'precache_notifications', section
    )
    if facts.cinder.get(_FAMILIES, section) and not followed:
        yield warning(
            '[eic] precache_interval is 0 and precache_notifications is off: '
            'nothing follows precache_families',
            facts.cinder.change('precache_interval', '600', section),
        )


def _unread(
    facts: Facts, option: str, parse: Callable[[str], object]
) -> Iterator[Finding]:
    for line in facts.cinder.get(option, product.EIC_SECTION):
        try:
            parse(line)
        except ValueError as err:
            yield failure(
                f'a line is left out: {err}',
                remedy=f'correct the line {option} = {line}, or remove it',
            )
