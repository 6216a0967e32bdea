"""Where Glance has an image, in whatever form that comes."""

from typing import Any

import pytest

from eic_plugins.glance import access, image_locations
from eic_plugins.glance.image_locations import Location


@pytest.mark.parametrize(
    ('given', 'found'),
    [
        (
            (None, [{'url': 'file:///a', 'metadata': {'x': 1}}]),
            (Location('file:///a', {'x': 1}),),
        ),
        (('file:///a', []), (Location('file:///a', {}),)),
        (
            ('file:///a', [{'url': 'file:///b', 'metadata': {}}]),
            (Location('file:///b', {}),),
        ),
        ((None, None), ()),
        (None, ()),
        ((None, [{'metadata': {}}, 'text', {'url': 7}]), ()),
    ],
)
def test_locations_come_in_cinders_forms(
    given: tuple[Any, ...] | tuple[None, ...] | None, found: tuple[Any, ...]
) -> None:
    assert image_locations.locations_from_cinder(given) == found


def test_without_credentials_the_error_names_the_sections(conf: Any) -> None:
    with pytest.raises(access.CredentialsMissingError, match=r'\[eic\].*service_user'):
        image_locations.ImageLocations(conf)
