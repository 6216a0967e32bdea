"""Counts what volumes cost: ONTAP calls, downloads, conversions, host I/O, CPU.

Independent witnesses: the simulators' record of REST calls (by user, so by
driver), Glance's access log, the services' qemu-img, and the kernel's accounts
of the driver's processes.
"""

import contextlib
import dataclasses
import json
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import psutil

from lab import proc, qemu_img
from lab.cluster_api import ClusterApi
from lab.context import Lab
from lab.periodic_calls import LUNS, is_periodic
from lab.specs import ClusterSpec
from lab.topology import CLUSTERS

_BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
Number = TypeVar('Number', int, float)


@dataclasses.dataclass(frozen=True)
class Cost:
    """What happened between two looks."""

    calls: tuple[str, ...]
    """The ONTAP REST calls, in order, as METHOD path."""
    file_clones: int
    file_copies: int
    downloaded: int
    """Bytes of the image that Glance sent."""
    host_io: int
    """Bytes that the driver's processes read and wrote."""
    downloads: int
    """Requests that the image's bytes were sent for."""
    conversions: int
    """Runs of ``qemu-img convert``, whoever's they were."""
    connections: int
    """TCP connections of these calls that none before them came over."""
    cpu: float
    """CPU seconds of the driver's processes, and of those they waited for."""
    ontap_seconds: float
    """That ONTAP took for the calls."""
    refused: int
    """Calls that ONTAP had no time for (HTTP 429 or 503): others repeat them."""


@dataclasses.dataclass(frozen=True)
class Mark:
    """Where the witnesses' records ended at one moment."""

    calls: dict[str, int]
    connections: dict[str, frozenset[int]]
    glance_log: int
    qemu_log: int
    host_io: int
    cpu: float


class Observer:
    """Looks at one driver's doings with one image.

    :param protocol: of the pools that are looked at: what the driver's other
        backend asks about its LUNs has nothing to do with a file
    """

    def __init__(
        self, lab: Lab, driver: str, image_id: str, protocol: str = 'nfs'
    ) -> None:
        self._lab = lab
        self._driver = driver
        self._protocol = protocol
        self._download = f'/v2/images/{image_id}/file'
        self._clusters = {
            cluster.name: ClusterApi(lab, cluster) for cluster in CLUSTERS
        }

    def mark(self) -> Mark:
        """Remember now."""
        before = {cluster.name: self._calls(cluster, 0) for cluster in CLUSTERS}
        return Mark(
            {name: record['last'] for name, record in before.items()},
            {
                name: frozenset(call['connection'] for call in record['calls'])
                for name, record in before.items()
            },
            self._glance_log.stat().st_size,
            self._qemu_log.stat().st_size,
            self._host_io(),
            self.cpu(),
        )

    def since(self, mark: Mark) -> Cost:
        """What happened since then."""
        cpu, host_io = self.cpu(), self._host_io()
        by_cluster = self._calls_since(mark)
        calls = [call for made in by_cluster.values() for call in made]
        sent = self._sent_since(mark)
        return Cost(
            calls=tuple(f'{call["method"]} {call["path"]}' for call in calls),
            file_clones=_posts(calls, '/file/clone'),
            file_copies=_posts(calls, '/file/copy'),
            downloaded=sum(sent),
            host_io=host_io - mark.host_io,
            downloads=len(sent),
            conversions=self._conversions_since(mark),
            connections=sum(
                len({call['connection'] for call in made} - mark.connections[name])
                for name, made in by_cluster.items()
            ),
            cpu=cpu - mark.cpu,
            ontap_seconds=sum(call['seconds'] for call in calls),
            refused=sum(call['status'] in _BUSY for call in calls),
        )

    def _calls_since(self, mark: Mark) -> dict[str, list[dict[str, Any]]]:
        """By cluster, without those of the timers and of the other backend."""
        return {
            cluster.name: [
                call
                for call in self._calls(cluster, mark.calls[cluster.name])['calls']
                if not is_periodic(call) and self._is_of_protocol(call)
            ]
            for cluster in CLUSTERS
        }

    def _sent_since(self, mark: Mark) -> list[int]:
        """The bytes of each download of the image."""
        return [
            entry['bytes']
            for entry in self._glance_entries(mark)
            if entry['path'] == self._download and entry['bytes']
        ]

    def _conversions_since(self, mark: Mark) -> int:
        runs = self._qemu_runs(mark)
        return sum(line.split('\t')[0] == qemu_img.CONVERT for line in runs)

    def _is_of_protocol(self, call: dict[str, Any]) -> bool:
        return self._protocol != 'nfs' or not call['path'].startswith(LUNS)

    def cpu(self) -> float:
        """CPU seconds until now of the driver's processes."""
        return sum(self._of_processes(proc.cpu_seconds))

    @property
    def _glance_log(self) -> Path:
        return self._lab.paths.access_log('glance')

    def _glance_entries(self, mark: Mark) -> Iterator[dict[str, Any]]:
        with self._glance_log.open('rb') as stream:
            stream.seek(mark.glance_log)
            for line in stream:
                yield json.loads(line)

    @property
    def _qemu_log(self) -> Path:
        return qemu_img.log(self._lab)

    def _qemu_runs(self, mark: Mark) -> list[str]:
        with self._qemu_log.open() as stream:
            stream.seek(mark.qemu_log)
            return stream.read().splitlines()

    def _calls(self, cluster: ClusterSpec, since: int) -> Any:
        return self._clusters[cluster.name].control(
            'GET', '/calls', params={'since': str(since), 'user': self._driver}
        )

    def _host_io(self) -> int:
        return sum(self._of_processes(_io_of))

    def _of_processes(
        self, count: Callable[[psutil.Process], Number]
    ) -> Iterator[Number]:
        record = self._lab.processes.record(f'cinder-volume-{self._driver}')
        for process in proc.family(record.pid) if record else ():
            with contextlib.suppress(psutil.Error):
                yield count(process)


def _posts(calls: list[dict[str, Any]], path_end: str) -> int:
    return sum(
        call['method'] == 'POST' and call['path'].rstrip('/').endswith(path_end)
        for call in calls
    )


def _io_of(process: psutil.Process) -> int:
    """Bytes that a process and its ended children passed to read and write."""
    counted = process.io_counters()
    return counted.read_chars + counted.write_chars
