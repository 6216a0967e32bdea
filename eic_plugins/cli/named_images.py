"""Finds the images that an operator names, as the service's own user sees them."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from oslo_config import cfg
from oslo_utils import uuidutils

from eic_plugins.cli.cloud import CloudError
from eic_plugins.glance.access import CredentialsMissingError
from eic_plugins.glance.catalog import Images
from eic_plugins.glance.documents import ListedImage

SERVICE = 'the user of [eic] or [service_user] sees'
YOU = 'you may see'


class ImageList(Protocol):
    """Glance's images, as :class:`~eic_plugins.glance.catalog.Images`."""

    def find(self, image_id: str) -> ListedImage | None:
        """The image of an id, or None."""

    def all(self) -> Iterable[ListedImage]:
        """All that are not hidden."""


def connect() -> Images:
    """Glance, as the service; Cinder's configuration is read by then.

    :raises CloudError: the service's credentials are missing or wrong
    """
    try:
        return Images(cfg.CONF)
    except CredentialsMissingError as err:
        raise CloudError(str(err)) from err
    except Exception as err:
        raise CloudError(
            f'[eic] or [service_user] of cinder.conf: {type(err).__name__}; '
            'see eic check cinder-credentials glance-api'
        ) from err


def find(images: ImageList, name_or_id: str, who: str = SERVICE) -> ListedImage:
    """The one image of that id or name.

    :param who: whose images these are, for errors
    :raises CloudError: there is none, or several; or Glance does not answer
    """
    found = named(images, [name_or_id], who)
    if len(found) > 1:
        raise CloudError(
            f'{len(found)} images have the name {name_or_id!r} among those that '
            f'{who}. Say the id.'
        )
    return found[0]


def named(
    images: ImageList, asked: Sequence[str], who: str = SERVICE
) -> list[ListedImage]:
    """The images of these ids, also hidden ones, and all of these names.

    :param asked: empty for all images that are not hidden
    :raises CloudError: there is none of such a name, or Glance does not answer
    """
    try:
        by_id = {word: images.find(word) for word in filter(_is_id, asked)}
        names = [word for word in asked if not by_id.get(word)]
        listed = [*images.all()] if names or not asked else []
    except Exception as err:
        raise no_answer(err) from err
    return choose([*filter(None, by_id.values()), *listed], asked, who)


def choose(
    listed: Iterable[ListedImage], asked: Sequence[str], who: str = SERVICE
) -> list[ListedImage]:
    """Those of these ids or names, each once; all if none is asked for.

    :raises CloudError: there is none of such a name
    """
    found = {each.image.id: each for each in listed}
    for name in asked:
        if not any(name in _words(each) for each in found.values()):
            raise CloudError(
                f'No image has the name or id {name!r} among those that {who}.'
            )
    return [each for each in found.values() if not asked or _words(each) & {*asked}]


def no_answer(err: Exception) -> CloudError:
    """The error of a Glance or Keystone that does not answer as it should.

    Its text may have an address that is a location.
    """
    return CloudError(
        f'Glance or Keystone did not answer as they should: {type(err).__name__}. '
        'See eic check glance-api glance-roles glance-locations-api.'
    )


def _is_id(word: str) -> bool:
    return bool(uuidutils.is_uuid_like(word))


def _words(listed: ListedImage) -> set[str]:
    return {listed.image.id, listed.name}
