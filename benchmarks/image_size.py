"""Does the time of a volume grow with the size of its image?"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks import disks, in_process, storage
from benchmarks.arithmetic import median, ratio
from benchmarks.model import Answer, Table, Target
from benchmarks.tenant import Made, Tenant
from lab.context import Lab
from lab.errors import LabError
from lab.topology import DRIVERS

SIZES = (1, 2, 4, 8, 16, 32, 64)
"""GiB of sparse raw images."""
_ROUNDS = 7
_DRIVER_ROUNDS = 15
_ROUND = (min(SIZES), max(SIZES), *SIZES)
"""What is compared is measured twice a round, in turns."""
_DOWNLOADED_SIZES = (1, 2)
"""GiB up to which the stock driver's first volume in another FlexVol, a
download, is waited for."""
_HEAD_MIB = 8
_LIMIT = 1.15
_HOME, _OTHER = 'images', 'gold'
_LARGEST = f'{max(SIZES)} GiB / {min(SIZES)} GiB'
_NOTES = (
    'The images are sparse: 8 MiB at the start and 1 MiB at the end are not '
    'holes. Each volume was compared with its image there.',
    "The stock driver's first volume in another FlexVol is a download; it "
    f'was measured for {" and ".join(map(str, _DOWNLOADED_SIZES))} GiB.',
)


@dataclasses.dataclass(frozen=True)
class Times:
    """Seconds of one driver's volumes of one image size."""

    driver: str
    gib: int
    first: float
    first_elsewhere: float | None
    hits: tuple[float, ...]
    driver_hits: tuple[float, ...]
    """Of the driver's clone_image alone, in a process of its own."""

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def run(lab: Lab) -> dict[str, Any]:
    """The answer."""
    times: list[Times] = []
    with Tenant(lab) as tenant:
        head = disks.random_disk(tenant, _HEAD_MIB)
        for driver in DRIVERS:
            times += _measure(
                tenant,
                driver,
                {gib: disks.sparse_image(tenant, head, gib * 1024) for gib in SIZES},
            )
    return _answer(times).to_json()


def _measure(tenant: Tenant, driver: str, images: dict[int, str]) -> list[Times]:
    first, elsewhere = {}, {}
    for gib, image_id in images.items():
        with tenant.lab.console.step(f'{driver}: first volumes of {gib} GiB'):
            first[gib] = _create(tenant, image_id, driver, _HOME, gib)
            if driver == 'eic' or gib in _DOWNLOADED_SIZES:
                elsewhere[gib] = _create(tenant, image_id, driver, _OTHER, gib)
    tenant.delete_volumes()
    hits: dict[int, list[Made]] = {gib: [] for gib in SIZES}
    for number in range(_ROUNDS):
        with tenant.lab.console.step(
            f'{driver}: hits, round {number + 1} of {_ROUNDS}'
        ):
            for gib in _ROUND:
                hits[gib].append(_create(tenant, images[gib], driver, _HOME, gib))
        # Or the scheduler thinks that the pool is full.
        tenant.delete_volumes()
    alone = _driver_alone(tenant, driver, images)
    return [
        _times(
            driver, gib, first[gib], elsewhere.get(gib), hits[gib], alone[images[gib]]
        )
        for gib in SIZES
    ]


def _driver_alone(
    tenant: Tenant,
    driver: str,
    images: dict[int, str],
) -> dict[str, list[float]]:
    """Seconds of hits in the driver, by image."""
    with tenant.lab.console.step(f'{driver}: hits, the driver alone'):
        sizes = {image_id: gib for gib, image_id in images.items()}
        seconds: dict[str, list[float]] = in_process.measure(
            tenant, driver, sizes, _HOME, _DRIVER_ROUNDS
        )['seconds']
        return seconds


def _create(
    tenant: Tenant,
    image_id: str,
    driver: str,
    pool: str,
    gib: int,
) -> Made:
    made = tenant.create(image_id, driver, pool, gib)
    lab = tenant.lab
    if not disks.same_ends(
        storage.volume_file(lab, pool, made.id), disks.stored(lab, image_id), gib
    ):
        raise LabError(f'Volume {made.id} of {driver} is not its image.')
    return made


def _times(
    driver: str,
    gib: int,
    first: Made,
    elsewhere: Made | None,
    hits: list[Made],
    alone: list[float],
) -> Times:
    return Times(
        driver,
        gib,
        first.seconds,
        elsewhere.seconds if elsewhere else None,
        tuple(hit.seconds for hit in hits),
        tuple(alone),
    )


def growth(times: list[Times], driver: str, kind: str) -> float:
    """Median of the largest image's hits, in those of the smallest one."""
    by_size = {
        each.gib: median(getattr(each, kind)) for each in times if each.driver == driver
    }
    return ratio(by_size[max(by_size)], by_size[min(by_size)])


def _answer(times: list[Times]) -> Answer:
    return Answer(
        'Does the time of a volume grow with the size of its image?',
        (
            _target(times, 'a hit in the driver alone', 'driver_hits'),
            _target(times, 'request to available of a hit', 'hits'),
        ),
        (
            Table.of(
                f'Seconds from request to available (medians; {_ROUNDS} hits or more)',
                times,
                _COLUMNS,
            ),
            _growth_table(times),
        ),
        [each.to_json() for each in times],
        _NOTES,
    )


def _target(times: list[Times], what: str, kind: str) -> Target:
    measured = growth(times, 'eic', kind)
    return Target(f'{what}, {_LARGEST}', measured, _LIMIT, is_count=False)


def _growth_table(times: list[Times]) -> Table:
    def shown(driver: str, kind: str) -> str:
        return f'{growth(times, driver, kind):.2f}'

    return Table.of(
        f'Growth of a hit, {_LARGEST}',
        DRIVERS,
        {
            'driver': str,
            'request to available': lambda driver: shown(driver, 'hits'),
            'the driver alone': lambda driver: shown(driver, 'driver_hits'),
        },
    )


def _elsewhere(times: Times) -> str:
    return '-' if times.first_elsewhere is None else f'{times.first_elsewhere:.2f}'


_COLUMNS: Mapping[str, Callable[[Times], object]] = {
    'GiB': lambda times: times.gib,
    'driver': lambda times: times.driver,
    'hit': lambda times: f'{median(times.hits):.2f}',
    'hit, the driver alone': lambda times: f'{median(times.driver_hits):.4f}',
    'first': lambda times: f'{times.first:.2f}',
    'first, other FlexVol': _elsewhere,
}
