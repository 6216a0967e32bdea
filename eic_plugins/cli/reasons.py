"""``eic reasons``: what the reasons in logs, metrics and metadata mean."""

import argparse

from cliff.lister import Lister

from eic_plugins.model import Reason


class Reasons(Lister):
    """List the reasons why a route is not taken, and what they mean."""

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
    ) -> tuple[tuple[str, str], list[tuple[str, str]]]:
        """Header and rows, which cliff prints as the user asks for."""
        return ('Reason', 'Meaning'), [
            (reason.value, reason.message) for reason in parsed_args.codes or Reason
        ]
