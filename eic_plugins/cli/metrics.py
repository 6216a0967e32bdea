"""``eic metrics serve``: one port for the metrics of all processes of a host.

It reads the files of ``[eic] metrics_directory``, and neither cinder.conf nor anything
else: it knows no credentials, and may run as a user that may do nothing.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from cliff.command import Command

from eic_plugins.cli import terminal
from eic_plugins.cli.metrics_server import MetricsServer
from eic_plugins.support.metrics import merged

LOG = logging.getLogger(__name__)

HOST = '127.0.0.1'
PORT = 19776
"""Beyond Prometheus' range for exporters, where all ports are somebody's."""


class MetricsServe(Command):
    """Serve the files of metrics of this host on one port, for Prometheus."""

    auth_required = False  # for the openstack command: it asks nobody

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The arguments."""
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument(
            'directories',
            metavar='DIRECTORY',
            nargs='+',
            type=Path,
            help='metrics_directory of [eic]; several, if services have one each',
        )
        parser.add_argument(
            '--host',
            default=HOST,
            help='the address to listen on; anybody who reaches it may read the '
            'metrics (default: %(default)s)',
        )
        parser.add_argument(
            '--port', type=int, default=PORT, help='(default: %(default)s)'
        )
        parser.add_argument(
            '--stale',
            metavar='SECONDS',
            type=float,
            default=merged.STALE,
            help='leave out files that nobody has written for so long '
            '(default: %(default)g)',
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        """Serve until SIGTERM or Ctrl-C."""
        _refuse_missing(parsed_args.directories)
        collector = merged.MergedFiles(parsed_args.directories, parsed_args.stale)
        with (
            _listening(parsed_args.host, parsed_args.port, collector) as server,
            terminal.ended_by_signals(),
        ):
            sys.stderr.write(f'Serving {server.url}\n')
            sys.stderr.flush()
            _serve(server)
        return 0


def _listening(host: str, port: int, collector: merged.MergedFiles) -> MetricsServer:
    try:
        return MetricsServer((host, port), collector)
    except OSError as err:
        raise ValueError(
            f'nothing can listen at {host}, port {port}: {err.strerror}. Name a port '
            'that is free with --port, or an address of this host with --host'
        ) from err


def _serve(server: MetricsServer) -> None:
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        LOG.debug('Asked to end')


def _refuse_missing(directories: Sequence[Path]) -> None:
    missing = [str(path) for path in directories if not path.is_dir()]
    if missing:
        raise ValueError(f'no such directory: {", ".join(missing)}')
