"""``eic verify``: tries on your ONTAP what NetApp's documentation leaves open.

It runs on a host of cinder-volume, with its cinder.conf; once, before EIC is used on
a new ONTAP, and after upgrades of ONTAP. In a share, it makes a directory
``eic-verify-…``, as a user that may write to the root of the share, and clones small
and sparse files there. In a FlexVol of LUNs or namespaces, it makes and clones some
that have such names. It removes all of it, also after Ctrl-C. What a run has left that
was killed, the next run removes.

The report says what is so here, and what EIC does differently because of it. Nothing
is to be configured: the driver finds out by itself, too.

Exit status: 0, 1 if the role lacks something or files could not be removed, 130 after
Ctrl-C.
"""

import argparse
import contextlib
import dataclasses
import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cliff.lister import Lister

from eic_plugins.cli import arguments, flexvols, terminal
from eic_plugins.cli.cloud import CloudError
from eic_plugins.cli.plan_costs import HIT_CALLS
from eic_plugins.cli.verification import (
    copy_facts,
    device_facts,
    file_facts,
    measures,
)
from eic_plugins.cli.verification.findings import Finding, Measure
from eic_plugins.cli.verification.scratch import NotWritableError, Scratch
from eic_plugins.cli.verification.scratch_devices import ScratchDevices
from eic_plugins.model import Pool
from eic_plugins.ontap.block import BlockDevices, BlockOptions, Luns, Namespaces
from eic_plugins.ontap.device_trials import DeviceTrials
from eic_plugins.ontap.files import Files
from eic_plugins.ontap.namespace import UnknownShareError
from eic_plugins.ontap.session import OntapError, OntapSession
from eic_plugins.ontap.survey import Forbidden, Survey
from eic_plugins.ontap.trials import Trials

_COLUMNS = ('Kind', 'Item', 'Here', 'Usual', 'What EIC does', 'Seen')
_DEVICES: Mapping[str, type[BlockDevices]] = {
    'iscsi': Luns,
    'fc': Luns,
    'nvme': Namespaces,
}
_NO_SECOND = 'name a pool in another FlexVol with --to'


class Verify(Lister):
    """Try on an ONTAP what is documented nowhere, and measure its clones."""

    auth_required = False
    _failed = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The arguments."""
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        arguments.add_config_file(parser)
        parser.add_argument(
            'pool',
            metavar='POOL',
            help='the share of an NFS pool: ADDRESS:/PATH; or the FlexVol of a pool of '
            'LUNs or namespaces: FLEXVOL or BACKEND#FLEXVOL',
        )
        parser.add_argument(
            '--to',
            metavar='POOL',
            help='a pool of the same kind in another FlexVol of the cluster: copies '
            'are tried, too',
        )
        parser.add_argument(
            '--mount',
            action='append',
            default=[],
            metavar='POOL=DIRECTORY',
            help='where this host has a share mounted (default: where cinder-volume '
            'mounts it)',
        )
        parser.add_argument(
            '--no-measures', action='store_true', help='facts alone; takes seconds'
        )
        parser.add_argument('--yes', action='store_true', help='do not ask')
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Print the report, then say by the exit status if all is well."""
        return int(super().run(parsed_args) or self._failed)

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[Sequence[Any]]]:
        """Header and rows."""
        terminal.silence_libraries()
        sites = list(_sites(parsed_args))
        if len({site.kind for site in sites}) > 1:
            raise CloudError('--to takes a pool of the same kind.')
        if not parsed_args.yes and not terminal.agreed(_question(sites)):
            raise CloudError('Nothing was written.')
        progress = terminal.Progress(terminal.talks(self))
        rows = []
        try:
            with terminal.ended_by_signals():
                for each in _report(sites, not parsed_args.no_measures):
                    progress.say(_words(each))
                    rows.append(row(each))
                    self._failed |= isinstance(each, Forbidden) and each.needed
        except KeyboardInterrupt:
            progress.end()
            sys.stderr.write('Ended early. What was made is removed.\n')
            raise
        finally:
            progress.end()
            for left in filter(None, (site.scratch.left for site in sites)):
                sys.stderr.write(f'{left} is left: remove it by hand.\n')
                self._failed = True
        return _COLUMNS, rows


@dataclasses.dataclass(frozen=True)
class Site:
    """A pool, who can be asked of it, and where it may be written to."""

    svm: flexvols.BackendSvm
    pool: Pool
    scratch: Scratch | ScratchDevices

    @property
    def kind(self) -> str:
        """Of pools, as ``eic check`` names it: ``nfs``, ``luns`` or ``namespaces``."""
        if isinstance(self.scratch, ScratchDevices):
            return self.scratch.devices.kind
        return 'nfs'


def row(found: Finding | Measure | Forbidden) -> Sequence[Any]:
    """One line of the report."""
    if isinstance(found, Finding):
        does = found.consequence or 'as everywhere'
        if found.here == 'not tried':
            does = ''
        return ('fact', found.fact, found.here, found.usual, does, found.detail)
    if isinstance(found, Measure):
        return ('measure', found.name, found.value, '', '', '')
    does = 'volumes take more, or are downloaded' if found.needed else 'limits unseen'
    return ('role', found.path, f'not {found.level}', found.level, does, '')


def _report(
    sites: Sequence[Site], measured: bool
) -> Iterator[Finding | Measure | Forbidden]:
    """Everything, one after the other; what was made is removed at the end."""
    yield from _of_role(sites[0])
    with contextlib.ExitStack() as stack:
        try:
            scratches = [stack.enter_context(site.scratch) for site in sites]
        except NotWritableError as err:
            raise CloudError(str(err)) from err
        session = sites[0].svm.session
        files = [each for each in scratches if isinstance(each, Scratch)]
        devices = [each for each in scratches if isinstance(each, ScratchDevices)]
        if files:
            yield from _of_files(session, files, measured)
        else:
            yield from _of_devices(sites[0], devices, measured)


def _of_files(
    session: OntapSession, scratches: Sequence[Scratch], measured: bool
) -> Iterator[Finding | Measure]:
    files = Files(session)
    trials = Trials(session, files)
    yield from file_facts.find(trials, scratches[0])
    if len(scratches) > 1:
        yield from copy_facts.find(trials, *scratches)
    else:
        yield from copy_facts.none(_NO_SECOND)
    yield Measure('REST calls of a hit', str(HIT_CALLS['files']))
    if measured:
        yield from measures.measure(files, scratches[0])


def _of_devices(
    site: Site, scratches: Sequence[ScratchDevices], measured: bool
) -> Iterator[Finding | Measure]:
    session, first = site.svm.session, scratches[0]
    yield from device_facts.of_cluster(Trials(session, Files(session)), first)
    trials = DeviceTrials(session, first.devices, site.svm.name)
    yield from device_facts.find(trials, first)
    yield device_facts.copied(trials, first, next(iter(scratches[1:]), None))
    yield Measure('REST calls of a hit', str(HIT_CALLS[site.kind]))
    if measured:
        what = site.kind.rstrip('s').replace('lun', 'LUN')
        yield from measures.measure(first.devices, first, what)


def _of_role(site: Site) -> Iterator[Forbidden]:
    """:raises CloudError: the cluster does not answer"""
    try:
        yield from Survey(site.svm.session).forbidden(
            site.svm.user, frozenset({site.kind})
        )
    except OntapError as err:
        raise CloudError(str(err)) from err


def _sites(args: argparse.Namespace) -> Iterator[Site]:
    """
    :raises CloudError: a pool is not there, or not mounted here
    """
    known = flexvols.svms(args.config_file)
    mounts = dict(_mount_of(text) for text in args.mount)
    for name in filter(None, (args.pool, args.to)):
        if ':/' in name:
            yield _share(known, name.rpartition('#')[2], mounts)
        else:
            yield _flexvol(known, name)


def _share(
    known: Sequence[flexvols.BackendSvm], share: str, mounts: Mapping[str, Path]
) -> Site:
    svm, pool = _find(known, share)
    directory = mounts.get(share) or _mounted(svm, share)
    if not directory.is_dir():
        raise CloudError(
            f'{share} is not mounted at {directory}. Say where it is: --mount '
            f'{share}=DIRECTORY'
        )
    return Site(svm, pool, Scratch(pool, directory))


def _flexvol(known: Sequence[flexvols.BackendSvm], name: str) -> Site:
    (found,) = flexvols.find(known, [name])
    svm, pool_name = found.svm, name.rpartition('#')[2]
    try:
        pool = Pool(pool_name, svm.namespace.flexvol(pool_name))
    except (UnknownShareError, OntapError) as err:
        raise CloudError(str(err)) from err
    section = name.rpartition('#')[0].rpartition('@')[2]
    own = [svm.protocols[section]] if section else [*svm.protocols.values()]
    devices = [_DEVICES[protocol] for protocol in own if protocol in _DEVICES]
    if not devices:
        raise CloudError(f'{name} is of an NFS backend: write ADDRESS:/PATH.')
    made = devices[0](svm.session, svm.name, BlockOptions(space_reserved=False))
    return Site(svm, pool, ScratchDevices(pool, made))


def _find(
    known: Sequence[flexvols.BackendSvm], share: str
) -> tuple[flexvols.BackendSvm, Pool]:
    reasons = []
    for svm in known:
        try:
            return svm, svm.namespace.pool(share)
        except (UnknownShareError, OntapError) as err:
            reasons.append(str(err))
    raise CloudError(f'No backend has the share {share}. {". ".join(reasons)}')


def _mounted(svm: flexvols.BackendSvm, share: str) -> Path:
    # As os-brick names the directory.
    name = hashlib.md5(share.encode(), usedforsecurity=False).hexdigest()
    return Path(svm.mount_base) / name


def _mount_of(text: str) -> tuple[str, Path]:
    share, separator, directory = text.rpartition('=')
    if not separator:
        raise CloudError(f'--mount {text}: write POOL=DIRECTORY')
    return share, Path(directory)


def _question(sites: Sequence[Site]) -> str:
    places = ' and '.join(
        f'FlexVol {site.pool.flexvol.name} of SVM {site.pool.flexvol.svm}'
        for site in sites
    )
    if sites[0].kind != 'nfs':
        return (
            f'eic verify makes {sites[0].kind} eic-verify-… without reserved space in '
            f'{places}, clones them, and deletes them. Go on?'
        )
    return (
        f'eic verify makes a directory in {places}, clones small and sparse files '
        'there (about 3 MiB are written), and removes it. Go on?'
    )


def _words(found: Finding | Measure | Forbidden) -> str:
    _, item, here, *_ = row(found)
    return f'{item}: {here}'
