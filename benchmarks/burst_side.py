"""One driver's two bursts on one protocol, and what is computed from them."""

import dataclasses
from typing import Any

from benchmarks import usage
from benchmarks.arithmetic import percentile, ratio
from benchmarks.usage import Usage
from benchmarks.volume_burst import Burst
from lab import cinder
from lab.observer import Cost

PERCENTS = (50, 95, 99)
SHOWN = (
    'cinder-api',
    'cinder-scheduler',
    'cinder-volume',
    'the simulators',
    'MariaDB',
    'RabbitMQ',
    'Keystone',
    'Glance',
)
_SERVICES = {
    'mariadb': 'MariaDB',
    'rabbitmq': 'RabbitMQ',
    'keystone': 'Keystone',
    'glance': 'Glance',
}

Row = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Side:
    """One driver's two bursts on one protocol."""

    protocol: str
    driver: str
    bursts: tuple[Burst, Burst]
    costs: tuple[Cost, Cost]
    usages: tuple[Usage, Usage, Usage]
    """Before, between and after the bursts."""
    driver_seconds: float | None
    """That the driver took for all volumes; None where it does not say so."""


def row(side: Side) -> Row:
    """What was measured of one side, as JSON can hold it."""
    volumes = sum(burst.asked for burst in side.bursts)
    moments = usage.lasting(*side.usages)
    return {
        'protocol': side.protocol,
        'driver': side.driver,
        'volumes': volumes,
        'failed': sum(burst.failed for burst in side.bursts),
        'lasted': [burst.lasted for burst in side.bursts],
        'seconds': {
            str(percent): percentile(_seconds(side), percent) for percent in PERCENTS
        },
        'waited': sum(_seconds(side)),
        'driver_seconds': side.driver_seconds,
        'ontap_seconds': sum(cost.ontap_seconds for cost in side.costs),
        'calls': sum(len(cost.calls) for cost in side.costs),
        'connections': sum(cost.connections for cost in side.costs),
        'refused': sum(cost.refused for cost in side.costs),
        'downloads': sum(cost.downloads for cost in side.costs),
        'cpu': _by_name(usage.cpu(side.usages[0], side.usages[2]), side.driver),
        'memory': {
            _name(service): [usage.rss(moment, service) for moment in moments]
            for service in _services(side.driver)
        },
    }


def _seconds(side: Side) -> list[float]:
    return [second for burst in side.bursts for second in burst.seconds]


def _services(driver: str) -> list[str]:
    return [cinder.api_of(driver), cinder.SCHEDULER, cinder.volume_service(driver)]


def _name(service: str) -> str:
    """What stands in a table: the same for both drivers."""
    if service.startswith('simulator-'):
        return 'the simulators'
    for name in ('cinder-api', 'cinder-scheduler', 'cinder-volume'):
        if service.startswith(name):
            return name
    return _SERVICES.get(service, service)


def _by_name(used: dict[str, float], driver: str) -> dict[str, float]:
    """CPU seconds by what stands in a table, without the other side's services."""
    other = {
        cinder.api_of('stock' if driver == 'eic' else 'eic'),
        cinder.volume_service('stock' if driver == 'eic' else 'eic'),
    }
    found = dict.fromkeys(SHOWN, 0.0)
    for service, seconds in used.items():
        if service not in other and _name(service) in found:
            found[_name(service)] += seconds
    return found


def rate(row: Row) -> float:
    """Volumes a second."""
    return ratio(row['volumes'] - row['failed'], sum(row['lasted']))


def grown(row: Row) -> float:
    """Memory of cinder-volume after the second burst, times that after the first."""
    _, first, second = row['memory']['cinder-volume']
    return ratio(second, first)


def shares(row: Row) -> dict[str, float | None]:
    """Of the time from request to available, in percent."""
    ontap = 100 * ratio(row['ontap_seconds'], row['waited'])
    if row['driver_seconds'] is None:
        return {'Cinder': 100 - ontap, 'driver': None, 'ONTAP': ontap}
    driver = 100 * ratio(row['driver_seconds'], row['waited'])
    return {'Cinder': 100 - driver, 'driver': driver - ontap, 'ONTAP': ontap}


def cpu_of(row: Row) -> float:
    """CPU seconds of a volume, of all services."""
    return float(sum(row['cpu'].values())) / row['volumes']
