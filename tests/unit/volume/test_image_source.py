"""The image of a request: what it is asked for, and by whom."""

from typing import Any, cast

from eic_plugins.model import Reason, Refusal, VolumeCopy
from eic_plugins.volume.from_image.image_source import GlanceLocations, RequestedImage


def test_who_finds_no_volumes_has_no_use_for_cinder_locations() -> None:
    source = RequestedImage(cast(Any, None), GlanceLocations())
    refusal = source.locate_volume(VolumeCopy('6f2d3c1a-5b7e-4d8f-9a0b-1c2d3e4f5a6b'))
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.LOCATION_UNSUPPORTED
