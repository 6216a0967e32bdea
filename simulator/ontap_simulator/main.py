"""``eic-ontap-simulator [--config TOPOLOGY.toml] [--data-dir DIR]``.

Serves one simulated cluster until SIGTERM or SIGINT. README.md says what it
keeps in the data directory.
"""

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from ontap_simulator import __version__
from ontap_simulator.app import Application
from ontap_simulator.errors.common import ConfigError
from ontap_simulator.models.cluster import Cluster
from ontap_simulator.server import Server
from ontap_simulator.tls import certificates
from ontap_simulator.topology import config
from ontap_simulator.usage import DATA_DIR, EPILOG, EXAMPLE

LOG = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the simulator."""
    options = _parser().parse_args(argv)
    _configure_log(options.log_file)
    try:
        server = start(
            options.config,
            options.data_dir,
            options.ca_dir,
            options.listen,
            options.ontap_version,
            strict=not options.lenient,
        )
    except ConfigError as err:
        print(f'eic-ontap-simulator: {err}', file=sys.stderr)
        return 2
    except OSError as err:
        print(f'eic-ontap-simulator: cannot start: {err}', file=sys.stderr)
        return 1
    _serve_until_signal(server)
    return 0


def start(
    config_file: Path,
    data_dir: Path,
    ca_dir: Path | None = None,
    listen: str | None = None,
    version: str | None = None,
    *,
    strict: bool = True,
) -> Server:
    """A server that is bound, but does not serve yet.

    :param strict: refuse what the release does not have
    """
    topology = config.load(config_file, listen, version)
    cluster = Cluster(topology, data_dir.resolve())
    files = certificates.ensure(
        cluster.data_dir, ca_dir or cluster.data_dir, topology.host, topology.name
    )
    cluster.write_exports()
    server = Server(Application(cluster, strict), topology.host, topology.port, files)
    LOG.info(
        'Cluster %s is at https://%s:%d, its CA at %s',
        topology.name,
        *server.address,
        files.ca,
    )
    return server


def _serve_until_signal(server: Server) -> None:
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    # The thread may end by itself: look at it now and then.
    while not ended.wait(0.5) and thread.is_alive():
        pass
    server.stop()
    LOG.info('Stopped')
    logging.shutdown()
    # A thread that holds an answer, or copies, would keep the process alive.
    os._exit(0 if ended.is_set() else 1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='eic-ontap-simulator',
        description='Simulates the REST API of one ONTAP cluster.',
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        '--config',
        type=Path,
        default=EXAMPLE,
        help='the topology file: the cluster in TOML (default: a small one, below)',
    )
    parser.add_argument(
        '--data-dir',
        type=Path,
        default=DATA_DIR,
        help='where the volumes are; XFS or btrfs for constant-time clones '
        f'(default: ./{DATA_DIR})',
    )
    parser.add_argument(
        '--ca-dir',
        type=Path,
        help='the certificate authority, to share it between '
        'clusters (default: the data directory)',
    )
    parser.add_argument(
        '--listen', metavar='ADDRESS:PORT', help="in place of the topology file's"
    )
    parser.add_argument(
        '--ontap-version',
        metavar='VERSION',
        help="the cluster's release, 9.11.1 to 9.19.1 (default: the topology "
        f"file's; if it has none, ${config.VERSION} or 9.15.1)",
    )
    parser.add_argument(
        '--lenient',
        action='store_true',
        help='accept names and values that this release refuses',
    )
    parser.add_argument('--log-file', type=Path, help='default: standard error')
    parser.add_argument(
        '--version', action='version', version=f'%(prog)s {__version__}'
    )
    return parser


def _configure_log(path: Path | None) -> None:
    logging.basicConfig(
        filename=path,
        level=logging.INFO,
        format='%(asctime)s %(levelname)s %(name)s: %(message)s',
    )


if __name__ == '__main__':
    sys.exit(main())
