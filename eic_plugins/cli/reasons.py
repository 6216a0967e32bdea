"""``eic reasons``: what the reasons in logs, metrics and metadata mean."""

import argparse
from collections.abc import Sequence

from cliff.lister import Lister

from eic_plugins.engine import remedies
from eic_plugins.model import Reason

_COLUMNS = ('Reason', 'Meaning', 'What to do', 'Read more')


class Reasons(Lister):
    """List the reasons why a route is not taken, what they mean, and what to do."""

    auth_required = False  # for the openstack command: it asks nobody

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The arguments: the reasons to list, all without any."""
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument(
            'codes',
            metavar='REASON',
            nargs='*',
            type=Reason,
            help='only these, for example other_flexvol',
        )
        return parser

    def take_action(
        self,
        parsed_args: argparse.Namespace,
    ) -> tuple[Sequence[str], list[Sequence[str]]]:
        """Header and rows, which cliff prints as the user asks for."""
        return _COLUMNS, [
            (
                reason.value,
                reason.message,
                remedies.remedy(reason),
                remedies.anchor(reason),
            )
            for reason in parsed_args.codes or Reason
        ]
