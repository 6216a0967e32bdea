"""``eic precache``: fills Cinder's own image-volume cache before anybody asks.

It is for backends whose driver is not EIC's; EIC's drivers precache by themselves.
It runs on a controller, as Cinder's user, with Cinder installed and the same
cinder.conf, from a timer, for example every ten minutes. Without ``--image`` it
makes the entries that the images' property ``eic_precache``, ``[eic]
precache_images`` and ``precache_families`` ask for. It reads images with the
credentials of ``[eic]`` or ``[service_user]``.

The exit status is not 0 if an entry that is asked for could not be made.
"""

import argparse
from collections.abc import Iterable, Sequence
from typing import Any

from cliff.lister import Lister
from oslo_config import cfg

from eic_plugins.cinder_cache.rules import CachePool
from eic_plugins.cli import arguments, controller, named_images
from eic_plugins.cli.cloud import CloudError
from eic_plugins.glance.catalog import Images
from eic_plugins.glance.documents import ListedImage
from eic_plugins.precache.families import parse_family
from eic_plugins.precache.precache_rules import Wishes, parse_image, with_families
from eic_plugins.precache.precacher import all_images

_ALL = frozenset({'all'})
_COLUMNS = ('Image', 'Pool', 'Outcome', 'Reason', 'Meaning', 'Seconds')


class Precache(Lister):
    """Make the entries of Cinder's image-volume cache that images ask for."""

    auth_required = False  # for the openstack command: it asks as the services do
    _failed = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The arguments."""
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        arguments.add_config_file(parser)
        parser.add_argument(
            '--image',
            action='append',
            default=[],
            metavar='IMAGE',
            help='make entries of this image alone, whether it asks for them or '
            'not: its id, or the name of public images and of those of '
            'precache_projects',
        )
        parser.add_argument(
            '--pool',
            action='append',
            default=[],
            metavar='POOL',
            help='look at this pool or backend alone, named as in eic_precache',
        )
        parser.add_argument(
            '--volume-type',
            metavar='TYPE',
            help='volume type of the seed volumes (default: one that leads to '
            'the pool, default_volume_type if that does)',
        )
        parser.add_argument(
            '--timeout',
            type=float,
            default=3600.0,
            metavar='SECONDS',
            help='seconds that a seed volume may take (default: 3600)',
        )
        parser.add_argument(
            '--assume-cache-enabled',
            action='store_true',
            help='take image_volume_cache_enabled for set where the '
            "configuration lacks the backend's section",
        )
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Print the results, then say by the exit status if all is well."""
        return int(super().run(parsed_args) or self._failed)

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[Sequence[Any]]]:
        """Header and rows."""
        controller.connect(parsed_args.config_file)
        rows = [_row(each) for each in _results(parsed_args)]
        self._failed = any(row[2] == 'failed' for row in rows)
        return _COLUMNS, rows


def wishes_of(options: Any, images: Iterable[str]) -> Wishes:
    """What is to be cached: ``images`` in all pools, or what is configured.

    :param images: ids or names; without any, the configuration decides
    :raises ValueError: a line of ``precache_images`` or ``_families`` says nothing
    """
    projects = frozenset(options.precache_projects)
    asked = dict.fromkeys(images, _ALL)
    if asked:
        return Wishes(asked, projects)
    for line in options.precache_images:
        name, pools = parse_image(line)
        asked[name] = asked.get(name, frozenset()) | pools
    families = tuple(map(parse_family, options.precache_families))
    return Wishes(asked, projects, families=families)


def chosen_pools(pools: Iterable[CachePool], asked: Sequence[str]) -> list[CachePool]:
    """The pools of these names; all if none is asked for.

    :raises ValueError: there is none of that name
    """
    chosen = [each for each in pools if not asked or each.names & {*asked}]
    for name in asked:
        if not any(name in each.names for each in chosen):
            raise ValueError(
                f'The scheduler knows no pool or backend {name!r}; '
                'see openstack volume backend pool list.'
            )
    return chosen


def _results(args: argparse.Namespace) -> Any:
    """:raises CloudError: what is asked for is not there, or nobody can say so"""
    # Cinder's API cannot be imported before its objects are registered.
    from eic_plugins.cinder_cache import seeding, seeds  # noqa: PLC0415

    conf = cfg.CONF
    images = named_images.connect()
    try:
        wishes = wishes_of(conf.eic, args.image)
        cinder = seeds.Seeds(conf, args.volume_type)
        pools = chosen_pools(cinder.pools(), args.pool)
    except (seeds.InternalTenantMissingError, ValueError) as err:
        raise CloudError(str(err)) from err
    listed = _listed(images, wishes)
    seeder = seeding.Seeder(
        cinder,
        seeds.SeedRefusedError,
        with_families(wishes, listed),
        args.timeout,
        assume_enabled=args.assume_cache_enabled,
    )
    return seeder.run(named_images.choose(listed, args.image), pools)


def _listed(images: Images, wishes: Wishes) -> list[ListedImage]:
    try:
        return list(all_images(images, wishes))
    except Exception as err:
        raise named_images.no_answer(err) from err


def _row(result: Any) -> Sequence[Any]:
    meaning = ': '.join(filter(None, (result.reason.message, result.detail)))
    return (
        result.image.id,
        result.pool,
        result.outcome,
        result.reason.value,
        meaning,
        round(result.seconds, 1),
    )
