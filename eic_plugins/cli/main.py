"""The program ``eic``; its commands are entry points of ``eic.cli``.

``eic reasons`` needs no cloud. ``eic explain`` and ``eic images convert`` ask as a
user, with ``OS_*`` in the environment or, where openstacksdk is installed,
``OS_CLOUD``.
``eic plan``, ``eic cache``, ``eic precache``, ``eic efficiency`` and ``eic images`` are
for operators, on a controller with Cinder and its cinder.conf. ``eic metrics serve``
needs the files of metrics alone.
"""

import sys
from collections.abc import Sequence

from cliff.app import App
from cliff.commandmanager import CommandManager

from eic_plugins.support import own_version


class Program(App):
    """Hands the arguments to a command."""

    def __init__(self) -> None:
        super().__init__(
            description='Why a volume from an image was fast or slow, or would be, and '
            "images precached in Cinder's own cache; deduplication, raw images, and "
            'metrics.',
            version=own_version.VERSION,
            command_manager=CommandManager('eic.cli'),
            deferred_help=True,
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is not 0 if it failed."""
    return int(Program().run(list(sys.argv[1:] if argv is None else argv)))
