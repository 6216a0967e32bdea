"""Facts about LUNs or namespaces: FlexClone, name, comment, space, copies."""

from collections.abc import Callable, Iterator

from eic_plugins.cli.verification import file_facts
from eic_plugins.cli.verification.findings import NOT_TRIED, Finding
from eic_plugins.cli.verification.scratch_devices import ScratchDevices
from eic_plugins.ontap.block import BlockDevice, Luns
from eic_plugins.ontap.device_trials import MOST_COMMENT, DeviceTrials
from eic_plugins.ontap.session import (
    OntapError,
    OntapRejectedError,
)
from eic_plugins.ontap.trials import Trials

_SECONDS = 60.0
_COMMENT = 'eic verify ' + 'x' * MOST_COMMENT
_NO_COPY = 'ONTAP copies no namespaces'

Probe = Callable[[DeviceTrials, ScratchDevices], Finding]


def find(trials: DeviceTrials, scratch: ScratchDevices) -> Iterator[Finding]:
    """What is tried with devices, in one FlexVol."""
    for fact, probe in _PROBES.items():
        if fact in _OF_LUNS and not trials.of_luns:
            continue
        try:
            yield probe(trials, scratch)
        except OntapError as err:
            yield Finding(fact, NOT_TRIED, str(err))


def of_cluster(trials: Trials, scratch: ScratchDevices) -> Iterator[Finding]:
    """What is tried with no device, and concerns these pools, too."""
    probes: dict[str, Callable[[], Finding]] = {
        'split_status': lambda: file_facts.split_status(trials, scratch.pool),
        'speed': lambda: file_facts.speed(trials),
    }
    if scratch.devices.kind == 'luns':
        probes['private_cli_lun'] = lambda: file_facts.private_cli_lun(
            trials, scratch.pool
        )
    for fact, probe in probes.items():
        try:
            yield probe()
        except OntapError as err:
            yield Finding(fact, NOT_TRIED, str(err))


def copied(
    trials: DeviceTrials, one: ScratchDevices, other: ScratchDevices | None
) -> Finding:
    """Whether ONTAP copies a LUN into another FlexVol."""
    luns = trials.devices
    if not isinstance(luns, Luns):
        return Finding('lun_copy', NOT_TRIED, _NO_COPY)
    if other is None:
        return Finding('lun_copy', NOT_TRIED, 'name another FlexVol with --to')
    source, target = one.file('copied'), other.stored('copy')
    try:
        luns.copy(source, target, _SECONDS)
    except OntapRejectedError as err:
        return Finding('lun_copy', 'refused', str(err))
    except OntapError as err:
        return Finding('lun_copy', NOT_TRIED, str(err))
    return Finding('lun_copy', 'done')


def _return_timeout(trials: DeviceTrials, scratch: ScratchDevices) -> Finding:
    held = trials.clone(scratch.new('held'), scratch.stored('held-clone'), hold=True)
    return file_facts.return_timeout(held)


def _job_links(trials: DeviceTrials, scratch: ScratchDevices) -> Finding:
    held = trials.clone(scratch.new('job'), scratch.stored('job-clone'), hold=False)
    return file_facts.job_links(held)


def _identity(trials: DeviceTrials, scratch: ScratchDevices) -> Finding:
    source, clone = _cloned(trials, scratch, 'identity')
    before, after = trials.shown(source).serial, trials.shown(clone).serial
    return Finding(
        'clone_identity',
        'new' if before != after else 'source',
        f'source {before}, clone {after}',
    )


def _size(trials: DeviceTrials, scratch: ScratchDevices) -> Finding:
    source, clone = _cloned(trials, scratch, 'size')
    return Finding(
        'clone_size',
        'source' if source.size == clone.size else 'other',
        f'source {source.size}, clone {clone.size} bytes',
    )


def _comment(trials: DeviceTrials, scratch: ScratchDevices) -> Finding:
    device = scratch.new('comment')
    try:
        trials.devices.modify(device, comment=_COMMENT[:MOST_COMMENT])
    except OntapRejectedError as err:
        return Finding('device_comment', 'refused', f'code {err.code}')
    found = trials.await_device(scratch.stored('comment')).comment
    kept = found == _COMMENT[:MOST_COMMENT]
    return Finding('device_comment', 'kept' if kept else 'cut', f'{len(found)} of 254')


def _lun_rename(trials: DeviceTrials, scratch: ScratchDevices) -> Finding:
    done = trials.rename(scratch.new('old'), scratch.stored('new'))
    return Finding('lun_rename', 'done' if done else 'refused')


def _space_allocation(trials: DeviceTrials, scratch: ScratchDevices) -> Finding:
    source, target = scratch.new('space'), scratch.stored('space-clone')
    trials.clone(source, target, hold=True, space_allocation=True)
    shown = trials.shown(trials.await_device(target))
    return Finding('space_allocation', 'set' if shown.space_allocation else 'unset')


def _cloned(
    trials: DeviceTrials, scratch: ScratchDevices, name: str
) -> tuple[BlockDevice, BlockDevice]:
    source, target = scratch.new(name), scratch.stored(f'{name}-clone')
    trials.clone(source, target, hold=True)
    return source, trials.await_device(target)


_PROBES: dict[str, Probe] = {
    'return_timeout': _return_timeout,
    'job_links': _job_links,
    'clone_identity': _identity,
    'clone_size': _size,
    'device_comment': _comment,
    'lun_rename': _lun_rename,
    'space_allocation': _space_allocation,
}
_OF_LUNS = frozenset({'lun_rename', 'space_allocation'})
