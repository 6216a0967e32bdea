"""Arguments that several commands of ``eic`` take."""

import argparse


def add_config_file(parser: argparse.ArgumentParser) -> None:
    """``--config-file FILE``, for commands that need Cinder's configuration."""
    parser.add_argument(
        '--config-file',
        action='append',
        default=[],
        metavar='FILE',
        help="cinder.conf, and those with the backends' sections; may be given "
        'several times (default: where Cinder looks)',
    )
