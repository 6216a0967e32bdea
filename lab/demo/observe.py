"""Counts what volumes cost: ONTAP calls, downloads, conversions, host I/O, CPU.

Independent witnesses: the simulators' record of REST calls (by user, so by
driver), Glance's access log, the services' qemu-img, and the kernel's accounts
of the driver's processes.
"""

import contextlib
import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import psutil

from lab import proc, qemu_img
from lab.cluster_api import ClusterApi
from lab.context import Lab
from lab.specs import ClusterSpec
from lab.topology import CLUSTERS

# What both drivers ask on a timer (pool statistics, housekeeping) has nothing
# to do with the volume that happens to be created meanwhile.
_PERIODIC = (
    '/api/cluster/counter/',
    '/api/storage/aggregates',
    '/api/storage/qos/policies',
    '/api/support/ems',
    '/api/storage/file/clone/split-',
    '/api/private/cli/',
)
_PERIODIC_PARTS = ('/snapshots',)
_PERIODIC_QUERIES = (
    'space.',
    'efficiency',
    'aggregates',
    # the FlexVols whose snapshots are looked through
    'fields=name,uuid&',
)
_LUNS = ('/api/storage/luns', '/api/storage/namespaces')
# All LUNs of a FlexVol or an SVM, and all cached images or fills.
_PERIODIC_LUN_QUERY = re.compile(
    r'fields=space\.size,name&|(img-cache|eic-fill)-(%2A|\*)|'
    r'^svm\.name=\w+&fields=svm\.name,[^&]*&max_records=\d+$'
)

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
            {name: found['last'] for name, found in before.items()},
            {
                name: frozenset(call['connection'] for call in found['calls'])
                for name, found in before.items()
            },
            self._glance_log.stat().st_size,
            self._qemu_log.stat().st_size,
            self._host_io(),
            self.cpu(),
        )

    def since(self, mark: Mark) -> Cost:
        """What happened since then."""
        cpu, host_io = self.cpu(), self._host_io()
        found = {
            cluster.name: [
                call
                for call in self._calls(cluster, mark.calls[cluster.name])['calls']
                if not is_periodic(call) and self._is_of_protocol(call)
            ]
            for cluster in CLUSTERS
        }
        calls = [call for made in found.values() for call in made]
        sent = [
            entry['bytes']
            for entry in self._glance_entries(mark)
            if entry['path'] == self._download and entry['bytes']
        ]
        posted = [call['path'] for call in calls if call['method'] == 'POST']
        return Cost(
            tuple(f'{call["method"]} {call["path"]}' for call in calls),
            sum(path.rstrip('/').endswith('/file/clone') for path in posted),
            sum(path.rstrip('/').endswith('/file/copy') for path in posted),
            sum(sent),
            host_io - mark.host_io,
            len(sent),
            sum(
                line.split('\t')[0] == qemu_img.CONVERT
                for line in self._qemu_runs(mark)
            ),
            sum(
                len({call['connection'] for call in made} - mark.connections[name])
                for name, made in found.items()
            ),
            cpu - mark.cpu,
        )

    def _is_of_protocol(self, call: dict[str, Any]) -> bool:
        return self._protocol != 'nfs' or not call['path'].startswith(_LUNS)

    def cpu(self) -> float:
        """CPU seconds until now of the driver's processes."""
        return sum(self._of_processes(_cpu_of))

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


def is_periodic(call: dict[str, Any]) -> bool:
    """True for what the drivers ask on a timer."""
    path = call['path'].replace('//', '/')
    query = json.dumps(call.get('query') or '')
    return (
        path.startswith(_PERIODIC)
        or any(part in path for part in _PERIODIC_PARTS)
        or (
            path.startswith('/api/storage/volumes')
            and any(word in query for word in _PERIODIC_QUERIES)
        )
        or (
            call['method'] == 'GET'
            and path in _LUNS
            and _PERIODIC_LUN_QUERY.search(str(call.get('query'))) is not None
        )
    )


def _io_of(process: psutil.Process) -> int:
    """Bytes that a process and its ended children passed to read and write."""
    counted = process.io_counters()
    return counted.read_chars + counted.write_chars


def _cpu_of(process: psutil.Process) -> float:
    """CPU seconds of a process and of its ended children."""
    spent = process.cpu_times()
    return spent.user + spent.system + spent.children_user + spent.children_system
