"""``eic cache list`` and ``show``: cached images, what they take, and what they save.

They run where cinder.conf is, on a controller or a host of cinder-volume, as a user
that may read it. Nothing is changed. What is not known is empty, and a line on
standard error says why.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from cliff.columns import FormattableColumn
from cliff.lister import Lister
from cliff.show import ShowOne

from eic_plugins.cli import arguments, cached_images, controller, terminal
from eic_plugins.cli.cached_images import Row
from eic_plugins.cli.units import Bytes, Known, Percent, moment

_COLUMNS = (
    'Image',
    'Name',
    'Pool',
    'Size',
    'On ONTAP',
    'Last use',
    'Volumes',
    'Clones',
    'Saved',
    'Hit rate',
    'State',
    'Seen by',
)
_BY_POOL = (
    'Pool',
    'Images',
    'Size',
    'On ONTAP',
    'Volumes',
    'Clones',
    'Saved',
    'Hit rate',
    'Volumes counted',
    'Hit rate counted',
    'Evictions counted',
)
_IN_SHOW = ('Pool', *_COLUMNS[3:])


class CacheList(Lister):
    """List cached images by pool: size, space, last use, clones, savings, hits."""

    auth_required = False  # for the openstack command: it asks as the services do

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The arguments."""
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        arguments.add_config_file(parser)
        add_pool(parser, 'this pool or backend alone')
        parser.add_argument(
            '--image',
            action='append',
            default=[],
            metavar='IMAGE',
            help='this image alone, by name or id; may be given several times',
        )
        parser.add_argument(
            '--by-pool', action='store_true', help='one row for each pool'
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[Sequence[Any]]]:
        """Header and rows."""
        pools, rows = _look(self, parsed_args, parsed_args.image)
        if parsed_args.by_pool:
            return _BY_POOL, [
                _sum(pool, [row for row in rows if row.pool is pool]) for pool in pools
            ]
        return _COLUMNS, [cells(row) for row in rows]


class CacheShow(ShowOne):
    """Show what the pools have of one image."""

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The arguments."""
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        arguments.add_config_file(parser)
        add_pool(parser, 'look at this pool or backend alone')
        parser.add_argument('image', metavar='IMAGE', help='name or id')
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Sequence[Any]]:
        """Names and values."""
        _, rows = _look(self, parsed_args, [parsed_args.image])
        found = [row.image for row in rows if row.image]
        listed = found[0] if found else None
        return (
            'Image',
            'Name',
            'Status in Glance',
            'Visibility',
            'On ONTAP',
            'Volumes',
            'Clones',
            'Saved',
            'Hit rate',
            'Pools',
        ), (
            rows[0].seen.image_id if rows else parsed_args.image,
            Known(terminal.plain(listed.name) if listed else None),
            Known(listed.image.status if listed else None),
            Known(listed.visibility if listed else None),
            *_totals(rows),
            PoolRows([dict(zip(_IN_SHOW, _values(row), strict=True)) for row in rows]),
        )


class PoolRows(FormattableColumn[Any]):
    """Lines for people, and a list of objects for programs."""

    def human_readable(self) -> str:
        """A line for each."""
        return '\n'.join(
            f'{each["Pool"]}: ' + ', '.join(_words(each)) for each in self._value
        )


def add_pool(parser: argparse.ArgumentParser, what: str) -> None:
    """``--pool POOL``, several times."""
    parser.add_argument(
        '--pool',
        action='append',
        default=[],
        metavar='POOL',
        help=f'{what}; may be given several times',
    )


def cells(row: Row) -> Sequence[Any]:
    """One row of the list."""
    pool, size, space, used, volumes, clones, saved, hits, state, by = _values(row)
    return (
        row.seen.image_id,
        Known(terminal.plain(row.image.name) if row.image else None),
        pool,
        Bytes(size),
        Bytes(space),
        Known(used),
        Known(volumes),
        Known(clones),
        Bytes(saved),
        Percent(hits),
        Known(state),
        by,
    )


def _look(
    command: Any, args: argparse.Namespace, asked: Sequence[str]
) -> tuple[list[Any], list[Row]]:
    terminal.silence_libraries()
    controller.connect(args.config_file)
    progress = terminal.Progress(terminal.talks(command) and sys.stderr.isatty())
    pools = cached_images.choose_pools(args.pool)
    unseen: list[str] = []
    images = cached_images.known_images(asked, unseen)
    try:
        rows, more = cached_images.look(
            pools, images, [*images] if asked else (), progress
        )
    finally:
        progress.end()
    for line in [*unseen, *more]:
        sys.stderr.write(f'Not seen: {terminal.plain(line)}\n')
    return pools, rows


def _values(row: Row) -> Sequence[Any]:
    return (
        row.pool.known.name,
        row.seen.size,
        row.seen.occupied,
        moment(row.seen.last_used),
        row.uses.volumes if row.uses else None,
        row.clones,
        row.saved,
        row.uses.hit_percent if row.uses else None,
        row.state,
        row.seen_by,
    )


def _words(each: dict[str, Any]) -> Iterable[str]:
    for name in ('State', 'On ONTAP', 'Last use', 'Volumes', 'Saved', 'Hit rate'):
        value = each[name]
        if value is None:
            continue
        if name in {'On ONTAP', 'Saved'}:
            value = Bytes(value).human_readable()
        yield f'{name.lower()} {value}' if name != 'State' else str(value)


def _sum(pool: Any, rows: Sequence[Row]) -> Sequence[Any]:
    from eic_plugins.volume.upkeep.counted import Counted, counted  # noqa: PLC0415

    found = counted(pool.section).get(pool.name)
    since = found or Counted()
    return (
        pool.known.name,
        len(rows),
        Bytes(_added(rows, lambda row: row.seen.size)),
        *_totals(rows),
        Known(since.volumes if found else None),
        Percent(since.hit_percent),
        Known(since.evictions if found else None),
    )


def _totals(rows: Sequence[Row]) -> Sequence[Any]:
    from eic_plugins.volume.upkeep.uses import Uses  # noqa: PLC0415

    uses = sum((row.uses for row in rows if row.uses), Uses())
    return (
        Bytes(_added(rows, lambda row: row.seen.occupied)),
        Known(uses.volumes if all(row.uses for row in rows) else None),
        Known(_added(rows, lambda row: row.clones)),
        Bytes(_added(rows, lambda row: row.saved)),
        Percent(uses.hit_percent),
    )


def _added(rows: Sequence[Row], number: Callable[[Row], int | None]) -> int | None:
    """None if one of them is not known."""
    total = 0
    for row in rows:
        found = number(row)
        if found is None:
            return None
        total += found
    return total
