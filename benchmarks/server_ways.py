"""How servers are booted."""

import dataclasses
from typing import Any

from lab.boots import PLAIN_FLAVOR, root_volume

_POOL = 'images'
_OPT_IN_FLAVOR = 'eic.tiny'


@dataclasses.dataclass(frozen=True)
class Way:
    """How servers are booted."""

    driver: str
    situation: str
    title: str = 'boot from volume'

    def fields(self, image_id: str) -> dict[str, Any]:
        """The fields of POST /servers."""
        if self.title != 'boot from volume':
            return {
                'flavor': _OPT_IN_FLAVOR,
                'imageRef': image_id,
                'block_device_mapping_v2': [],
            }
        volume_type = (
            {'volume_type': f'{self.driver}-{_POOL}'}
            if self.situation == 'again'
            else {}
        )
        return {
            'flavor': PLAIN_FLAVOR,
            'block_device_mapping_v2': [{**root_volume(image_id), **volume_type}],
        }
