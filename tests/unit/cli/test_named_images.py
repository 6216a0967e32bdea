"""An image is found by its id or its name, and errors say which."""

from typing import Any

import pytest

from eic_plugins.cli import named_images
from eic_plugins.cli.cloud import CloudError
from eic_plugins.glance.documents import ListedImage
from tests.unit.cli.fake_images import FakeImages
from tests.unit.factories import image

OTHER_ID = '6f1d2c3b-0000-4000-8000-000000000002'


def test_an_image_is_found_by_id_and_by_name() -> None:
    images = FakeImages(image())
    for word in (image().id, 'debian'):
        assert named_images.find(images, word).image == image()


@pytest.mark.parametrize('images', [(), (image(id='a'), image(id='b'))])
def test_a_name_of_none_or_of_several_is_told(images: Any) -> None:
    with pytest.raises(CloudError, match=r"the name .*'debian'"):
        named_images.find(FakeImages(*images), 'debian')


def test_a_hidden_image_is_found_by_its_id_alone() -> None:
    images = FakeImages(image(), hidden=(image(id=OTHER_ID),))
    assert named_images.find(images, OTHER_ID).hidden
    assert len(named_images.named(images, [])) == 1


def test_several_are_found_each_once() -> None:
    images = FakeImages(image(), image(id=OTHER_ID))
    asked = [image().id, 'debian']
    assert len(named_images.named(images, asked)) == 2
    with pytest.raises(CloudError, match="'x'"):
        named_images.named(images, [*asked, 'x'])


def test_glances_silence_is_told_without_its_words() -> None:
    class Silent(FakeImages):
        def find(self, image_id: str) -> ListedImage | None:
            raise ConnectionError('https://user:secret@glance')

    with pytest.raises(CloudError, match=r'did not answer .*: Conn') as told:
        named_images.find(Silent(), OTHER_ID)
    assert 'secret' not in str(told.value)
