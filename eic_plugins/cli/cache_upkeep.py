"""``eic cache warm``, ``evict`` and ``verify``: what they do, a host's driver does.

They run on a host of cinder-volume, as its user, with its cinder.conf: the driver of
the backend is made once more, without its periodic tasks. So they have its routes, its
locks, and its ways to mount a share or to attach a device.

Exit status: 0, 1 if something did not end well, 130 after Ctrl-C.
"""

import argparse
import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from cliff.lister import Lister
from oslo_utils import units

from eic_plugins.cli import arguments, cached_images, controller, terminal
from eic_plugins.cli.cache import add_pool
from eic_plugins.cli.cloud import CloudError
from eic_plugins.cli.units import Bytes, in_words
from eic_plugins.engine import remedies
from eic_plugins.ontap.namespace import UnknownShareError
from eic_plugins.ontap.session import OntapError
from eic_plugins.support.clock import SYSTEM

_ALL = 'all'
_NOT_HERE = 'not_here'
_TICK = 0.5
_SLOWER = 10
"""Added to the niceness of a process that reads whole images."""


class _Upkeep(Lister):
    """What the three commands have in common."""

    auth_required = False
    _failed = False

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Print what was done, then say by the exit status if all is well."""
        return int(super().run(parsed_args) or self._failed)

    def begin(self, args: argparse.Namespace) -> list[Any]:
        """The pools that are asked for.

        :raises CloudError: there is no such pool, or this is no place for it
        """
        terminal.silence_libraries()
        controller.connect(args.config_file)
        every = _ALL in args.pool
        return cached_images.choose_pools(() if every else args.pool)

    def progress(self) -> terminal.Progress:
        """One line on standard error, unless it is not wanted."""
        return terminal.Progress(terminal.talks(self))


class CacheWarm(_Upkeep):
    """Have pools cache images now, and wait for it. Ctrl-C leaves nothing half-made."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The arguments."""
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        _add_arguments(parser)
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[Sequence[Any]]]:
        """Header and rows."""
        pools = self.begin(parsed_args)
        listed = [*_in_glance(parsed_args.image).values()]
        progress = self.progress()
        with working(progress) as hosts:
            rows = [
                warmed(hosts, each, pool, progress) for each in listed for pool in pools
            ]
        self._failed = any(row[2] in {'failed', _NOT_HERE} for row in rows)
        return ('Image', 'Pool', 'Outcome', 'Route', 'Seconds', 'Meaning'), rows


class CacheEvict(_Upkeep):
    """Remove cached images from pools, unless they are in use or not EIC's."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The arguments."""
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        _add_arguments(parser)
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[Sequence[Any]]]:
        """Header and rows."""
        pools = self.begin(parsed_args)
        ids = [*cached_images.find_images(parsed_args.image)]
        progress = self.progress()
        with working(progress) as hosts:
            found = [
                evicted(hosts, image_id, pool, progress)
                for image_id in ids
                for pool in pools
            ]
        self._failed = not all(is_well for _, is_well in found)
        return ('Image', 'Pool', 'Outcome', 'Meaning'), [row for row, _ in found]


class CacheVerify(_Upkeep):
    """Read cached images, and compare them with the hash that Glance has."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The arguments."""
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        arguments.add_config_file(parser)
        add_pool(parser, 'this pool or backend alone')
        parser.add_argument(
            'image', nargs='*', metavar='IMAGE', help='name or id (default: all)'
        )
        parser.add_argument(
            '--max-rate',
            type=_positive,
            default=100.0,
            metavar='MIB',
            help='MiB per second that are read at most (default: 100); 0 for no cap',
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[Sequence[Any]]]:
        """Header and rows."""
        pools = self.begin(parsed_args)
        images = _in_glance(parsed_args.image)
        progress = self.progress()
        rows, unseen = cached_images.look(pools, images, [*images], progress)
        os.nice(_SLOWER)
        with working(progress) as hosts:
            found = [
                verified(
                    hosts,
                    row.image,
                    row.pool,
                    parsed_args.max_rate * units.Mi,
                    progress,
                )
                for row in rows
                if row.image
            ]
        for line in unseen:
            sys.stderr.write(f'Not seen: {terminal.plain(line)}\n')
        self._failed = bool(unseen) or not all(is_well for _, is_well in found)
        return ('Image', 'Pool', 'Verdict', 'Read', 'Meaning'), [r for r, _ in found]


class Hosts:
    """The backends that this host has, each opened once, when it is needed.

    :param open_backend: gives that of a ``HOST@BACKEND``, or raises
    """

    def __init__(self, open_backend: Callable[[str], Any]) -> None:
        self._open = open_backend
        self._known: dict[str, Any] = {}

    def backend_of(self, pool: Any) -> Any:
        """The backend of a reported pool.

        :raises NotHostedError: this host cannot work on it
        """
        host = pool.known.name.partition('#')[0]
        if host not in self._known:
            try:
                self._known[host] = self._open(host)
            except Exception as err:
                self._known[host] = err
        found = self._known[host]
        if isinstance(found, Exception):
            raise found
        return found


@contextlib.contextmanager
def working(progress: terminal.Progress) -> Iterator[Hosts]:
    """Be able to work on backends; SIGTERM ends it as Ctrl-C does.

    :raises CloudError: not as this user
    """
    from eic_plugins.volume.upkeep import hosted  # noqa: PLC0415

    try:
        hosted.begin()
    except hosted.NotHostedError as err:
        raise CloudError(str(err)) from err
    try:
        with terminal.ended_by_signals():
            yield Hosts(hosted.open_backend)
    except KeyboardInterrupt:
        progress.end()
        sys.stderr.write('Ended early. Nothing is left half-made.\n')
        raise
    finally:
        progress.end()
        hosted.end()


def warmed(
    hosts: Hosts, listed: Any, pool: Any, progress: terminal.Progress
) -> Sequence[Any]:
    """The row of one fill, when it is done."""
    from eic_plugins.volume.upkeep import hosted, warming  # noqa: PLC0415

    image, name = listed.image, pool.known.name
    try:
        backend = hosts.backend_of(pool)
    except hosted.NotHostedError as err:
        return (image.id, name, _NOT_HERE, '', None, terminal.plain(err))

    def so_far(seconds: float) -> str:
        there = warming.bytes_so_far(backend, image.id, pool.name)
        return (
            f'{image.id} in {name}: {terminal.bar(there, image.raw_size)} '
            f'{in_words(there)}, {seconds:.0f} s'
        )

    with _ticking(progress, so_far):
        found = warming.warm(backend, image, pool.name)
    outcome = found.outcome
    return (
        image.id,
        name,
        found.word.value,
        outcome.route if outcome and not outcome.left_to_cinder else '',
        round(outcome.seconds, 3) if outcome else None,
        terminal.plain(found.detail or _why(found)),
    )


def evicted(
    hosts: Hosts, image_id: str, pool: Any, progress: terminal.Progress
) -> tuple[Sequence[Any], bool]:
    """The row of one eviction, and whether it ended well."""
    from eic_plugins.volume.upkeep import eviction, hosted  # noqa: PLC0415

    name = pool.known.name
    progress.say(f'{image_id} in {name}')
    try:
        backend = hosts.backend_of(pool)
        found = eviction.evict(backend.cluster.pools.cache_of(pool.name), image_id)
    except hosted.NotHostedError as err:
        return (image_id, name, _NOT_HERE, terminal.plain(err)), False
    except (OntapError, UnknownShareError) as err:
        return (image_id, name, 'failed', terminal.plain(err)), False
    meaning = ': '.join(filter(None, (found.word.message, found.detail)))
    row = (image_id, name, found.word.value, terminal.plain(meaning))
    return row, found.word.is_well


def verified(
    hosts: Hosts, listed: Any, pool: Any, rate: float, progress: terminal.Progress
) -> tuple[Sequence[Any], bool]:
    """The row of one comparison, and whether nothing is wrong.

    :param rate: bytes per second at most, 0 for no cap
    """
    from eic_plugins.volume.upkeep import hosted, verification  # noqa: PLC0415
    from eic_plugins.volume.upkeep.paced_reading import Pace  # noqa: PLC0415

    image, name = listed.image, pool.known.name

    def say(read: int) -> None:
        progress.say(f'{image.id} in {name}: {terminal.bar(read, image.size)}')

    try:
        backend = hosts.backend_of(pool)
        found = verification.verify(
            backend.cluster.pools.cache_of(pool.name), image, Pace(rate, say)
        )
    except hosted.NotHostedError as err:
        return (image.id, name, _NOT_HERE, Bytes(0), terminal.plain(err)), False
    except (OntapError, UnknownShareError) as err:
        return (image.id, name, 'unreadable', Bytes(0), terminal.plain(err)), False
    meaning = ': '.join(filter(None, (found.verdict.message, found.detail)))
    row = (
        image.id,
        name,
        found.verdict.value,
        Bytes(found.read),
        terminal.plain(meaning),
    )
    return row, found.verdict.is_well


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.add_config_file(parser)
    parser.add_argument('image', nargs='+', metavar='IMAGE', help='name or id')
    parser.add_argument(
        '--pool',
        action='append',
        required=True,
        metavar='POOL',
        help=f'this pool or backend, or {_ALL}; may be given several times',
    )


def _in_glance(asked: Sequence[str]) -> dict[str, Any]:
    """The images, by id.

    :raises CloudError: Glance lacks one of them
    """
    found = cached_images.find_images(asked)
    missing = [image_id for image_id, listed in found.items() if listed is None]
    if missing:
        raise CloudError(f'Glance has no image {missing[0]}.')
    return found


def _why(found: Any) -> str:
    outcome = found.outcome
    if not outcome.left_to_cinder:
        return 'it was there already' if found.word == 'cached' else 'it is there now'
    return '; '.join(_told(each) for each in outcome.refusals)


def _told(refusal: Any) -> str:
    reason = refusal.reason
    return (
        f'{refusal}: {reason.message}. What to do: {remedies.remedy(reason)}. '
        f'More: {remedies.anchor(reason)}'
    )


def _positive(text: str) -> float:
    number = float(text)
    if number < 0:
        raise ValueError(text)
    return number


@contextlib.contextmanager
def _ticking(
    progress: terminal.Progress, text: Callable[[float], str]
) -> Iterator[None]:
    """Say every half second how far it is, from a thread: the work is the caller's."""
    ended, began = threading.Event(), SYSTEM.monotonic()

    def tell() -> None:
        while not ended.wait(_TICK):
            progress.say(text(SYSTEM.monotonic() - began))

    teller = threading.Thread(target=tell, daemon=True, name='eic-progress')
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()
