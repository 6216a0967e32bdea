"""Checks that option names and values are ones that the services know."""

from collections.abc import Iterator

from eic_plugins.cli.checks import product
from eic_plugins.cli.checks.configuration import Configuration, likely
from eic_plugins.cli.checks.facts import Facts
from eic_plugins.cli.checks.finding import Finding, NotSeenError, failure, warning


def cinder_values(facts: Facts) -> Iterator[Finding]:
    """Each value in cinder.conf that EIC reads is of its type."""
    cinder = facts.cinder
    backends = facts.backends  # registers their options
    del backends
    return _bad_values(cinder)


def nova_values(facts: Facts) -> Iterator[Finding]:
    """Each value in nova.conf that EIC reads is of its type."""
    return _bad_values(facts.nova)


def glance_values(facts: Facts) -> Iterator[Finding]:
    """Each value in glance-api.conf that matters to EIC is of its type."""
    glance = facts.glance
    stores = facts.stores  # registers their options
    del stores
    return _bad_values(glance)


def cinder_eic_options(facts: Facts) -> Iterator[Finding]:
    """Each option of [eic] in cinder.conf exists."""
    return _unknown_options(facts.cinder)


def nova_eic_options(facts: Facts) -> Iterator[Finding]:
    """Each option of [eic] in nova.conf exists."""
    return _unknown_options(facts.nova)


def _bad_values(configuration: Configuration) -> Iterator[Finding]:
    for bad in configuration.bad_values():
        yield failure(
            f'[{bad.section}] {bad.option} has no valid value: the service does not '
            'start, or takes the default',
            configuration.change(bad.option, None, bad.section),
            remedy='or give it a valid value',
        )


def _unknown_options(configuration: Configuration) -> Iterator[Finding]:
    section = product.EIC_SECTION
    auth_type = configuration.get('auth_type', section)
    try:
        known = product.eic_option_names(auth_type)
    except ValueError as err:
        raise NotSeenError(
            f'which options [{section}] may have: {err}',
            "run eic with the Python of the service's own environment",
        ) from err
    for option in configuration.options_of(section):
        if option.replace('-', '_') in known:
            continue
        meant = likely(option, known)
        yield warning(
            f'[{section}] {option} is no option of EIC: nothing reads it'
            + (f'; is {meant} meant?' if meant else ''),
            configuration.change(option, None, section, safe=True),
            remedy=f'write {meant}, with that value, in its place' if meant else '',
        )
