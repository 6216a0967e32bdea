"""``eic explain VOLUME|SERVER|IMAGE``: tells in sentences what became of it, and why.

A volume: by which route it got its image. A server: what it boots from, and the
same of its boot volume. An image: which volumes are from it, and where it is cached.
"""

import argparse
import sys
from collections.abc import Iterator

from cliff.command import Command

from eic_plugins.cli import cloud, terminal, things
from eic_plugins.cli.explain_image import explain_image
from eic_plugins.cli.explain_server import explain_server
from eic_plugins.cli.explain_volume import explain_volume


class Explain(Command):
    """Say by which route a volume got its image, and why not by a faster one."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The arguments: what is to be explained."""
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument(
            'thing', metavar='VOLUME|SERVER|IMAGE', help='name or id of one of them'
        )
        which = parser.add_mutually_exclusive_group()
        for kind in things.KINDS:
            which.add_argument(
                f'--{kind}',
                dest='kinds',
                action='store_const',
                const=(kind,),
                help=f'it is a name or id of {"an" if kind[0] == "i" else "a"} {kind}',
            )
        parser.set_defaults(kinds=things.KINDS)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Print it."""
        terminal.silence_libraries()
        services = things.Cloud(
            things.Service('Cinder', cloud.cinder(self.app)),
            things.Service('Nova', cloud.nova(self.app)),
            things.Service('Glance', cloud.images(self.app)),
        )
        thing = services.find(parsed_args.thing, parsed_args.kinds)
        progress = terminal.Progress(terminal.talks(self) and sys.stderr.isatty())
        progress.say('asking Cinder')
        lines = list(sentences(services, thing))
        progress.end()
        for line in lines:
            self.app.stdout.write(f'{line}\n')


def sentences(services: things.Cloud, thing: things.Thing) -> Iterator[str]:
    """What there is to say of a thing.

    :raises CloudError: a service says no
    """
    if thing.kind == 'server':
        return explain_server(services, thing.shown)
    if thing.kind == 'image':
        return explain_image(services, thing.shown)
    return explain_volume(thing.shown)
