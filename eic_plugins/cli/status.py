"""``eic-status upgrade check``: the checks of ``eic check``, as services have theirs.

``--config-file`` and ``--config-dir`` name files by their path, as in ``eic
check``. What could not be seen is a success, and its details say so. The exit
status is 0, 1 with warnings, 2 with failures, and 255 after an error of ours.
"""

import sys
from collections.abc import Callable, Sequence

from oslo_config import cfg
from oslo_upgradecheck import upgradecheck
from oslo_upgradecheck.upgradecheck import Code, Result

from eic_plugins.cli import check
from eic_plugins.cli.checks import runner, sources
from eic_plugins.cli.checks.facts import Facts
from eic_plugins.cli.checks.finding import Status
from eic_plugins.cli.checks.redaction import Redaction

_CODES = {Status.FAILURE: Code.FAILURE, Status.WARNING: Code.WARNING}


class UpgradeCommands(upgradecheck.UpgradeCommands):
    """Runs all checks and hands each result over as that of an upgrade check.

    :param conf: the parsed command line
    """

    display_title = 'Enhanced Instance Creation'

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__()
        self._conf = conf

    def check(self) -> Code:
        """Run them, print the results, and return the worst one."""
        facts = Facts(sources.find(self._conf.config_file, self._conf.config_dir))
        found: dict[str, list[runner.Result]] = {}
        for result in runner.run(runner.load(), facts):
            found.setdefault(result.check, []).append(result)
        redact = check.redactor(facts)
        self._upgrade_checks = tuple(
            (name, _as_check(results, redact)) for name, results in found.items()
        )
        return super().check()


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; the exit status."""
    conf = cfg.ConfigOpts()
    return int(
        upgradecheck.main(
            conf,
            'eic',
            UpgradeCommands(conf),
            list(sys.argv[1:] if argv is None else argv),
            default_config_files=[],
        )
    )


def _as_check(
    results: Sequence[runner.Result], redact: Redaction
) -> Callable[[UpgradeCommands], Result]:
    worst = results[0].finding.status
    texts = [
        redact('. '.join(filter(None, (r.finding.why, r.finding.advice))))
        for r in results
    ]
    details = '; '.join(filter(None, texts)) or None
    if worst is Status.NOT_SEEN:
        details = f'not seen: {details}'
    found = Result(_CODES.get(worst, Code.SUCCESS), details)
    return lambda _: found
