"""Cinder's own flow of a volume from an image, around a driver in this process."""

import types
from typing import Any

from tests.contract.images import Glance, Image


def create(
    driver: Any, context: Any, volume: Any, image: Image, glance: Glance
) -> None:
    """As cinder-volume makes a volume from an image, without Cinder's own cache.

    :raises Exception: Cinder's, if there is none
    """
    from cinder.db import api  # noqa: PLC0415 - only when these tests run
    from cinder.volume.flows.manager import create_volume  # noqa: PLC0415

    task = create_volume.CreateVolumeFromSpecTask(types.SimpleNamespace(), api, driver)
    service = glance.service()
    update = task._create_from_image(
        context,
        volume,
        service.get_location(context, image.id),
        image.id,
        image.meta,
        service,
    )
    volume.update(update or {})
    volume.save()
