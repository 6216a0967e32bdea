"""Cinder's internals that these tests use, where older releases have them otherwise."""

import inspect

import oslo_messaging as messaging
from cinder import rpc
from cinder.db import api as db


def rpc_server(target, manager):
    """As ``rpc.get_server`` makes it in a process of threads.

    Up to Cinder 28 (2026.1) that is always eventlet's, and stands still for ever in a
    process that is not patched.
    """
    return messaging.get_rpc_server(
        rpc.TRANSPORT,
        target,
        [manager],
        executor='threading',
        serializer=rpc.RequestContextSerializer(None),
        access_policy=messaging.DefaultRPCAccessPolicy,
    )


def cached_entry(admin, volume, image_id, image, across):
    """What Cinder's image-volume cache finds for a volume.

    Up to Cinder 28 (2026.1) the cache is made for a driver that clones across pools,
    or for one that does not; from then on, it is asked so. Cinder 24 (2024.1) knows
    of none that does.
    """
    from cinder.image import cache  # noqa: PLC0415

    how = {'clone_across_pools': True} if across else {}
    if 'clone_across_pools' in inspect.signature(cache.ImageVolumeCache).parameters:
        found = cache.ImageVolumeCache(db, None, **how)
        return found.get_entry(admin, volume, image_id, image)
    return cache.ImageVolumeCache(db, None).get_entry(
        admin, volume, image_id, image, **how
    )
