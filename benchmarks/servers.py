"""How long from a server's create to ACTIVE, with Nova's dead time in it?

Boots servers from a volume of an image, one and ten at once, in turn through
the stock pipelines and driver and through EIC's, in two situations:

- *first*: an image that nobody has booted, volumes of the default type, as
  users do; the scheduler chooses the pool;
- *again*: both sides' volumes are clones in the FlexVol of the image, where the
  stock driver is at its best, so that what differs is Nova's waiting.
"""

import dataclasses
import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks import disks
from benchmarks.model import Answer, Table, Target
from benchmarks.server_boots import Booted, boot
from benchmarks.tenant import Tenant
from lab import identity
from lab.boots import PLAIN_FLAVOR, Side, root_volume
from lab.context import Lab
from lab.topology import DEMO_PROJECT, DEMO_USER, DRIVERS

IMAGE_MIB = 64
BOOTS = 5
ROUNDS = 3
TEN = 10
FIRST = {1: 3, TEN: 1}
_POOL = 'images'
_OPT_IN_FLAVOR = 'eic.tiny'
_LIMIT = 1 / 3
_NOTES = (
    "Seen by reading Nova's table every 0.1 s. All services of both sides share "
    'the machine.',
    "Nova's looks: of nova-compute at the volume until it was there. Each after "
    'the first is three seconds of dead time.',
    'CPU: of the whole machine, until the last server was ACTIVE.',
    'Before each row one more server was booted, untimed.',
)


@dataclasses.dataclass(frozen=True)
class Way:
    """How servers are booted."""

    driver: str
    situation: str
    title: str = 'boot from volume'

    def fields(self, image_id: str) -> dict[str, Any]:
        """The fields of POST /servers."""
        if self.title != 'boot from volume':
            return {
                'flavor': _OPT_IN_FLAVOR,
                'imageRef': image_id,
                'block_device_mapping_v2': [],
            }
        volume_type = (
            {'volume_type': f'{self.driver}-{_POOL}'}
            if self.situation == 'again'
            else {}
        )
        return {
            'flavor': PLAIN_FLAVOR,
            'block_device_mapping_v2': [{**root_volume(image_id), **volume_type}],
        }


AGAIN = (
    Way('stock', 'again'),
    Way('eic', 'again'),
    Way('eic', 'again', 'plain image boot, opt-in flavor'),
)
FIRST_WAYS = (Way('stock', 'first'), Way('eic', 'first'))


Results = dict[tuple[Way, int], list[Booted]]
"""By way and by how many servers at once."""


def run(
    lab: Lab, boots: int = BOOTS, rounds: int = ROUNDS, first: Mapping[int, int] = FIRST
) -> dict[str, Any]:
    """The answer, as JSON can hold it.

    :param boots: how often one server, again
    :param rounds: how often ten servers, again
    :param first: how often of a new image, by how many servers at once
    """
    results: Results = {}
    with Tenant(lab) as tenant:
        boots_of = _Boots(
            tenant,
            identity.Cloud(lab, DEMO_USER, DEMO_PROJECT),
            {driver: _upload(tenant) for driver in DRIVERS},
        )
        for servers, times in ((1, boots), (TEN, rounds)):
            results |= boots_of.again(servers, times)
        for servers, times in first.items():
            results |= boots_of.first(servers, times)
    return answer({key: booted for key, booted in results.items() if booted}).to_json()


def _upload(tenant: Tenant) -> str:
    return tenant.upload(disks.random_disk(tenant, IMAGE_MIB))


@dataclasses.dataclass(frozen=True)
class _Boots:
    """Boots in turn, each time behind one more that is not timed.

    What that one finds cold - tokens that have run out, connections, and at
    first the cached image - is not what is compared.
    """

    tenant: Tenant
    api: identity.Cloud
    ready: Mapping[str, str]
    """An image by driver, to boot again."""

    def first(self, servers: int, rounds: int) -> Results:
        return self._in_turn(
            FIRST_WAYS, servers, rounds, lambda _: _upload(self.tenant)
        )

    def again(self, servers: int, rounds: int) -> Results:
        return self._in_turn(AGAIN, servers, rounds, lambda way: self.ready[way.driver])

    def _in_turn(
        self,
        ways: Sequence[Way],
        servers: int,
        rounds: int,
        image: Callable[[Way], str],
    ) -> Results:
        results: Results = {(way, servers): [] for way in ways}
        for number in range(rounds):
            for way in ways:
                results[way, servers].append(
                    self._boot(way, image(way), servers, f'{number + 1}/{rounds}')
                )
        return results

    def _boot(self, way: Way, image_id: str, servers: int, number: str) -> Booted:
        lab, side = self.tenant.lab, Side(self.api, way.driver)
        title = f'{way.driver}: {way.title}, {way.situation}, {servers} at once'
        with lab.console.step(f'{title}, {number}'):
            warm = dataclasses.replace(way, situation='again')
            boot(lab, side, 1, warm.fields(self.ready[way.driver]))
            return boot(lab, side, servers, way.fields(image_id))


@dataclasses.dataclass(frozen=True)
class Compared:
    """Boots of one way, beside those of the stock side in the same situation."""

    way: Way
    servers: int
    """At once."""
    booted: list[Booted]
    times_stock: float
    """The median of their seconds, in that of the stock side."""


def answer(results: Results) -> Answer:
    """Medians, ratios, counts."""
    rows = [
        Compared(way, servers, booted, _times_stock(results, way, servers))
        for (way, servers), booted in results.items()
    ]
    return Answer(
        question="How long from a server's create to ACTIVE?",
        targets=tuple(
            target
            for row in rows
            if row.way.driver == 'eic'
            for target in _targets(row)
        ),
        tables=(Table.of('Server create to ACTIVE', rows, _COLUMNS),),
        notes=_NOTES,
        numbers=[_numbers(row) for row in rows],
    )


def _times_stock(results: Results, way: Way, servers: int) -> float:
    stock = results[Way('stock', way.situation), servers]
    return _median(results[way, servers]) / _median(stock)


def _numbers(row: Compared) -> dict[str, Any]:
    return {
        **dataclasses.asdict(row.way),
        'servers': row.servers,
        'rounds': [dataclasses.asdict(one) for one in row.booted],
    }


def _targets(row: Compared) -> list[Target]:
    """What is asked of EIC's side."""
    if row.way.driver != 'eic':
        return []
    booted = row.booted
    title = f'{row.way.title}, {row.way.situation}, {row.servers} at once'
    return [
        Target(f'{title}: {what}', measured, limit, is_count)
        for what, measured, limit, is_count in (
            ('median time to ACTIVE, times stock', row.times_stock, _LIMIT, False),
            (
                "Nova's looks at a volume until it is there",
                _most_looks(booted),
                1,
                False,
            ),
            ('servers that are not ACTIVE', _not_active(booted), 0, True),
            ('files left', _left(booted), 0, True),
        )
    ]


def _routes(booted: list[Booted]) -> str:
    routes = Counter(route for one in booted for route in one.routes)
    return ', '.join(f'{count} {route}' for route, count in routes.items())


def _seconds(booted: list[Booted]) -> list[float]:
    return [second for one in booted for second in one.seconds]


def _cpu(booted: list[Booted]) -> float:
    return sum(one.cpu_seconds for one in booted) / sum(
        len(one.statuses) for one in booted
    )


def _median(booted: list[Booted]) -> float:
    return statistics.median(_seconds(booted))


def _most_looks(booted: list[Booted]) -> int:
    return max((count for one in booted for count in one.looks), default=0)


def _not_active(booted: list[Booted]) -> int:
    return sum(status != 'ACTIVE' for one in booted for status in one.statuses)


def _left(booted: list[Booted]) -> int:
    return sum(len(one.files_left) for one in booted)


_COLUMNS: Mapping[str, Callable[[Compared], object]] = {
    'situation': lambda row: row.way.situation,
    'at once': lambda row: row.servers,
    'side': lambda row: row.way.driver,
    'boot': lambda row: row.way.title,
    's median': lambda row: f'{_median(row.booted):.1f}',
    's max': lambda row: f'{max(_seconds(row.booted)):.1f}',
    'times stock': lambda row: f'{row.times_stock:.2f}',
    'CPU s a server': lambda row: f'{_cpu(row.booted):.2f}',
    "Nova's looks, most": lambda row: _most_looks(row.booted),
    'routes': lambda row: _routes(row.booted),
    'not ACTIVE': lambda row: _not_active(row.booted),
    'files left': lambda row: _left(row.booted),
}
