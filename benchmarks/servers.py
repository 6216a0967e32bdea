"""How long from a server's create to ACTIVE, with Nova's dead time in it?

Boots servers from a volume of an image, one and ten at once, in turn through
the stock pipelines and driver and through EIC's, in two situations:

- *first*: an image that nobody has booted, volumes of the default type, as
  users do; the scheduler chooses the pool;
- *again*: both sides' volumes are clones in the FlexVol of the image, where the
  stock driver is at its best, so that what differs is Nova's waiting.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks import disks, server_answer
from benchmarks.server_answer import Results
from benchmarks.server_boots import Booted, boot
from benchmarks.server_ways import Way
from benchmarks.tenant import Tenant
from lab import identity
from lab.boots import Side
from lab.context import Lab
from lab.topology import DEMO_PROJECT, DEMO_USER, DRIVERS

IMAGE_MIB = 64
BOOTS = 5
ROUNDS = 3
TEN = 10
FIRST = {1: 3, TEN: 1}


AGAIN = (
    Way('stock', 'again'),
    Way('eic', 'again'),
    Way('eic', 'again', 'plain image boot, opt-in flavor'),
)
FIRST_WAYS = (Way('stock', 'first'), Way('eic', 'first'))


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
    return server_answer.answer(
        {key: booted for key, booted in results.items() if booted}
    ).to_json()


def _upload(tenant: Tenant) -> str:
    return tenant.upload(disks.random_disk(tenant, IMAGE_MIB))


@dataclasses.dataclass(frozen=True)
class _Boots:
    """Boots in turn, each time behind one more that is not timed.

    That one pays for what is not compared: tokens that have run out, connections,
    and the first time the cached image.
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
