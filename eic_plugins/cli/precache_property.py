"""``eic precache add``, ``list`` and ``remove``: which pools are to have which image.

They read and write the property ``eic_precache`` of images in Glance, as the user of
``[eic]`` or ``[service_user]`` of cinder.conf. ``list`` also tells of ``[eic]
precache_images`` and ``precache_families``. Whether an image is cached by now says
``eic cache list``. ``eic precache`` without a word behind it fills Cinder's own cache.
"""

import argparse
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from cliff.lister import Lister
from oslo_config import cfg

from eic_plugins.cli import arguments, controller, named_images, terminal
from eic_plugins.cli.cloud import CloudError
from eic_plugins.cli.plan import ask_scheduler
from eic_plugins.cli.precache import wishes_of
from eic_plugins.glance.catalog import Images
from eic_plugins.glance.documents import ListedImage
from eic_plugins.precache.precache_rules import (
    PROPERTY,
    Wishes,
    named_pools,
    parse_pools,
    trusted,
    with_families,
)

_ALL = 'all'
_COLUMNS = ('Image', 'Name', 'Property', 'Pools', 'Asked by', 'Why not')
_NOT_TRUSTED = 'neither public nor of precache_projects: the property does not count'
_HIDDEN = 'hidden: only precache_images counts, by id'
_NOT_READY = 'not active, or encrypted'


class _Changing(Lister):
    """What adding and removing have in common."""

    auth_required = False  # for the openstack command: it asks as the services do

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The arguments."""
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        arguments.add_config_file(parser)
        parser.add_argument('image', metavar='IMAGE', help='name or id')
        return parser

    def change(
        self,
        args: argparse.Namespace,
        of: Callable[[frozenset[str]], frozenset[str]],
    ) -> tuple[Sequence[str], list[Sequence[Any]]]:
        """Give the image another property; the row of it."""
        images = named_images.connect()
        listed = named_images.find(images, args.image)
        before = parse_pools(listed.image.properties.get(PROPERTY))
        after = of(before)
        if after != before:
            write(images, listed, after)
        found = named_images.find(images, listed.image.id)
        (row,) = rows(_everything(images, found), [found])
        return _COLUMNS, [row]


class PrecacheAdd(_Changing):
    """Have pools cache an image before anybody asks: its property eic_precache."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The arguments."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'pools',
            nargs='+',
            metavar='POOL',
            help=f'a pool or backend as the scheduler shows it, or {_ALL}',
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[Sequence[Any]]]:
        """Header and the image's row."""
        _begin(parsed_args)
        wanted = frozenset(parsed_args.pools)
        check_pools(wanted, ask_scheduler())
        return self.change(
            parsed_args,
            lambda now: frozenset({_ALL}) if _ALL in now | wanted else now | wanted,
        )


class PrecacheRemove(_Changing):
    """Take pools, or all of them, out of an image's property eic_precache."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The arguments."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'pools',
            nargs='*',
            metavar='POOL',
            help='as in the property (default: the whole property)',
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[Sequence[Any]]]:
        """Header and the image's row."""
        _begin(parsed_args)
        return self.change(
            parsed_args, lambda now: without(now, frozenset(parsed_args.pools))
        )


class PrecacheList(Lister):
    """List the images that somebody wants to be precached, where, and why not."""

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The arguments."""
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        arguments.add_config_file(parser)
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[Sequence[Any]]]:
        """Header and rows."""
        _begin(parsed_args)
        images = named_images.connect()
        listed = _everything(images)
        return _COLUMNS, [row for row in rows(listed, listed) if row[2] or row[4]]


def check_pools(asked: Iterable[str], reported: Iterable[Any]) -> None:
    """:raises CloudError: one of the names is of no pool that the scheduler knows"""
    from eic_plugins.volume.pools.names import PoolNames  # noqa: PLC0415

    known = {_ALL}
    for each in reported:
        host, _, pool = str(each.get('name')).partition('#')
        backend_name = (each.get('capabilities') or {}).get('volume_backend_name')
        known |= PoolNames(host, None, backend_name).all_of(pool)
    for name in asked:
        if name not in known:
            raise CloudError(
                f'The scheduler knows no pool or backend {name!r}; see openstack '
                'volume backend pool list.'
            )


def without(now: frozenset[str], going: frozenset[str]) -> frozenset[str]:
    """What is left of the property.

    :raises CloudError: one of them is not in it
    """
    missing = going - now
    if missing:
        raise CloudError(
            f'{sorted(missing)[0]!r} is not in the property, which says: '
            f'{", ".join(sorted(now)) or "nothing"}.'
        )
    return now - going if going else frozenset()


def write(images: Images, listed: ListedImage, pools: frozenset[str]) -> None:
    """Set the property, or take it away.

    :raises CloudError: Glance does not allow it
    """
    client, image_id = images.client.images, listed.image.id
    try:
        if pools:
            client.update(image_id, **{PROPERTY: ','.join(sorted(pools))})
        else:
            client.update(image_id, remove_props=[PROPERTY])
    except Exception as err:
        raise CloudError(
            f'Glance did not change the image: {type(err).__name__}. The user of [eic] '
            'or [service_user] needs the role "admin" for images of other projects, '
            'and must be allowed to set the property where property_protection_file '
            'of glance-api.conf protects it.'
        ) from err


def rows(
    everything: Iterable[ListedImage], of: Iterable[ListedImage]
) -> list[Sequence[Any]]:
    """What is asked for these images, and by what.

    :param everything: all images: how new one is in its family they decide
    :raises CloudError: a line of the configuration says nothing
    """
    try:
        configured = wishes_of(cfg.CONF.eic, ())
    except ValueError as err:
        raise CloudError(str(err)) from err
    wishes = with_families(configured, everything)
    return [_row(each, configured, wishes) for each in of]


def _row(listed: ListedImage, configured: Wishes, wishes: Wishes) -> Sequence[Any]:
    image = listed.image
    said = parse_pools(image.properties.get(PROPERTY))
    asked = {
        'property': said,
        'precache_images': configured.images.get(image.id, frozenset())
        | configured.images.get(listed.name, frozenset()),
        'precache_families': wishes.images.get(image.id, frozenset())
        - configured.images.get(image.id, frozenset()),
    }
    by = ', '.join(name for name, pools in asked.items() if pools)
    pools = named_pools(listed, wishes)
    return (
        image.id,
        terminal.plain(listed.name),
        terminal.plain(','.join(sorted(said))),
        terminal.plain(','.join(sorted(pools))),
        by,
        '' if not by else _why_not(listed, wishes),
    )


def _why_not(listed: ListedImage, wishes: Wishes) -> str:
    if listed.image.status != 'active' or listed.image.encrypted:
        return _NOT_READY
    if listed.hidden:
        return '' if listed.image.id in wishes.images else _HIDDEN
    return '' if trusted(listed, wishes) else _NOT_TRUSTED


def _everything(images: Images, *also: ListedImage) -> list[ListedImage]:
    """All images that are not hidden, and some that may be.

    :raises CloudError: Glance does not answer
    """
    found = {each.image.id: each for each in named_images.named(images, [])}
    found.update({each.image.id: each for each in also})
    return [*found.values()]


def _begin(args: argparse.Namespace) -> None:
    terminal.silence_libraries()
    controller.connect(args.config_file)
