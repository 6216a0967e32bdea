"""Cinder's image-volumes in the lab: found, and removed as an admin would."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keystoneauth1 import exceptions

from lab import cinder, files, identity
from lab.context import Lab
from lab.paths import venv_bin
from lab.waiting import wait_until

_SECONDS = 60


def of(lab: Lab, image_id: str) -> list[dict[str, Any]]:
    """The image-volumes of an image, whatever their state, as Cinder shows them."""
    listed = identity.admin(lab).cinder(
        'GET', f'/volumes/detail?all_tenants=1&name=image-{image_id}'
    )
    return list(listed['volumes'])


def precache_command(
    lab: Lab, image_id: str, *arguments: str, configs: Sequence[Path] = ()
) -> list[str]:
    """`eic precache` of an image, with the configuration of the stock side.

    :param configs: other files of configuration
    """
    return [
        venv_bin('eic'),
        'precache',
        '--image',
        image_id,
        *arguments,
        *files.config_flags(configs or cinder.volume_configs(lab, 'stock')),
    ]


def remove(lab: Lab, image_id: str) -> None:
    """Delete the image-volumes of an image, and with them Cinder's entries."""
    cloud = identity.admin(lab)
    for volume in of(lab, image_id):
        try:
            cloud.cinder('DELETE', f'/volumes/{volume["id"]}')
        except exceptions.NotFound:
            continue
    wait_until(
        lambda: not of(lab, image_id),
        f'the image-volumes of {image_id} to be deleted',
        _SECONDS,
        cancel=lab.cancel,
    )
