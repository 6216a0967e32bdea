"""``eic images convert IMAGE``: makes a raw sibling of an image, which is cloned.

It asks Glance as the user of ``OS_*`` or ``OS_CLOUD``, or of ``openstack``. The
source stays as it is. The sibling has its properties, tags, ``min_disk``,
``min_ram``, owner and protection, and is seen by nobody who does not see the
source: it is private until it is whole, and has the members of no shared image.
What was said of the source's bytes (signatures, checksums) is left out. Glance
makes a hash of the new bytes; the source's id and hash stand in the properties
``eic_converted_from`` and ``eic_converted_from_hash``.

Ctrl-C, SIGTERM and every error delete the image that is half made. Exit status: 0,
also if there is such a sibling; 1 if it was not made; 130 after Ctrl-C.
"""

import argparse
import itertools
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from cliff.show import ShowOne
from glanceclient import exc as glance_exc
from keystoneauth1 import exceptions

from eic_plugins.cli import named_images, terminal
from eic_plugins.cli.cloud import CloudError, glance
from eic_plugins.cli.conversion import IMPORT_METHOD, Conversion, show
from eic_plugins.cli.raw_sibling import (
    CONVERTED_FROM,
    NoSiblingError,
    Sibling,
    is_of,
    sibling_of,
)
from eic_plugins.cli.user_images import UserImages

_SHOWN = (
    'id',
    'name',
    'disk_format',
    'size',
    'virtual_size',
    'min_disk',
    'visibility',
    'owner',
    'os_hash_algo',
    'os_hash_value',
    CONVERTED_FROM,
)


class ConvertImage(ShowOne):
    """Make a raw sibling of an image: volumes from it are clones."""

    _made = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The arguments."""
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument('image', metavar='IMAGE', help='name or id')
        parser.add_argument(
            '--name', help="of the sibling (default: the image's, with ' (raw)')"
        )
        parser.add_argument(
            '--store',
            help="Glance's store for the sibling (default: the first one that has "
            'the image)',
        )
        parser.add_argument(
            '--mine',
            action='store_true',
            help='make it private, and of your project, whoever owns the image',
        )
        parser.add_argument(
            '--import',
            action='store_true',
            dest='by_glance',
            help=f'have Glance do it, with its import method {IMPORT_METHOD} and its '
            'plugin image_conversion (default: this host, with qemu-img)',
        )
        parser.add_argument(
            '--directory',
            metavar='DIR',
            help='where this host has room for the image and for the raw disk '
            "(default: the system's)",
        )
        parser.add_argument('--yes', action='store_true', help='do not ask')
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Print the sibling; the exit status says whether there is one."""
        return int(super().run(parsed_args) or not self._made)

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Sequence[Any]]:
        """Names and values."""
        terminal.silence_libraries()
        client = glance(self.app)
        try:
            with terminal.ended_by_signals():
                found = self._sibling(client, parsed_args)
        except NoSiblingError as err:
            raise CloudError(str(err)) from err
        except glance_exc.HTTPException as err:
            raise CloudError(f'Glance answered {err.code}: its log says why.') from err
        except (glance_exc.ClientException, exceptions.ClientException) as err:
            raise named_images.no_answer(err) from err
        except OSError as err:
            raise CloudError(f'{type(err).__name__}: {err.strerror}') from err
        self._made = bool(found)
        names = [name for name in _SHOWN if name in found]
        return names, [terminal.plain(found[name]) for name in names]

    def _sibling(self, client: Any, args: argparse.Namespace) -> Mapping[str, Any]:
        """What there is then; empty if it is not wanted."""
        listed = named_images.find(UserImages(client), args.image, named_images.YOU)
        source = show(client, listed.image.id)
        sibling = sibling_of(source, args.name, args.mine)
        there = None if args.mine else _there_is(client, source)
        if there:
            _tell('There is such a sibling already.')
            return there
        _tell(_what(source, sibling))
        if not (args.yes or terminal.agreed('Make it?')):
            _tell('Nothing was made.')
            return {}
        image_id = self._convert(client, source, sibling, args)
        made = show(client, image_id)
        if made['visibility'] != source['visibility']:
            _tell(f'It is {made["visibility"]}; the image is {source["visibility"]}.')
        return made

    def _convert(
        self,
        client: Any,
        source: Mapping[str, Any],
        sibling: Sibling,
        args: argparse.Namespace,
    ) -> str:
        progress = terminal.Progress(terminal.talks(self))
        store = args.store or str(source.get('stores') or '').partition(',')[0] or None
        work = Conversion(client, source, sibling, store, progress.say)
        try:
            if args.by_glance:
                return work.by_glance(_region(client))
            return work.here(args.directory)
        finally:
            progress.end()


def _there_is(client: Any, source: Mapping[str, Any]) -> Mapping[str, Any] | None:
    listed = client.images.list(
        filters={CONVERTED_FROM: source['id'], 'visibility': 'all'}
    )
    # What somebody else calls a sibling of this image is none of ours.
    return next(
        (each for each in itertools.islice(listed, 100) if is_of(each, source)), None
    )


def _what(source: Mapping[str, Any], sibling: Sibling) -> str:
    virtual = source.get('virtual_size')
    size = f'{virtual} bytes' if virtual else 'its virtual size, which Glance lacks'
    left_out = ', '.join(sibling.left_out)
    lines = [
        f'Image {source["id"]} ({source.get("name")}), {source["disk_format"]}, '
        f'{source["size"]} bytes: a raw sibling {sibling.fields["name"]!r} of {size} '
        f'is made, {sibling.afterwards.get("visibility", "private")}.',
        f'Left out, for it says something of other bytes: {left_out}.'
        if left_out
        else '',
        'It is shared with nobody yet: add its members.'
        if sibling.afterwards.get('visibility') == 'shared'
        else '',
    ]
    return '\n'.join(terminal.plain(line) for line in lines if line)


def _region(client: Any) -> str:
    """Glance's own, as Keystone's catalogue has it."""
    named = os.environ.get('OS_REGION_NAME')
    found = named or client.http_client.get_endpoint_data().region_name
    if not found:
        raise CloudError("Set OS_REGION_NAME to this cloud's region.")
    return str(found)


def _tell(text: str) -> None:
    sys.stderr.write(f'{text}\n')
