"""Cinder's internals that these tests use, where older releases have them otherwise."""

import inspect

from cinder.db import api as db

from eic_plugins.support import compat


def engine():
    """The engine of Cinder's database."""
    return compat.cinder_transactions().writer.get_engine()


def cached_entry(admin, volume, image_id, image, across):
    """What Cinder's image-volume cache finds for a volume.

    Up to Cinder 28 (2026.1) the cache is made for a driver that clones across pools,
    or for one that does not; from then on, it is asked so.
    """
    from cinder.image import cache  # noqa: PLC0415

    how = {'clone_across_pools': across}
    if 'clone_across_pools' in inspect.signature(cache.ImageVolumeCache).parameters:
        found = cache.ImageVolumeCache(db, None, **how)
        return found.get_entry(admin, volume, image_id, image)
    return cache.ImageVolumeCache(db, None).get_entry(
        admin, volume, image_id, image, **how
    )
