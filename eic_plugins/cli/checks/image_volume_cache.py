"""Checks of Cinder's own image-volume cache: on for other drivers, off for EIC's."""

from collections.abc import Iterator

from eic_plugins.cli.checks.facts import Facts
from eic_plugins.cli.checks.finding import Finding, failure, warning

_OPTION = 'image_volume_cache_enabled'
_SMALLEST = 10
"""GiB: smaller caps leave no room for an ordinary image."""
_TENANT = ('cinder_internal_tenant_project_id', 'cinder_internal_tenant_user_id')


def cache_internal_tenant(facts: Facts) -> Iterator[Finding]:
    """Where a backend has an image-volume cache, there is an internal tenant."""
    cinder = facts.cinder
    if not any(backend.get(_OPTION) for backend in facts.backends):
        return
    for option in _TENANT:
        if not cinder.get(option):
            yield failure(
                f'{option} is not set: Cinder makes no entry of its cache',
                remedy=f'set {option} in [DEFAULT] to the id of a project or user '
                'of its own: openstack project list, openstack user list',
            )


def cache_other_drivers(facts: Facts) -> Iterator[Finding]:
    """Backends of other drivers have Cinder's image-volume cache."""
    for backend in facts.backends:
        if not backend.of_ontap and not backend.get(_OPTION):
            yield warning(
                f"[{backend.name}] has neither EIC's driver nor an image-volume "
                'cache: each volume from an image is a download',
                backend.section.change(_OPTION, 'True'),
            )


def cache_of_eic(facts: Facts) -> Iterator[Finding]:
    """Backends of EIC's have no image-volume cache beside the cached images."""
    for backend in facts.eic_backends:
        if backend.get(_OPTION):
            yield warning(
                f"[{backend.name}] has EIC's driver and an image-volume cache: it "
                'is a second copy of each image, which serves nothing',
                backend.section.change(_OPTION, 'False', safe=True),
            )


def cache_caps(facts: Facts) -> Iterator[Finding]:
    """The caps of image-volume caches leave room for an image."""
    for backend in facts.backends:
        size = backend.get('image_volume_cache_max_size_gb')
        if backend.get(_OPTION) and not backend.kind and 0 < size < _SMALLEST:
            yield warning(
                f'image_volume_cache_max_size_gb of [{backend.name}] is {size}: '
                'larger images are not cached',
                backend.section.change('image_volume_cache_max_size_gb', '0'),
            )


def cinder_cache_cap(facts: Facts) -> Iterator[Finding]:
    """The cap of EIC's cached images leaves room for an image: cache_max_size_gb."""
    size = facts.cinder.get('cache_max_size_gb', 'eic')
    if 0 < size < _SMALLEST:
        yield warning(
            f'[eic] cache_max_size_gb is {size}: images whose disk is larger are not '
            'cached',
            facts.cinder.change('cache_max_size_gb', '0', 'eic'),
        )


def cinder_conversion(facts: Facts) -> Iterator[Finding]:
    """Images that are not raw can be converted: image_conversion_disable is off."""
    if facts.cinder.get('image_conversion_disable'):
        yield warning(
            'image_conversion_disable is on: volumes of images that are not raw fail',
            facts.cinder.change('image_conversion_disable', 'False'),
        )
