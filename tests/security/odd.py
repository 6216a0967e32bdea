"""Fields of an image that are not as Glance documents them.

Whoever owns an image, or registers one, may put words and properties into it.
"""

from collections.abc import Mapping
from typing import Any

FIELDS: Mapping[str, Mapping[str, Any]] = {
    'a minimal disk in words': {'min_disk': 'small'},
    'a virtual size in words': {'virtual_size': 'large'},
    'a negative virtual size': {'virtual_size': -1},
    'a time that is none': {'updated_at': 'yesterday'},
    'a time of another type': {'updated_at': ['yesterday']},
    'a name that is a lone surrogate': {'name': '\ud800'},
}
"""By what is odd; an image with these is still one that can be cloned."""
