"""Checks of what is installed in this Python."""

import importlib.metadata
from collections.abc import Iterator

from eic_plugins.cli.checks.facts import Facts
from eic_plugins.cli.checks.finding import Finding, NotSeenError, failure, warning

SUPPORTED = {'cinder': (26, 29), 'glance': (30, 33), 'nova': (31, 34)}
"""The first and the last release of each service that is tested."""
BEST_EFFORT = {'cinder': 24, 'glance': 28, 'nova': 29}
"""The first release of each service that is tested in part: 2024.1's."""
PLUGINS = {
    'cinder.scheduler.weights': 'EICImageLocalityWeigher',
    'keystoneauth1.plugin': 'eic_shared_password',
}


def openstack_versions(facts: Facts) -> Iterator[Finding]:
    """The releases of Cinder, Nova and Glance are ones that EIC is tested with."""
    del facts
    seen = False
    for name, (first, last) in SUPPORTED.items():
        release = _release(name)
        if release is None:
            continue
        seen = True
        major = int(release.partition('.')[0])
        if BEST_EFFORT[name] <= major < first:
            yield warning(
                f'{name} {release} is older than {first}: EIC is tested with it in '
                'part, and supports it as far as it goes',
                remedy='read "2024.1 and 2024.2" in docs/compatibility.md, or upgrade '
                f'{name}',
            )
        elif major < first:
            yield failure(
                f'{name} {release} is older than {first}, the oldest release that EIC '
                'is tested with',
                remedy=f'upgrade {name}',
            )
        elif major > last:
            yield warning(
                f'{name} {release} is newer than {last}, the newest release that EIC '
                'is tested with',
                remedy='look for a newer eic-plugins',
            )
    if not seen:
        raise NotSeenError(
            'neither Cinder nor Nova nor Glance is installed in this Python',
            "run eic with the Python of the services' own environment",
        )


def plugins_installed(facts: Facts) -> Iterator[Finding]:
    """Cinder's scheduler and keystoneauth find EIC's plugins."""
    del facts
    for group, name in PLUGINS.items():
        if not importlib.metadata.entry_points(group=group, name=name):
            yield failure(
                f'the entry point {name} of {group} is missing',
                remedy='install eic-plugins again, into the Python of the services',
            )


def _release(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
