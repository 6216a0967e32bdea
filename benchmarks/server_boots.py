"""Boots servers through one side's Nova, times them and counts Nova's looks."""

import concurrent.futures
import dataclasses
import json
import re
import secrets
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import machine, server_watch
from lab import cinder, leftovers
from lab.boots import Side
from lab.context import Lab

_VOLUME = re.compile(r'/volumes/(?P<id>[0-9a-f-]{36})$')
_NOVAS_CLIENT = 'python-cinderclient'
_LOOKS_WHEN_ATTACHING = 2
"""nova-compute reads the volume once before it makes the attachment, and once
before it connects it (Nova 34). All reads before these two are looks of one who
waits."""


@dataclasses.dataclass(frozen=True)
class Booted:
    """What came of some servers that were created at once."""

    seconds: list[float]
    statuses: list[str]
    routes: list[str]
    looks: list[int]
    """Of nova-compute at each volume until it was there. The first one follows
    the answer to its request; each further one comes three seconds later."""
    files_left: list[str]
    cpu_seconds: float = 0.0
    """Of the whole machine, from the first request to the last ACTIVE."""


def boot(lab: Lab, side: Side, servers: int, fields: dict[str, Any]) -> Booted:
    """Create servers at once, time them, look at their volumes, delete all."""
    name = f'bench-{secrets.token_hex(4)}'
    log = lab.paths.access_log(cinder.api_of(side.driver))
    offset = log.stat().st_size
    began: dict[str, float] = {}
    busy = machine.cpu_seconds()

    def create(number: int) -> None:
        sent = time.time()
        began[side.create(f'{name}-{number}', '', **fields)] = sent

    with concurrent.futures.ThreadPoolExecutor(servers) as pool:
        try:
            list(pool.map(create, range(servers)))
            seen = server_watch.until_ended(lab, name, servers)
            busy = machine.cpu_seconds() - busy
            looks = waiting_looks(_entries(log, offset))
            volumes = [v for s in seen for v in side.volumes(s.server_id)]
            shown = [
                side.cinder('GET', f'/volumes/{volume_id}')['volume']
                for volume_id in volumes
            ]
        finally:
            side.delete(list(began), ())
    side.delete((), volumes)
    return Booted(
        [round(s.at - began[s.server_id], 2) for s in seen],
        [s.status for s in seen],
        [volume['metadata'].get('eic_route', '-') for volume in shown],
        [looks.get(volume_id, 0) for volume_id in volumes],
        leftovers.remove_volume_files(lab, volumes),
        round(busy, 2),
    )


def waiting_looks(
    entries: Iterator[dict[str, Any]] | Sequence[dict[str, Any]],
) -> dict[str, int]:
    """How often nova-compute looked at each volume before it was there."""
    looks: Counter[str] = Counter()
    for entry in entries:
        path = _VOLUME.search(entry['path'])
        if (
            path
            and entry['method'] == 'GET'
            and entry['user_agent'].startswith(_NOVAS_CLIENT)
        ):
            looks[path['id']] += 1
    return {
        volume_id: count - _LOOKS_WHEN_ATTACHING for volume_id, count in looks.items()
    }


def _entries(log: Path, offset: int) -> Iterator[dict[str, Any]]:
    with log.open('rb') as stream:
        stream.seek(offset)
        yield from map(json.loads, stream)
