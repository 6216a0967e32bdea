"""Facts about copies between two FlexVols of a cluster."""

import dataclasses
from collections.abc import Iterator

from eic_plugins.cli.verification.findings import NOT_TRIED, Finding
from eic_plugins.cli.verification.scratch import Scratch
from eic_plugins.ontap.files import relative, with_volume
from eic_plugins.ontap.session import OntapError
from eic_plugins.ontap.trials import Copied, Trials

_FORMS = {'relative': relative, 'with_volume': with_volume}


@dataclasses.dataclass(frozen=True)
class Attempt:
    """What came of one copy."""

    maker_is: str
    """Which end the peering is of: ``source``, ``destination``, or neither (``''``)."""
    form: str
    outcome: Copied


def none(why: str) -> list[Finding]:
    """The facts, if there is no second FlexVol to try them with."""
    return [
        Finding(fact, NOT_TRIED, why) for fact in ('copy_path', 'file_copy_peering')
    ]


def find(trials: Trials, one: Scratch, other: Scratch) -> Iterator[Finding]:
    """Both facts, by copies into the second FlexVol, and back from another SVM."""
    try:
        attempts = list(_attempts(trials, one, other))
    except (OntapError, OSError) as err:
        yield from none(str(err))
        return
    yield _copy_path(attempts)
    if one.pool.flexvol.svm == other.pool.flexvol.svm:
        yield Finding('file_copy_peering', NOT_TRIED, 'both pools are in one SVM')
    else:
        yield _peering(attempts)


def _attempts(trials: Trials, one: Scratch, other: Scratch) -> Iterator[Attempt]:
    ways = [(one, other)]
    svms = one.pool.flexvol.svm, other.pool.flexvol.svm
    makers: list[str] = []
    if svms[0] != svms[1]:
        ways.append((other, one))
        makers = trials.makers_of_peerings(*svms)
    for number, (source, destination) in enumerate(ways):
        file = source.file(f'copied-{number}')
        for form, path_of in _FORMS.items():
            target = destination.stored(f'copy-{number}-{form}')
            outcome = trials.copy(file, target, path_of)
            yield Attempt(_maker_is(makers, source, destination), form, outcome)


def _maker_is(makers: list[str], source: Scratch, destination: Scratch) -> str:
    ends = {
        source.pool.flexvol.svm: 'source',
        destination.pool.flexvol.svm: 'destination',
    }
    found = {ends[maker] for maker in makers}
    return found.pop() if len(found) == 1 else ''


def _copy_path(attempts: list[Attempt]) -> Finding:
    done = {each.form for each in attempts if each.outcome is Copied.DONE}
    if done == set(_FORMS):
        return Finding('copy_path', 'any')
    if done:
        return Finding('copy_path', done.pop())
    return Finding('copy_path', NOT_TRIED, f'a copy: {attempts[0].outcome.value}')


def _peering(attempts: list[Attempt]) -> Finding:
    fact = 'file_copy_peering'
    done = {each.maker_is for each in attempts if each.outcome is Copied.DONE}
    if not done:
        return Finding(fact, NOT_TRIED, 'the two SVMs are not peered for file_copy')
    refused = {
        each.maker_is for each in attempts if each.outcome is Copied.NOT_PEERED
    } - {''}
    if not refused or '' in done:
        return Finding(fact, 'either')
    return Finding(fact, done.pop())
