"""Checks of nova.conf beside its filter and its tokens."""

from collections.abc import Iterator

from eic_plugins.cli.checks import product
from eic_plugins.cli.checks.facts import Facts
from eic_plugins.cli.checks.finding import Finding, failure, warning

_RETRIES = 'block_device_allocate_retries'
_INTERVAL = 'block_device_allocate_retries_interval'
_CLONE = 60
"""Seconds that are left for the clone when a fill is not waited for any more."""


def nova_patience(facts: Facts) -> Iterator[Finding]:
    """Nova waits longer for a volume than EIC does for its image."""
    nova = facts.nova
    interval = max(1, nova.get(_INTERVAL))
    waits = nova.get(_RETRIES) * interval
    fills = facts.cinder.get('fill_wait_timeout', product.EIC_SECTION)
    if waits < fills + _CLONE:
        retries = -(-(fills + _CLONE) // interval)
        yield warning(
            f'Nova waits {waits} s for a volume ({_RETRIES} times {_INTERVAL}), and '
            f'cinder-volume up to {fills} s for an image that another volume fetches '
            '(fill_wait_timeout), before it begins a download',
            nova.change(_RETRIES, str(retries), safe=True),
        )


def nova_hold_timeout(facts: Facts) -> Iterator[Finding]:
    """An answer of cinder-api is held for less time than Nova waits: hold_budget."""
    held = facts.cinder.get('hold_budget', product.EIC_SECTION)
    waits = facts.nova.get('timeout', 'cinder')
    if waits and held >= waits:
        yield failure(
            f'cinder-api may hold an answer for {held:g} s (hold_budget), and Nova '
            f'gives up after {waits} s ([cinder] timeout)',
            facts.cinder.change('hold_budget', f'{waits / 2:g}', product.EIC_SECTION),
        )
