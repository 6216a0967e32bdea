"""Checks of the weigher in cinder-scheduler."""

import importlib.metadata
from collections.abc import Iterator

from eic_plugins.cli.checks import product
from eic_plugins.cli.checks.configuration import Configuration, likely
from eic_plugins.cli.checks.facts import Facts
from eic_plugins.cli.checks.finding import Change, Finding, failure, warning

_RELEASED = {
    'AllocatedCapacityWeigher': 'allocated_capacity_weight_multiplier',
    'CapacityWeigher': 'capacity_weight_multiplier',
    'ChanceWeigher': None,
    'GoodnessWeigher': None,
    'VolumeNumberWeigher': 'volume_number_multiplier',
}
"""Cinder's weighers, each with the option that is its multiplier."""
_NAMESPACE = 'cinder.scheduler.weights'
_OPTION = 'scheduler_default_weighers'
_STEPS = 4
"""EIC's weigher weighs in steps of a quarter."""
_DROWNING = 100
_MOST_FREE = 50


def scheduler_weigher(facts: Facts) -> Iterator[Finding]:
    """EIC's weigher is one of scheduler_default_weighers."""
    weighers = _weighers(facts.cinder)
    unknown = _unknown(weighers)
    meant = [name for name in unknown if likely(name, [product.WEIGHER])]
    if product.WEIGHER not in weighers and not meant:
        yield failure(
            f'{_OPTION} lacks {product.WEIGHER}: the scheduler does not care where '
            'an image is',
            _line(facts.cinder, [*weighers, product.WEIGHER]),
        )


def scheduler_weighers_known(facts: Facts) -> Iterator[Finding]:
    """Each of scheduler_default_weighers exists: an unknown one fails each volume."""
    weighers = _weighers(facts.cinder)
    for name in _unknown(weighers):
        known = [*_RELEASED, product.WEIGHER]
        meant = likely(name, known)
        rest = [meant if each == name else each for each in weighers]
        yield failure(
            f'{_OPTION} names {name}, which is not installed: the scheduler fails '
            'each volume',
            _line(facts.cinder, [each for each in rest if each]),
        )


def scheduler_other_weighers(facts: Facts) -> Iterator[Finding]:
    """Another weigher decides among pools that are equally near to an image."""
    weighers = _weighers(facts.cinder)
    if weighers == [product.WEIGHER]:
        yield warning(
            f'{product.WEIGHER} is the only weigher: among pools that are equally '
            'near to the image chance decides, and capacity does not count',
            _line(facts.cinder, ['CapacityWeigher', product.WEIGHER]),
        )


def scheduler_multiplier(facts: Facts) -> Iterator[Finding]:
    """The weigher's multiplier is such that it matters, and drowns no other one."""
    cinder = facts.cinder
    ours = cinder.get('locality_weight_multiplier', product.EIC_SECTION)
    others = max(
        (abs(cinder.get(o)) for w in _weighers(cinder) if (o := _RELEASED.get(w))),
        default=0.0,
    )
    least = _STEPS * others
    wanted = f'{max(least, 1.0) + 1:g}'
    change = cinder.change('locality_weight_multiplier', wanted, product.EIC_SECTION)
    if ours <= 0:
        yield failure(
            f'locality_weight_multiplier is {ours:g}: where an image is does not '
            'count, or counts against a pool',
            change,
        )
    elif ours < least:
        yield warning(
            f'locality_weight_multiplier is {ours:g}, and another weigher spans '
            f'{others:g}: that may overrule a quarter of it',
            change,
        )
    elif others and ours > _DROWNING * others:
        yield warning(
            f'locality_weight_multiplier is {ours:g}: beside it no other weigher '
            'counts, not even for pools that are nearly full',
            change,
        )


def scheduler_free_percent(facts: Facts) -> Iterator[Finding]:
    """Pools get weight for an image while they have room: locality_min_free_percent."""
    name = 'locality_min_free_percent'
    found = facts.cinder.get(name, product.EIC_SECTION)
    if found > _MOST_FREE:
        yield warning(
            f'{name} is {found}: a pool that is half full gets no weight any more '
            'for having the image',
            facts.cinder.change(name, '15', product.EIC_SECTION, safe=True),
        )


def _weighers(cinder: Configuration) -> list[str]:
    return [str(name).rpartition('.')[2] for name in cinder.get(_OPTION) if name]


def _unknown(weighers: list[str]) -> list[str]:
    installed = {
        point.name for point in importlib.metadata.entry_points(group=_NAMESPACE)
    }
    known = {*_RELEASED, product.WEIGHER, *installed}
    return [name for name in weighers if name not in known]


def _line(cinder: Configuration, weighers: list[str]) -> Change:
    return cinder.change(_OPTION, ','.join(weighers))
