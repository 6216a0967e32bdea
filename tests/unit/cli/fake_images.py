"""A Glance that has a few images, for commands that look for one."""

from collections.abc import Iterator
from typing import Any

from eic_plugins.glance.documents import ListedImage


class FakeImages:
    """Glance, with images of one name; ``hidden`` ones are not listed."""

    def __init__(
        self, *images: Any, names: str = 'debian', hidden: tuple[Any, ...] = ()
    ) -> None:
        self.images = [ListedImage(each, name=names) for each in images]
        self.hidden = [ListedImage(each, hidden=True) for each in hidden]

    def find(self, image_id: str) -> ListedImage | None:
        everything = [*self.images, *self.hidden]
        return next((x for x in everything if x.image.id == image_id), None)

    def all(self) -> Iterator[ListedImage]:
        return iter(self.images)
