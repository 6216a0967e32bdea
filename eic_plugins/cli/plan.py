"""``eic plan``: how a volume from an image would come about in each pool.

It runs on a controller or on a host of cinder-volume, as Cinder's user, with
cinder.conf. The driver's own planner decides, on facts that are only read:
nothing is changed, neither on ONTAP nor in Cinder, Glance or a share.
"""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cliff.columns import FormattableColumn
from cliff.lister import Lister
from oslo_utils import units

from eic_plugins.cli import arguments, controller, named_images
from eic_plugins.cli.cloud import CloudError
from eic_plugins.cli.plan_costs import cost_of
from eic_plugins.engine import remedies
from eic_plugins.model import Image, Refusal

_COLUMNS = ('Pool', 'Route', 'Calls', 'Downloads', 'Cost', 'Why not faster', 'Seen by')
_UNKNOWN = 'unknown'


class Plan(Lister):
    """Say by which route a volume would get an image, per pool. Changes nothing."""

    auth_required = False  # for the openstack command: it asks as the services do
    _unknown = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The arguments."""
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        arguments.add_config_file(parser)
        parser.add_argument(
            '--image', required=True, metavar='IMAGE', help='name or id'
        )
        parser.add_argument(
            '--pool',
            action='append',
            default=[],
            metavar='POOL',
            help='this pool or backend alone; may be given several times',
        )
        parser.add_argument(
            '--type',
            metavar='TYPE',
            help='volume type: its pools alone, and whether it is encrypted',
        )
        parser.add_argument(
            '--size',
            type=int,
            metavar='GIB',
            help='of the volume (default: the smallest that the image fits into)',
        )
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Print the plans, then say by the exit status if there is one for each
        pool.
        """
        return int(super().run(parsed_args) or self._unknown)

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[Sequence[Any]]]:
        """Header and rows."""
        controller.connect(parsed_args.config_file)
        image = named_images.find(named_images.connect(), parsed_args.image).image
        found = foresee(
            image, parsed_args.size, parsed_args.pool, parsed_args.type, ask_scheduler()
        )
        self._unknown = any(each.plan is None for each in found)
        return _COLUMNS, [row(each, image) for each in found]


class Refusals(FormattableColumn[Any]):
    """Lines for people, and a list of objects for programs."""

    def human_readable(self) -> str:
        """A line for each."""
        return '\n'.join(
            f'{each["route"]}={each["reason"]}: {each["what_to_do"]}'
            for each in self._value
        )


def ask_scheduler() -> Iterable[Mapping[str, Any]]:
    """All pools that cinder-scheduler knows.

    :raises CloudError: it does not answer
    """
    from eic_plugins.volume.pools import deployment  # noqa: PLC0415

    try:
        return deployment.ask_scheduler()
    except Exception as err:
        raise CloudError(
            'cinder-scheduler does not say which pools there are '
            f'({type(err).__name__}). Is it up, and transport_url right?'
        ) from err


def foresee(
    image: Image,
    size: int | None,
    pools: Sequence[str],
    volume_type: str | None,
    reported: Iterable[Mapping[str, Any]],
) -> list[Any]:
    """What would become of a volume in each pool that is asked for.

    :param size: GiB, None for the smallest volume that the image fits into
    :param pools: names, none for all
    :param reported: all pools as the scheduler knows them
    :raises CloudError: there is no such pool or volume type
    """
    from eic_plugins.volume.planning import foresight, reports  # noqa: PLC0415

    known = reports.reported_pools(reported)
    chosen = [each for each in known if not pools or each.names & {*pools}]
    missing = [name for name in pools if not any(name in each.names for each in chosen)]
    if missing:
        raise CloudError(f'No backend of EIC has reported a pool {missing[0]!r}.')
    encrypted = False
    if volume_type is not None:
        try:
            found = reports.find_volume_type(volume_type)
        except reports.UnknownVolumeTypeError as err:
            raise CloudError(str(err)) from err
        chosen = [each for each in chosen if found.leads_to(each)]
        encrypted = found.encrypted
    if not chosen:
        raise CloudError(
            'No pool of a backend of EIC is left: see openstack volume backend pool '
            'list --long. A pool reports itself a minute after cinder-volume began.'
        )
    of_image = foresight.Foresight(image, size or smallest(image), known, encrypted)
    return [of_image.of(each) for each in chosen]


def smallest(image: Image) -> int:
    """GiB of the smallest volume that the image fits into, as far as that is known."""
    needed = max(image.raw_size, image.virtual_size or 0, image.size, 1)
    return max(image.min_disk, -(-needed // units.Gi))


def row(foreseen: Any, image: Image) -> Sequence[Any]:
    """One pool's."""
    name = foreseen.pool.known.name
    if foreseen.plan is None:
        return (name, _UNKNOWN, None, None, '', Refusals([]), foreseen.seen_by)
    plan = foreseen.plan
    cost = cost_of(plan.route, foreseen.pool.known.kind, image)
    return (
        name,
        plan.route,
        cost.calls,
        cost.downloads,
        cost.words,
        Refusals([_told(refusal) for refusal in plan.refusals]),
        foreseen.seen_by,
    )


def _told(refusal: Refusal) -> Mapping[str, str]:
    reason = refusal.reason
    return {
        'route': str(refusal.subject),
        'reason': reason.value,
        'meaning': reason.message,
        'detail': refusal.detail,
        'what_to_do': remedies.remedy(reason),
        'more': remedies.anchor(reason),
    }
