"""Facts about files of one FlexVol: FlexClone, rename, size, links."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from eic_plugins.cli.verification.findings import NOT_TRIED, Finding
from eic_plugins.cli.verification.scratch import Scratch
from eic_plugins.ontap.session import (
    OntapError,
    OntapForbiddenError,
    OntapRejectedError,
)
from eic_plugins.ontap.trials import NothingMadeError, Trials
from eic_plugins.support.clock import SYSTEM

_VISIBLE_SECONDS = 5.0
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
    _await(scratch.path('owner-clone'))
    before, after = path.lstat(), scratch.path('owner-clone').lstat()
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
    if held.in_time:
        return Finding('return_timeout', 'honoured')
    return Finding('return_timeout', 'ignored', 'answered with 202 and a job')


def _job_links(trials: Trials, scratch: Scratch) -> Finding:
    held = trials.clone(scratch.file('job'), scratch.stored('job-clone'), hold=False)
    if held.job_found is None:
        return Finding('job_links', NOT_TRIED, 'no answer has a job here')
    return Finding('job_links', 'found' if held.job_found else 'missing')


def _split_status(trials: Trials, scratch: Scratch) -> Finding:
    try:
        shown = trials.shared_data(scratch.pool.flexvol)
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
    _await(scratch.path('link-clone'))
    is_link = scratch.path('link-clone').is_symlink()
    return Finding('symbolic_links', 'link' if is_link else 'target')


def _clone_visible(trials: Trials, scratch: Scratch) -> Finding:
    path = scratch.path('seen-clone')
    trials.clone(scratch.file('seen'), scratch.stored('seen-clone'), hold=True)
    started = SYSTEM.monotonic()
    if os.path.lexists(path):
        return Finding('clone_visible', 'at_once')
    _await(path)
    seconds = SYSTEM.monotonic() - started
    return Finding('clone_visible', 'late', f'after {seconds:.1f} s')


def _speed(trials: Trials, _scratch: Scratch) -> Finding:
    seconds = sorted(trials.seconds_of_a_call() for _ in range(_CALLS))[_CALLS // 2]
    return Finding(
        'speed',
        'fast' if seconds < _SLOW else 'slow',
        f'a call {seconds * 1000:.0f} ms',
    )


def _private_cli_lun(trials: Trials, scratch: Scratch) -> Finding:
    allowed = trials.may_make_luns_of_files(scratch.pool.flexvol)
    return Finding('private_cli_lun', 'served' if allowed else 'refused')


_PROBES: dict[str, Probe] = {
    'clone_owner': _clone_owner,
    'rename_existing': _rename_existing,
    'file_resize': _file_resize,
    'return_timeout': _return_timeout,
    'job_links': _job_links,
    'split_status': _split_status,
    'symbolic_links': _symbolic_links,
    'clone_visible': _clone_visible,
    'speed': _speed,
    'private_cli_lun': _private_cli_lun,
}


def _give_away(path: Path) -> None:
    try:
        os.chown(path, _NOBODY, _NOBODY)
    except PermissionError:
        # Root is squashed there: the mode still tells.
        return


def _await(path: Path) -> None:
    """Until NFS shows a file, or for 5 seconds.

    :raises FileNotFoundError: it does not
    """
    deadline = SYSTEM.monotonic() + _VISIBLE_SECONDS
    while not os.path.lexists(path):
        if SYSTEM.monotonic() > deadline:
            raise FileNotFoundError(f'NFS does not show {path.name}')
        SYSTEM.sleep(0.05)
        os.scandir(path.parent).close()
