"""Makes the raw sibling of an image in Glance; what is half made is deleted.

Either this host downloads, inspects, converts and uploads it. Or Glance does, with
its import method ``glance-download`` from itself and its plugin
``image_conversion``. Glance tells nobody whether it has that plugin: so the result
is looked at. The other import methods cannot make a sibling: ``copy-image`` copies
an image into another store as it is, ``web-download`` needs an address that asks
for no token, and for ``glance-direct`` this host would have to send the bytes.
"""

import contextlib
import dataclasses
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from glanceclient import exc as glance_exc

from eic_plugins.cli import untrusted_disk
from eic_plugins.cli.raw_sibling import NoSiblingError, Sibling
from eic_plugins.support.clock import SYSTEM, Clock

_POLL = 1.0
_PATCH = 'application/openstack-images-v2.1-json-patch'
IMPORT_METHOD = 'glance-download'


@dataclasses.dataclass(frozen=True)
class Conversion:
    """One image, and the sibling that is wanted.

    :param client: the operator's Glance
    :param source: as Glance shows it
    :param store: Glance's name of the store for the sibling, None for its default
    :param say: told how far it is
    """

    client: Any
    source: Mapping[str, Any]
    sibling: Sibling
    store: str | None
    say: Callable[[str], None]

    def here(self, directory: str | None) -> str:
        """Convert it on this host; the sibling's id.

        :param directory: for two temporary files, None for that of the system
        :raises NoSiblingError: it cannot be converted, or Glance does not take it
        :raises OSError: there is no room
        """
        with tempfile.TemporaryDirectory(prefix='eic-', dir=directory) as name:
            fetched, raw = Path(name, 'fetched'), Path(name, 'raw')
            self._download(fetched)
            self._convert(fetched, raw)
            with self._half_made('raw') as image_id:
                self._upload(image_id, raw)
                self._finish(image_id)
        return image_id

    def by_glance(self, region: str, clock: Clock = SYSTEM) -> str:
        """Have Glance fetch it from itself and convert it; the sibling's id.

        :param region: this Glance's, in Keystone's catalogue
        :raises NoSiblingError: Glance does not, or does not convert
        """
        methods = self.client.images.get_import_info()['import-methods']['value']
        if IMPORT_METHOD not in methods:
            raise NoSiblingError(
                f'Glance does not offer the import method {IMPORT_METHOD}: add it to '
                '[DEFAULT] enabled_import_methods of glance-api.conf, or leave out '
                '--import.'
            )
        with self._half_made(self.source['disk_format']) as image_id:
            self.client.images.image_import(
                image_id,
                IMPORT_METHOD,
                remote_region=region,
                remote_image_id=self.source['id'],
                remote_service_interface='public',
                **({'stores': [self.store]} if self.store else {}),
            )
            self._wait(image_id, clock)
            self._finish(image_id)
        return image_id

    def _download(self, to: Path) -> None:
        size = int(self.source['size'])
        _refuse_without_room(to.parent, size)
        done = 0
        try:
            # Glance's client compares the bytes with the image's hash at their end.
            body = self.client.images.data(self.source['id'])
            with to.open('wb') as stream:
                for chunk in body or ():
                    done += stream.write(chunk)
                    if done > size:
                        raise NoSiblingError('Glance sends more than it says.')
                    self.say(f'download: {done} of {size} bytes')
        except OSError as err:
            raise NoSiblingError(
                f'The bytes are not those of the image: {err}'
            ) from err

    def _convert(self, fetched: Path, raw: Path) -> None:
        disk_format = self.source['disk_format']
        try:
            size = untrusted_disk.virtual_size(fetched, disk_format)
            _refuse_without_room(raw.parent, size)
            untrusted_disk.convert(
                fetched,
                disk_format,
                raw,
                size,
                lambda done: self.say(f'conversion: {done} of up to {size} bytes'),
            )
        except untrusted_disk.UnsafeDiskError as err:
            raise NoSiblingError(f'The image is not converted: {err}.') from err

    def _upload(self, image_id: str, raw: Path) -> None:
        size = raw.stat().st_size
        with raw.open('rb') as stream:
            sent = _Sent(stream, lambda n: self.say(f'upload: {n} of {size} bytes'))
            self.client.images.upload(image_id, sent, size, backend=self.store)
        made = show(self.client, image_id)
        digest = sent.digests.get(str(made.get('os_hash_algo')))
        if digest and digest.hexdigest() != made.get('os_hash_value'):
            raise NoSiblingError("Glance's hash is not that of the bytes that it got.")

    def _wait(self, image_id: str, clock: Clock) -> None:
        while True:
            made = show(self.client, image_id)
            if made.get('os_glance_failed_import') or _failed(self.client, image_id):
                raise NoSiblingError('The import failed: see the log of glance-api.')
            if made['status'] == 'active':
                break
            self.say(f'Glance: {made["status"]}')
            clock.sleep(_POLL)
        if made['disk_format'] != 'raw':
            raise NoSiblingError(
                'Glance did not convert it: set [image_import_opts] '
                'image_import_plugins = [image_conversion] and [image_conversion] '
                'output_format = raw in glance-image-import.conf, or leave out '
                '--import.'
            )

    def _finish(self, image_id: str) -> None:
        """What only a whole image gets; it stays private if the user may not."""
        if not self.sibling.afterwards:
            return
        with contextlib.suppress(glance_exc.HTTPForbidden):
            self.client.http_client.patch(
                f'/v2/images/{image_id}',
                headers={'Content-Type': _PATCH},
                # As text: glanceclient has a content type of its own for the rest.
                data=json.dumps(
                    [
                        {'op': 'replace', 'path': f'/{name}', 'value': value}
                        for name, value in self.sibling.afterwards.items()
                    ]
                ),
            )

    @contextlib.contextmanager
    def _half_made(self, disk_format: str) -> Iterator[str]:
        try:
            # Not images.create: it takes some names for its own, and an image's
            # properties have names that its owner chose.
            _, made = self.client.http_client.post(
                '/v2/images',
                data={
                    **self.sibling.fields,
                    'disk_format': disk_format,
                    'container_format': 'bare',
                },
            )
        except glance_exc.HTTPForbidden as err:
            raise NoSiblingError(
                "You may not make an image for the source's project: say --mine for "
                'one of your own, or do it as an administrator.'
            ) from err
        image_id = str(made['id'])
        try:
            yield image_id
        except BaseException:
            self._delete(image_id)
            raise

    def _delete(self, image_id: str) -> None:
        try:
            self.client.images.delete(image_id)
        except glance_exc.HTTPNotFound:
            return
        except Exception as err:
            raise NoSiblingError(
                f'The half-made image {image_id} is left ({type(err).__name__}): '
                'delete it.'
            ) from err


def show(client: Any, image_id: str) -> dict[str, Any]:
    """An image as Glance's API shows it."""
    _, found = client.http_client.get(f'/v2/images/{image_id}')
    return dict(found)


class _Sent:
    """A file that is read once, its digests, and how far it is."""

    def __init__(self, stream: BinaryIO, tick: Callable[[int], None]) -> None:
        self._stream = stream
        self._tick = tick
        self._done = 0
        # Glance's default and the two others that are usual.
        self.digests = {n: hashlib.new(n) for n in ('sha512', 'sha256')}

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        chunk = self._stream.read(size)
        for digest in self.digests.values():
            digest.update(chunk)
        self._done += len(chunk)
        self._tick(self._done)
        return chunk


def _failed(client: Any, image_id: str) -> bool:
    tasks = client.images.get_associated_image_tasks(image_id)['tasks']
    return any(task['status'] == 'failure' for task in tasks)


def _refuse_without_room(directory: Path, size: int) -> None:
    free = shutil.disk_usage(directory).free
    if size > free:
        raise NoSiblingError(
            f'It takes {size} bytes on this host, and {free} are free: name another '
            'directory with --directory.'
        )
