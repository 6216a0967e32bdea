"""Counts what one volume costs: ONTAP calls, downloads, host I/O.

Three independent witnesses: the simulators' record of REST calls (by user, so
by driver), Glance's access log, and the kernel's I/O accounting of the driver's
processes.
"""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from lab import simulator
from lab.context import Lab
from lab.topology import CLUSTERS, Cluster

_TIMEOUT = 10
# What both drivers ask on a timer (pool statistics, housekeeping) has nothing
# to do with the volume that happens to be created meanwhile.
_PERIODIC = ('/api/cluster/counter/', '/api/storage/aggregates',
             '/api/storage/qos/policies', '/api/support/ems',
             '/api/storage/file/clone/split-', '/api/private/cli/')
_PERIODIC_PARTS = ('/snapshots',)
_PERIODIC_QUERIES = ('space.', 'efficiency', 'aggregates',
                     # the FlexVols whose snapshots are looked through
                     'fields=name,uuid&')


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


@dataclasses.dataclass(frozen=True)
class Mark:
    """Where the witnesses' records ended at one moment."""

    calls: dict[str, int]
    glance_log: int
    host_io: int


class Observer:
    """Looks at one driver's doings with one image."""

    def __init__(self, lab: Lab, driver: str, image_id: str) -> None:
        self._lab = lab
        self._driver = driver
        self._download = f'/v2/images/{image_id}/file'
        self._control = requests.Session()
        # REQUESTS_CA_BUNDLE would go before our own CA.
        self._control.trust_env = False
        self._control.auth = ('lab', lab.secrets['ontap-lab'])
        self._control.verify = str(simulator.ca_file(lab))

    def mark(self) -> Mark:
        """Remember now."""
        return Mark(
            {cluster.name: self._calls(cluster, None)['last']
             for cluster in CLUSTERS},
            self._glance_log.stat().st_size, self._host_io())

    def since(self, mark: Mark) -> Cost:
        """What happened since then."""
        calls = [call for cluster in CLUSTERS
                 for call in self._calls(cluster, mark.calls[cluster.name])['calls']
                 if not is_periodic(call)]
        posted = [call['path'] for call in calls if call['method'] == 'POST']
        return Cost(
            tuple(f"{call['method']} {call['path']}" for call in calls),
            sum(path.rstrip('/').endswith('/file/clone') for path in posted),
            sum(path.rstrip('/').endswith('/file/copy') for path in posted),
            sum(entry['bytes'] for entry in self._glance_entries(mark)
                if entry['path'] == self._download),
            self._host_io() - mark.host_io)

    @property
    def _glance_log(self) -> Path:
        return self._lab.paths.access_log('glance')

    def _glance_entries(self, mark: Mark) -> Iterator[dict[str, Any]]:
        with self._glance_log.open('rb') as stream:
            stream.seek(mark.glance_log)
            for line in stream:
                yield json.loads(line)

    def _calls(self, cluster: Cluster, since: int | None) -> Any:
        url = f'{self._lab.ports.cluster_url(cluster)}/simulator/v1/calls'
        # No call has this number: only where the record ends is of interest.
        start = 1 << 59 if since is None else since
        answer = self._control.get(
            url, params={'since': str(start), 'user': self._driver},
            timeout=_TIMEOUT)
        answer.raise_for_status()
        return answer.json()

    def _host_io(self) -> int:
        record = self._lab.processes.record(f'cinder-volume-{self._driver}')
        return sum(map(_io_of, _tree(record.pid))) if record else 0


def is_periodic(call: dict[str, Any]) -> bool:
    """True for what the drivers ask on a timer."""
    path = call['path'].replace('//', '/')
    query = json.dumps(call.get('query') or '')
    return (path.startswith(_PERIODIC)
            or any(part in path for part in _PERIODIC_PARTS)
            or (path.startswith('/api/storage/volumes')
                and any(word in query for word in _PERIODIC_QUERIES)))


def _tree(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = Path(f'/proc/{pid}/task/{pid}/children').read_text()
    except OSError:
        return
    for child in children.split():
        yield from _tree(int(child))


def _io_of(pid: int) -> int:
    """Bytes that a process and its ended children passed to read and write."""
    try:
        lines = Path(f'/proc/{pid}/io').read_text().splitlines()
    except OSError:
        return 0
    values = dict(line.split(': ') for line in lines)
    return int(values['rchar']) + int(values['wchar'])
