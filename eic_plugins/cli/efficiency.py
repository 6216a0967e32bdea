"""``eic efficiency``: deduplication of FlexVols, as ``volume efficiency`` of ONTAP.

Runs where cinder.conf is: the backends' own credentials ask ONTAP. A pool is named
as the scheduler shows it (``HOST@BACKEND#POOL``), by its share, or by its FlexVol.
``on`` and ``start`` show what they change, and ask. Ctrl-C ends the command and
leaves the scan to ONTAP.

Exit status: 0, 1 if something failed or was not wanted, 130 after Ctrl-C.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from cliff.command import Command
from cliff.lister import Lister

from eic_plugins.cli import flexvols, terminal
from eic_plugins.cli.cloud import CloudError
from eic_plugins.cli.flexvols import BackendSvm, Found
from eic_plugins.cli.image_files import Catalog
from eic_plugins.ontap.efficiency import Deduplication
from eic_plugins.ontap.session import OntapError

_FAILED = 1
_COLUMNS = (
    'SVM',
    'FlexVol',
    'State',
    'Status',
    'Progress',
    'Policy',
    'Deduplication',
    'Used',
    'Saved',
    'Saved percent',
    'Last scan',
)


class EfficiencyShow(Lister):
    """Show the deduplication of FlexVols: state, progress and savings in bytes."""

    auth_required = False  # for the openstack command: it asks as the services do

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The arguments."""
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        _add_arguments(parser, 'default: all FlexVols of the enabled backends')
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[Sequence[Any]]]:
        """Header and rows."""
        terminal.silence_libraries()
        return _COLUMNS, [
            _row(each) for each in _listed(parsed_args, terminal.talks(self))
        ]


class EfficiencyOn(Command):
    """Have ONTAP deduplicate what is written to FlexVols from now on."""

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The arguments."""
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        _add_changing_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        """Turn it on where it is off."""
        terminal.silence_libraries()
        statuses = [
            _turn_on(each, parsed_args.yes)
            for each in _chosen(parsed_args, terminal.talks(self))
        ]
        return max(statuses, default=0)


class EfficiencyStart(Command):
    """Have ONTAP look for what FlexVols have twice, and wait until it has."""

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The arguments."""
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        _add_changing_arguments(parser)
        parser.add_argument(
            '--scan-old-data',
            action='store_true',
            help='read all that a FlexVol has, and not only what was written since '
            'the last scan',
        )
        parser.add_argument(
            '--no-wait', action='store_true', help='do not wait until it has ended'
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        """Start one scan after the other; each is waited for."""
        terminal.silence_libraries()
        shown = terminal.talks(self)
        return max(
            (_start(each, parsed_args, shown) for each in _chosen(parsed_args, shown)),
            default=0,
        )


def _add_arguments(parser: argparse.ArgumentParser, default: str) -> None:
    flexvols.add_arguments(parser)
    parser.add_argument(
        'pools',
        metavar='POOL',
        nargs='*',
        help='a pool as the scheduler shows it, a share, or the name of a FlexVol '
        f'({default})',
    )
    parser.add_argument(
        '--images', action='store_true', help="the FlexVols with Glance's images"
    )


def _add_changing_arguments(parser: argparse.ArgumentParser) -> None:
    _add_arguments(parser, 'at least one, or --images')
    parser.add_argument('--yes', action='store_true', help='do not ask')


def _listed(args: argparse.Namespace, shown: bool) -> list[Deduplication]:
    """:raises CloudError: ONTAP or Glance does not answer"""
    known = flexvols.svms(args.config_file)
    try:
        if args.pools or args.images:
            return [_state(each) for each in _named(args, known, shown)]
        listed = [each for svm in known for each in svm.efficiency.of_svm(svm.name)]
    except OntapError as err:
        raise CloudError(str(err)) from err
    return list({each.uuid: each for each in listed}.values())


def _chosen(args: argparse.Namespace, shown: bool) -> list[Found]:
    """:raises CloudError: nothing is named, or it is not there"""
    if not (args.pools or args.images):
        raise CloudError('Name a POOL, or say --images.')
    return _named(args, flexvols.svms(args.config_file), shown)


def _named(
    args: argparse.Namespace, known: Sequence[BackendSvm], shown: bool
) -> list[Found]:
    found = flexvols.find(known, args.pools)
    if args.images:
        found += _with_images(known, shown)
    return list({each.uuid: each for each in found}.values())


def _with_images(known: Sequence[BackendSvm], shown: bool) -> list[Found]:
    catalog = Catalog(known)
    listed = catalog.images()
    progress = terminal.Progress(shown and sys.stderr.isatty())
    files = []
    for number, each in enumerate(listed, start=1):
        progress.say(f'{number} of {len(listed)} images')
        files.append(catalog.file_of(each.image.id))
    progress.end()
    found = [each.found for each in files if each.found]
    if not found:
        raise CloudError(
            "No image of Glance's has a location in a FlexVol of these backends' "
            'clusters: eic images says why.'
        )
    return found


def _state(found: Found) -> Deduplication:
    """:raises CloudError: ONTAP does not answer, or the role forbids it"""
    try:
        return found.svm.efficiency.of(found.uuid)
    except OntapError as err:
        raise CloudError(str(err)) from err


def _row(found: Deduplication) -> Sequence[Any]:
    cells = (
        found.svm,
        found.flexvol,
        found.state,
        found.status,
        found.progress,
        found.policy,
        found.mode,
        found.used,
        found.saved,
        found.saved_percent,
        ' '.join(filter(None, (found.last[1], found.last_state))),
    )
    return [terminal.plain(c) if isinstance(c, str) else c for c in cells]


def _turn_on(found: Found, sure: bool) -> int:
    before = _state(found)
    name = _name(before)
    if before.enabled:
        _tell(f'{name}: deduplication is on already.')
        return 0
    _tell(f'{name}: efficiency.dedupe {before.mode} becomes {before.mode_to_set}.')
    if not _wanted(sure):
        return _FAILED
    try:
        after = found.svm.efficiency.turn_on(before)
    except OntapError as err:
        raise CloudError(f'{name}: {err}') from err
    if not after.enabled:
        raise CloudError(
            f'{name}: ONTAP took the change, but says that deduplication is '
            f'{after.state}. On the cluster: volume efficiency on -vserver '
            f'{after.svm} -volume {after.flexvol}'
        )
    _tell(
        f'{name}: deduplication is on. What it has already is looked at after '
        f'eic efficiency start --scan-old-data {after.flexvol}'
    )
    return 0


def _start(found: Found, args: argparse.Namespace, shown: bool) -> int:
    before = _state(found)
    name = _name(before)
    if before.busy:
        _tell(f'{name}: a scan runs already.')
    elif not before.enabled:
        raise CloudError(
            f'{name}: deduplication is off: eic efficiency on {before.flexvol}'
        )
    else:
        what = f'all of its {before.used} bytes' if args.scan_old_data else 'new data'
        _tell(f'{name}: ONTAP will scan {what}, which takes its processors and disks.')
        if not _wanted(args.yes):
            return _FAILED
        try:
            found.svm.efficiency.start(found.uuid, args.scan_old_data)
        except OntapError as err:
            raise CloudError(f'{name}: {err}') from err
        _tell(f'{name}: the scan is started.')
    return 0 if args.no_wait else _follow(found, before, shown)


def _follow(found: Found, before: Deduplication, shown: bool) -> int:
    name = _name(before)
    progress = terminal.Progress(shown)
    last = before
    try:
        for last in found.svm.efficiency.follow(before):
            progress.say(f'{name}: {last.status}, {last.progress}')
    except OntapError as err:
        raise CloudError(f'{name}: the scan goes on without us: {err}') from err
    except KeyboardInterrupt:
        progress.end()
        _tell(
            f'{name}: the scan goes on in ONTAP. See how far it is: '
            f'eic efficiency show {before.flexvol}. To stop it, on the cluster: '
            f'volume efficiency stop -vserver {before.svm} -volume {before.flexvol}'
        )
        raise
    progress.end()
    return _result(name, last)


def _result(name: str, last: Deduplication) -> int:
    if last.last_state not in {'', '-', 'Success'}:
        raise CloudError(f'{name}: the scan failed: {terminal.plain(last.last_error)}')
    _tell(f'{name}: the scan has ended; {last.saved} bytes are saved.')
    return 0


def _wanted(sure: bool) -> bool:
    if sure or terminal.agreed('Do it?'):
        return True
    _tell('Nothing was changed.')
    return False


def _name(found: Deduplication) -> str:
    return terminal.plain(f'{found.flexvol} ({found.svm})')


def _tell(text: str) -> None:
    sys.stderr.write(f'{text}\n')
