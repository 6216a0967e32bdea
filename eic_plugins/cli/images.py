"""``eic images``: would each image be cloned as it is, and what would raw change.

Runs where cinder.conf is, and reads images with the credentials of ``[eic]`` or
``[service_user]``. It shows no location of an image.
"""

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from typing import Any

from cliff.lister import Lister

from eic_plugins.cli import flexvols, terminal
from eic_plugins.cli.image_files import Catalog, ImageFile
from eic_plugins.engine import remedies
from eic_plugins.glance.documents import ListedImage
from eic_plugins.model import Image, Reason

_COLUMNS = (
    'Image',
    'Name',
    'Format',
    'Size',
    'Virtual size',
    'Clones',
    'Reason',
    'Downloaded',
    'Converted',
    'Downloaded if raw',
    'Advice',
)
_BLOCK = 'In pools with LUNs or namespaces it is downloaded once for the SVM.'


@dataclasses.dataclass(frozen=True)
class Advice:
    """What the first volumes of an image cost now, and as raw (bytes).

    ``downloaded`` and ``converted`` are once for a cluster, None if that is not
    known. ``clones`` is ``yes``, ``no``, or ``unknown``.
    """

    clones: str
    reason: Reason | None
    downloaded: int | None
    converted: int | None
    downloaded_if_raw: int | None
    sentence: str


class ListImages(Lister):
    """Say of each image whether it is cloned as it is, and what raw would change."""

    auth_required = False  # for the openstack command: it asks as the services do

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The arguments."""
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        flexvols.add_arguments(parser)
        parser.add_argument(
            'images', metavar='IMAGE', nargs='*', help='these alone, by id or name'
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[Sequence[Any]]]:
        """Header and rows."""
        terminal.silence_libraries()
        svms = flexvols.svms(parsed_args.config_file)
        with_files = [each for each in svms if each.nfs]
        catalog = Catalog(with_files)
        listed = catalog.images(parsed_args.images)
        progress = terminal.Progress(terminal.talks(self) and sys.stderr.isatty())
        rows = []
        for number, each in enumerate(listed, start=1):
            progress.say(f'{number} of {len(listed)} images')
            file = _file(catalog, each.image, bool(with_files))
            rows.append(_row(each, advice(each.image, file)))
        progress.end()
        return _COLUMNS, rows


def advice(image: Image, file: ImageFile) -> Advice:
    """What an image costs now, and what it would as raw."""
    if image.status != 'active':
        reason = Reason.IMAGE_NOT_ACTIVE
        return Advice('no', reason, None, None, None, _sentence(reason))
    if not image.plainly_raw:
        return _to_be_converted(image, file)
    if file.found:
        return Advice('yes', None, 0, 0, 0, f'Nothing is to be done. {_BLOCK}')
    if file.in_volume or file.reason is Reason.ONTAP_UNREACHABLE:
        return Advice('unknown', file.reason, None, 0, None, _not_seen(file))
    reason = file.reason or Reason.NO_LOCATION
    return Advice('no', reason, image.size, 0, image.size, _sentence(reason))


def _to_be_converted(image: Image, file: ImageFile) -> Advice:
    reason = Reason.CONTAINER_NOT_BARE if image.raw_format else Reason.FORMAT_NOT_RAW
    raw = image.virtual_size
    size = 'its virtual size in' if raw is None else f'{raw}'
    now = (
        f'Now {image.size} bytes are downloaded and converted to {size} bytes, once '
        'for a cluster.'
    )
    if file.found:
        then = (
            'Stored as raw beside this one, it is cloned, or copied inside the '
            f'cluster, and no host reads it. {_BLOCK}'
        )
        return Advice('no', reason, image.size, raw, 0, f'{now} {then}')
    if file.in_volume or file.reason is Reason.ONTAP_UNREACHABLE:
        seen = _not_seen(file)
        return Advice('no', reason, image.size, raw, None, f'{now} {seen}')
    then = (
        f'As raw it is not converted, but {size} bytes are still downloaded. '
        f'{_sentence(file.reason or Reason.NO_LOCATION)}'
    )
    return Advice('no', reason, image.size, raw, raw, f'{now} {then}')


def _file(catalog: Catalog, image: Image, any_files: bool) -> ImageFile:
    if image.status != 'active':
        return ImageFile(reason=Reason.IMAGE_NOT_ACTIVE)
    if not any_files:
        return ImageFile(reason=Reason.FILE_NOT_LUN)
    return catalog.file_of(image.id)


def _not_seen(file: ImageFile) -> str:
    if file.in_volume:
        return 'It is in a Cinder volume, where this command does not look.'
    return _sentence(Reason.ONTAP_UNREACHABLE)


def _sentence(reason: Reason) -> str:
    remedy = remedies.remedy(reason)
    return f'{remedy[0].upper()}{remedy[1:]}.'


def _row(listed: ListedImage, found: Advice) -> Sequence[Any]:
    image = listed.image
    return (
        image.id,
        terminal.plain(listed.name),
        terminal.plain(f'{image.disk_format}/{image.container_format}'),
        image.size,
        image.virtual_size,
        found.clones,
        found.reason.value if found.reason else '',
        found.downloaded,
        found.converted,
        found.downloaded_if_raw,
        found.sentence,
    )
