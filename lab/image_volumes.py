"""Cinder's image-volumes in the lab: found, and removed as an admin would."""

from typing import Any

from keystoneauth1 import exceptions

from lab import identity
from lab.context import Lab
from lab.waiting import wait_until

_SECONDS = 60


def of(lab: Lab, image_id: str) -> list[dict[str, Any]]:
    """The image-volumes of an image, whatever their state, as Cinder shows them."""
    listed = identity.admin(lab).cinder(
        'GET', f'/volumes/detail?all_tenants=1&name=image-{image_id}')
    return list(listed['volumes'])


def remove(lab: Lab, image_id: str) -> None:
    """Delete the image-volumes of an image, and with them Cinder's entries."""
    cloud = identity.admin(lab)
    for volume in of(lab, image_id):
        try:
            cloud.cinder('DELETE', f'/volumes/{volume["id"]}')
        except exceptions.NotFound:
            continue
    wait_until(lambda: not of(lab, image_id),
               f'the image-volumes of {image_id} to be deleted', _SECONDS,
               lab.cancel)
