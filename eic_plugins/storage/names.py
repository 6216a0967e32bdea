"""The names in a pool that are EIC's."""

import re

FILL_PREFIX = 'eic-fill-'
"""What is being made, or what a cut-off fill left, is named with this."""

IMAGE_ID = r'[\w-]{1,64}'
"""What stands for an image in a name; anything else is somebody else's name,
which is left alone."""


def is_image_id(text: str) -> bool:
    """True if a name with that in it can be one of ours."""
    return re.fullmatch(IMAGE_ID, text, re.ASCII) is not None
