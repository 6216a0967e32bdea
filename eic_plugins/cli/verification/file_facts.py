"""Facts about files of one FlexVol: FlexClone, rename, size, links."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from eic_plugins.cli.verification.findings import NOT_TRIED, Finding
from eic_plugins.cli.verification.scratch import Scratch
from eic_plugins.model import Pool
from eic_plugins.ontap.session import (
    OntapError,
    OntapForbiddenError,
    OntapRejectedError,
)
from eic_plugins.ontap.trials import Held, NothingMadeError, Trials
from eic_plugins.support.clock import SYSTEM

_NOBODY = 65534
_SLOW = 0.05
"""Seconds of a small call, from which on a cluster is slow."""
_CALLS = 5

Probe = Callable[[Trials, Scratch], Finding]


def find(trials: Trials, scratch: Scratch) -> Iterator[Finding]:
    """All facts about files, one after the other."""
    for fact, probe in _PROBES.items():
        try:
            yield probe(trials, scratch)
        except (OntapError, OSError) as err:
            yield Finding(fact, NOT_TRIED, str(err))


def _clone_owner(trials: Trials, scratch: Scratch) -> Finding:
    source, clone = scratch.file('owner'), scratch.stored('owner-clone')
    path = scratch.path('owner')
    if os.geteuid() == 0:
        # Root's own file would tell nothing.
        _give_away(path)
    trials.clone(source, clone, hold=True)
    before, after = path.lstat(), scratch.awaited('owner-clone')
    same = (before.st_uid, before.st_gid, before.st_mode) == (
        after.st_uid,
        after.st_gid,
        after.st_mode,
    )
    return Finding(
        'clone_owner',
        'source' if same else 'root',
        f'source {before.st_uid}:{before.st_gid} {before.st_mode & 0o777:o}, '
        f'clone {after.st_uid}:{after.st_gid} {after.st_mode & 0o777:o}',
    )


def _rename_existing(trials: Trials, scratch: Scratch) -> Finding:
    source, target = scratch.file('new'), scratch.file('existing')
    try:
        trials.files.rename(source, target)
    except OntapRejectedError as err:
        return Finding('rename_existing', 'refused', f'code {err.code}')
    return Finding('rename_existing', 'replaced')


def _file_resize(trials: Trials, scratch: Scratch) -> Finding:
    file, size = scratch.file('grows'), 1 << 20
    try:
        trials.files.resize(file, size)
    except OntapRejectedError as err:
        return Finding('file_resize', 'refused', f'code {err.code}')
    found = trials.files.stat(file)
    grown = found is not None and found.size == size
    return Finding('file_resize', 'grows' if grown else 'refused')


def _return_timeout(trials: Trials, scratch: Scratch) -> Finding:
    held = trials.clone(scratch.file('held'), scratch.stored('held-clone'), hold=True)
    return return_timeout(held)


def _job_links(trials: Trials, scratch: Scratch) -> Finding:
    held = trials.clone(scratch.file('job'), scratch.stored('job-clone'), hold=False)
    return job_links(held)


def return_timeout(held: Held) -> Finding:
    """Whether ONTAP held its answer to a clone until the work had ended."""
    if held.in_time:
        return Finding('return_timeout', 'honoured')
    return Finding('return_timeout', 'ignored', 'answered with 202 and a job')


def job_links(held: Held) -> Finding:
    """Whether the job that a clone was answered with is found."""
    if held.job_found is None:
        return Finding('job_links', NOT_TRIED, 'no answer has a job here')
    return Finding('job_links', 'found' if held.job_found else 'missing')


def split_status(trials: Trials, pool: Pool) -> Finding:
    """Whether the user is shown what clones share."""
    try:
        shown = trials.shared_data(pool.flexvol)
    except OntapForbiddenError as err:
        return Finding('split_status', 'refused', f'code {err.code}')
    return Finding('split_status', 'shown' if shown else 'empty')


def _symbolic_links(trials: Trials, scratch: Scratch) -> Finding:
    scratch.file('linked')
    scratch.path('link').symlink_to('linked')
    try:
        trials.clone(scratch.stored('link'), scratch.stored('link-clone'), hold=True)
    except OntapRejectedError as err:
        return Finding('symbolic_links', 'link', f'its clone is refused: {err.code}')
    except NothingMadeError:
        return Finding('symbolic_links', 'link', 'nothing comes of its clone')
    is_link = stat.S_ISLNK(scratch.awaited('link-clone').st_mode)
    return Finding('symbolic_links', 'link' if is_link else 'target')


def _clone_visible(trials: Trials, scratch: Scratch) -> Finding:
    trials.clone(scratch.file('seen'), scratch.stored('seen-clone'), hold=True)
    started = SYSTEM.monotonic()
    if os.path.lexists(scratch.path('seen-clone')):
        return Finding('clone_visible', 'at_once')
    scratch.awaited('seen-clone')
    seconds = SYSTEM.monotonic() - started
    return Finding('clone_visible', 'late', f'after {seconds:.1f} s')


def speed(trials: Trials) -> Finding:
    """How long a small call takes."""
    # The fastest of some: a host that is busy makes no cluster slow.
    seconds = min(trials.seconds_of_a_call() for _ in range(_CALLS))
    return Finding(
        'speed',
        'fast' if seconds < _SLOW else 'slow',
        f'a call {seconds * 1000:.0f} ms',
    )


def private_cli_lun(trials: Trials, pool: Pool) -> Finding:
    """Whether a LUN can be made of a file, by REST."""
    allowed = trials.may_make_luns_of_files(pool.flexvol)
    return Finding('private_cli_lun', 'served' if allowed else 'refused')


_PROBES: dict[str, Probe] = {
    'clone_owner': _clone_owner,
    'rename_existing': _rename_existing,
    'file_resize': _file_resize,
    'return_timeout': _return_timeout,
    'job_links': _job_links,
    'split_status': lambda trials, scratch: split_status(trials, scratch.pool),
    'symbolic_links': _symbolic_links,
    'clone_visible': _clone_visible,
    'speed': lambda trials, _: speed(trials),
    'private_cli_lun': lambda trials, scratch: private_cli_lun(trials, scratch.pool),
}


def _give_away(path: Path) -> None:
    try:
        os.chown(path, _NOBODY, _NOBODY)
    except PermissionError:
        # Root is squashed there: the mode still tells.
        return
