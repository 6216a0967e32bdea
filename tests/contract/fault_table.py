"""The table of faults: each kind, in each call that it can hit.

It is generated: a route is taken once to see which calls it makes, and then
once for each call and each fault.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from ontap_simulator import fault_kinds

from tests.contract.images import Image, qcow2_of
from tests.contract.simulator import Simulator
from tests.contract.stock import MIB
from tests.contract.world import World

Fault = Mapping[str, Any]
Call = tuple[str, str, int]
"""Method, path as a regular expression, and the how-manieth it is."""

_DEVICES = re.compile('/storage/(luns|namespaces)')
VARIANTS: Mapping[str, Sequence[Fault]] = {
    'latency': [{'seconds': 0.1}],
    'error': [
        {'status': 500},
        {'status': 404, 'code': '4'},
        {'status': 500, 'count': None},
        {'status': 403, 'code': '6'},
        {'status': 403, 'code': '6', 'count': None},
    ],
    'too_many_requests': [
        {'retry_after': 0.2},
        {'as_date': True},
        {'retry_after': 3600, 'count': None},
    ],
    'unavailable': [{}, {'effect': 'done'}, {'code': '8', 'retry_after': 0.2}],
    'drop_connection': [
        {'when': 'before'},
        {'when': 'after'},
        {'when': 'before', 'count': None},
        {'when': 'after', 'count': None},
    ],
    'job_vanishes': [{'effect': 'done'}, {'effect': 'lost'}],
    'job_fails': [{}],
    'job_stalls': [{}],
    'job_pauses': [{}],
    'volume_full': [{}, {'count': None}],
    'device_busy': [{}, {'count': None}],
}
"""How each kind is set; a count of None is a fault that stays."""


def all_faults() -> Iterator[Fault]:
    for kind, variants in VARIANTS.items():
        for variant in variants:
            yield {'kind': kind, **variant}


def shown(fault: Fault) -> str:
    words = [
        str(value)
        for key, value in fault.items()
        if key in {'kind', 'when', 'effect', 'status', 'code', 'as_date'}
    ]
    return ' '.join([*words, 'lasting'] if 'count' in fault else words)


def calls_since(simulator: Simulator, since: int) -> list[Call]:
    """The driver's calls, in their order."""
    seen: dict[tuple[str, str], int] = {}
    found = []
    for call in simulator.calls(since, 'stock')['calls']:
        key = (call['method'], pattern(call['path']))
        seen[key] = seen.get(key, 0) + 1
        found.append((*key, seen[key]))
    return found


def pattern(path: str) -> str:
    """A path of any image and volume, as a regular expression."""
    escaped = re.sub(r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'UUID', path)
    escaped = re.sub(r'(eic-fill-UUID-|json\.)[0-9a-f]{8}', r'\1HEX', escaped)
    return (
        '^'
        + re.escape(escaped)
        .replace('UUID', '[0-9a-f-]{36}')
        .replace('HEX', '[0-9a-f]{8}')
        + '$'
    )


def hit_by(
    fault: Fault,
    calls: list[Call],
    has_job: Callable[[str, str], bool],
    takes_space: Callable[[str, str], bool],
    flexvol: Mapping[str, str],
) -> Iterator[tuple[str, Fault]]:
    """The rows of a fault: itself in each call that it can hit.

    :param has_job: whether the call of that method and path may have a job
    :param takes_space: whether it may find the FlexVol full
    :param flexvol: which one, as ``svm`` and ``volume``
    """
    if fault['kind'] == 'volume_full':
        takers = [call for call in calls if takes_space(*call[:2])]
        for nth in range(1, len(takers) + 1):
            yield f'operation {nth} on the FlexVol', {**fault, **flexvol, 'nth': nth}
        return
    if fault['kind'] == 'device_busy':
        if any(_DEVICES.search(path) for _, path, _ in calls):
            yield 'the clone of a device', fault
        return
    for method, path, nth in calls:
        if fault['kind'] in fault_kinds.JOB_KINDS and not has_job(method, path):
            continue
        yield (
            f'{method} {path} no. {nth}',
            {
                **fault,
                'nth': nth,
                'match': {'method': method, 'path': path, 'user': 'stock'},
            },
        )


def was_hit(simulator: Simulator, fault_id: str) -> bool:
    """True also of a fault that is gone: it was deleted after a hit."""
    return all(
        fault['hits']
        for fault in simulator.control('GET', '/faults')['faults']
        if fault['id'] == fault_id
    )


class SufferingWorld(World):
    """One volume after the other, each with its fault.

    A case is a frozen dataclass with the ``route`` that a volume of it takes,
    the image's ``disk_format``, and where the image is ``cached_in`` before.
    """

    tmp_path: Path
    recorded: ClassVar[dict[Any, list[Call]]] = {}
    """The calls of the cases that have been taken."""

    def attempt(self, case: Any, image: Image, before: Any | None) -> tuple[Any, bool]:
        """What the fault is for: a volume, and whether it is made.

        :param before: the volume, where the case has it before its image
        """
        raise NotImplementedError

    def has_job(self, method: str, path: str) -> bool:
        """Whether the call may have a job."""
        raise NotImplementedError

    def takes_space(self, method: str, path: str) -> bool:
        """Whether the call may find the FlexVol full."""
        raise NotImplementedError

    def flexvol(self, case: Any) -> Mapping[str, str]:
        """Where the volumes of the case are, as ``svm`` and ``volume``."""
        raise NotImplementedError

    def volume_before(self, case: Any) -> Any | None:
        return None

    def pool_for(self, case: Any) -> str:
        return self.pools[0]

    def store(self, case: Any, image: Image) -> None:
        """What the case wants of an image's files."""

    def damages(self, case: Any, fault: Fault) -> Mapping[str, str]:
        """What is wrong after a fault, by the call that it has hit."""
        if case not in self.recorded:
            self.recorded[case] = self.calls_of(case)
            print(case, *self.recorded[case], sep='\n')
        return {
            where: found
            for where, one in hit_by(
                fault,
                self.recorded[case],
                self.has_job,
                self.takes_space,
                self.flexvol(case),
            )
            if (found := self.suffer(case, one))
        }

    def new_image(self, case: Any) -> Image:
        content = os.urandom(MIB)
        stored = (
            content if case.disk_format == 'raw' else (qcow2_of(content, self.tmp_path))
        )
        image = self.glance.add(content, stored, case.disk_format)
        self.store(case, image)
        if case.cached_in:
            self.cache(image, case.cached_in)
        return image

    def calls_of(self, case: Any) -> list[Call]:
        """What a volume of the case asks of ONTAP."""
        image, before = self.new_image(case), self.volume_before(case)
        self.start_anew()
        since = self.simulator.calls()['last']
        volume, made = self.attempt(case, image, before)
        volume.refresh()
        assert made
        assert volume.metadata['eic_route'] == case.route
        found = calls_since(self.simulator, since)
        self.clean()
        return found

    def clean(self) -> None:
        self.simulator.control('POST', '/reset', json={'files': True})

    def suffer(self, case: Any, fault: Fault) -> str:
        """What is wrong after a fault; nothing, if all is well."""
        image, before = self.new_image(case), self.volume_before(case)
        self.start_anew()
        fault_id = self.simulator.fault(**fault)
        volume, made = self.attempt(case, image, before)
        hit = was_hit(self.simulator, fault_id)
        self.simulator.control('DELETE', '/faults')
        self.settle()
        volumes = [volume] if made or self.is_downloaded(volume, image) else []
        if not volumes:
            self.driver.delete_volume(volume)
        self.start_anew()
        self.sweep()
        wrong = [
            *([] if hit else ['the fault hit nothing']),
            *self.wrong_with(image, volumes),
            *self.wrong_next(case, image),
        ]
        self.clean()
        return '; '.join(wrong)

    def is_downloaded(self, volume: Any, image: Image) -> bool:
        """False if Cinder ends in an error of its own."""
        from cinder import exception  # noqa: PLC0415

        try:
            self.download(volume, image)
        except exception.CinderException:
            return False
        return True

    def wrong_with(self, image: Image, volumes: Sequence[Any]) -> Iterator[str]:
        if not all(self.is_right(volume, image) for volume in volumes):
            yield 'the volume has other bytes'
        if left := self.left_over(image, *volumes):
            yield f'left over: {left}'

    def wrong_next(self, case: Any, image: Image) -> Iterator[str]:
        volume, route = self.make(image, self.pool_for(case))
        if not self.is_right(volume, image):
            yield f'the next volume has other bytes, by {route}'
        if route == 'cinder_download':
            yield 'the next volume was left to Cinder'
