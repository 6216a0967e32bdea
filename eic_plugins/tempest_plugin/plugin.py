"""Where tempest finds the tests of this folder, and their options.

Plugs in under ``tempest.test_plugins``; the options stand in ``tempest.conf``, in
``[eic]`` and ``[service_available]``: :mod:`eic_plugins.tempest_plugin.options`.
"""

from pathlib import Path
from typing import Any

from tempest import config
from tempest.test_discover import plugins

from eic_plugins.tempest_plugin import options

_TESTS = Path(__file__).parent / 'tests'
_TOP = _TESTS.parents[2]
"""From here a test's name begins: ``eic_plugins.tempest_plugin.tests...``."""


class EICTempestPlugin(plugins.TempestPlugin):
    """Tests of Enhanced Instance Creation."""

    def load_tests(self) -> tuple[str, str]:
        """Where the tests are, and where their names begin."""
        return str(_TESTS), str(_TOP)

    def register_opts(self, conf: Any) -> None:
        """Make the options known to tempest."""
        config.register_opt_group(
            conf, config.service_available_group, options.SERVICE_OPTS
        )
        config.register_opt_group(conf, options.GROUP, options.EIC_OPTS)

    def get_opt_lists(self) -> list[tuple[str, list[Any]]]:
        """For tempest's sample of its configuration."""
        return [
            (config.service_available_group.name, options.SERVICE_OPTS),
            (options.GROUP.name, options.EIC_OPTS),
        ]
