"""``eic check``: what of Enhanced Instance Creation is wrong on this cloud, and
what to do about it.

Reads the configuration files that this host has, and asks Glance and ONTAP with
the credentials that stand there. Any user who may read the files may run it; run
it on the hosts of cinder-volume, cinder-api, nova-api and glance-api, for each
says what it could not see.

Exit status: 0 if all passes, 1 with warnings, 2 with failures, 3 after an error
of ``eic`` itself, 130 after Ctrl-C. What could not be seen counts neither way.
"""

import argparse
import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from cliff.lister import Lister
from oslo_log import log as logging

from eic_plugins.cli import terminal
from eic_plugins.cli.checks import fix, redaction, report, runner, sources
from eic_plugins.cli.checks.facts import Facts
from eic_plugins.cli.checks.finding import NotSeenError
from eic_plugins.cli.checks.runner import Check as OneCheck
from eic_plugins.cli.checks.runner import Result

LOG = logging.getLogger(__name__)
_INTERRUPTED = 130
_PATIENCE = 1.0
"""Seconds after which the progress is shown."""


class Check(Lister):
    """Say what of Enhanced Instance Creation is wrong here, and the remedy."""

    auth_required = False  # for the openstack command: it asks as the services do
    _status = report.BROKEN

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The arguments."""
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        add_arguments(parser)
        parser.add_argument(
            'checks', metavar='CHECK', nargs='*', help='only these, by name'
        )
        parser.add_argument(
            '--list', action='store_true', help='list the checks and run none'
        )
        parser.add_argument(
            '--fix',
            action='store_true',
            help='make the changes that are safe, after showing each and asking; '
            'a backup stays beside each file',
        )
        parser.add_argument('--yes', action='store_true', help='with --fix: do not ask')
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Print the results, then sum them up by the exit status."""
        try:
            failed = super().run(parsed_args)
        except KeyboardInterrupt:
            return _INTERRUPTED
        except (ValueError, fix.FixError) as err:
            LOG.error('%s', err)
            return report.BROKEN
        return int(failed or self._status)

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[Sequence[Any]]]:
        """Header and rows."""
        checks = runner.load(parsed_args.checks)
        terminal.silence_libraries()
        if parsed_args.list:
            self._status = report.ALL_PASS
            return ('Check', 'Looks at'), [(each.name, each.about) for each in checks]
        facts = facts_of(parsed_args)
        results = self._run_all(checks, facts)
        if parsed_args.fix and self._fix(results, facts, parsed_args.yes):
            results = self._run_all(checks, facts_of(parsed_args))
        self._status = report.exit_status(results)
        self._tell(report.summary(results))
        level = self._verbosity()
        quiet, verbose = level < 1, level > 1
        header = report.VERBOSE_COLUMNS if verbose else report.COLUMNS
        return header, report.rows(results, redactor(facts), quiet, verbose)

    def _run_all(self, checks: Sequence[OneCheck], facts: Facts) -> list[Result]:
        shown = self._verbosity() > 0 and sys.stderr.isatty()
        with _progress(len(checks), shown) as ended:
            return runner.run(checks, facts, ended)

    def _fix(self, results: Sequence[Result], facts: Facts, sure: bool) -> bool:
        """Whether something was changed."""
        safe = [c for r in results for c in r.finding.changes if c.safe]
        changed = False
        redact = redactor(facts)
        for path, changes in fix.by_file(safe).items():
            for line in fix.preview(path, changes).splitlines():
                self._tell(redact(line))
            if sure or terminal.agreed(f'Change {path}?'):
                self._tell(
                    f'Changed; what was before is {fix.carry_out(path, changes)}'
                )
                changed = True
        if not safe:
            self._tell('There is nothing that is safe to change.')
        return changed

    def _verbosity(self) -> int:
        options = getattr(self.app, 'options', None)
        return int(getattr(options, 'verbose_level', 1))

    def _tell(self, text: str) -> None:
        if self._verbosity() > 0:
            sys.stderr.write(f'{text}\n')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that say where to look."""
    parser.add_argument(
        '--config-file',
        action='append',
        default=[],
        metavar='[SERVICE=]FILE',
        help='configuration file of cinder, nova or glance, several times for '
        'several; the path says of which service it is, or SERVICE '
        '(default: where packages and containers have them)',
    )
    parser.add_argument(
        '--config-dir',
        action='append',
        default=[],
        metavar='[SERVICE=]DIR',
        help='directory whose .conf files are read after the files',
    )
    parser.add_argument(
        '--cinder-user',
        default='cinder',
        metavar='USER',
        help='the user that cinder-volume runs as: name or number (default: cinder)',
    )
    parser.add_argument(
        '--glance-user',
        default='glance',
        metavar='USER',
        help='the user that glance-api runs as (default: glance)',
    )
    parser.add_argument(
        '--timeout',
        type=float,
        default=15.0,
        metavar='SECONDS',
        help='seconds after which what did not answer is given up (default: 15)',
    )


def facts_of(parsed_args: argparse.Namespace) -> Facts:
    """What can be seen from here, as the arguments say.

    :raises ValueError: an argument is not understood
    """
    found = sources.find(parsed_args.config_file, parsed_args.config_dir)
    users = {'cinder': parsed_args.cinder_user, 'glance': parsed_args.glance_user}
    return Facts(found, parsed_args.timeout, users)


def redactor(facts: Facts) -> redaction.Redaction:
    """Hides the secrets of the configuration files that can be read."""
    configurations = []
    for service in sources.SERVICES:
        with contextlib.suppress(NotSeenError):
            configurations.append(facts.configuration(service))
    return redaction.Redaction(redaction.secrets_of(configurations))


@contextlib.contextmanager
def _progress(count: int, shown: bool) -> Iterator[Any]:
    started = time.monotonic()
    done: list[str] = []

    def ended(name: str) -> None:
        done.append(name)
        if shown and time.monotonic() - started > _PATIENCE:
            sys.stderr.write(f'\r{len(done)} of {count} checks')
            sys.stderr.flush()

    yield ended
    if shown and time.monotonic() - started > _PATIENCE:
        sys.stderr.write('\r\x1b[K')
