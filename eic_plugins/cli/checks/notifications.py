"""Checks of notifications, by which precaching follows Glance at once."""

from collections.abc import Iterator

from eic_plugins.cli.checks import product
from eic_plugins.cli.checks.facts import Facts
from eic_plugins.cli.checks.finding import Finding, failure, warning

_SECTION = 'oslo_messaging_notifications'
_SENDING = {'messaging', 'messagingv2'}


def notifications_sent(facts: Facts) -> Iterator[Finding]:
    """Where cinder-volume listens to Glance's notifications, Glance sends them."""
    if not _listens(facts):
        return
    drivers = set(facts.glance.get('driver', _SECTION))
    if not drivers & _SENDING:
        yield failure(
            'cinder.conf has precache_notifications, and Glance sends no '
            'notifications: pools follow after precache_interval alone',
            facts.glance.change('driver', 'messagingv2', _SECTION),
        )


def notifications_topics(facts: Facts) -> Iterator[Finding]:
    """Glance notifies on a topic that cinder-volume listens to."""
    if not _listens(facts):
        return
    listened = facts.cinder.get('notification_topics', product.EIC_SECTION)
    sent = facts.glance.get('topics', _SECTION)
    if not {*listened} & {*sent}:
        yield failure(
            f'Glance notifies on {",".join(sent)}, and cinder-volume listens to '
            f'{",".join(listened)}',
            facts.cinder.change(
                'notification_topics', ','.join(sent), product.EIC_SECTION, safe=True
            ),
        )


def notifications_retry(facts: Facts) -> Iterator[Finding]:
    """Glance does not wait for ever for a message bus that is down: retry."""
    drivers = set(facts.glance.get('driver', _SECTION))
    if drivers & _SENDING and facts.glance.get('retry', _SECTION) < 0:
        yield warning(
            'Glance repeats a notification for ever (retry): its requests wait for '
            'a message bus that is down',
            facts.glance.change('retry', '3', _SECTION),
        )


def _listens(facts: Facts) -> bool:
    return bool(facts.cinder.get('precache_notifications', product.EIC_SECTION))
