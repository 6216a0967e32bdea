"""Boots real guests through one side's Nova, and times them to their first word."""

import concurrent.futures
import dataclasses
import secrets
import time
from typing import Any

from benchmarks import server_watch
from lab import guest_console, leftovers
from lab.boots import Side, root_volume
from lab.context import Lab
from lab.guests import GuestHost

_GIB = 1024  # MiB


@dataclasses.dataclass(frozen=True)
class Wanted:
    """Guests that are asked for at once."""

    host: GuestHost
    image_id: str
    mib: int
    situation: str
    pool: str
    servers: int

    def fields(self) -> dict[str, Any]:
        """Of the request."""
        gib = -(-self.mib // _GIB)
        return {
            'flavor': 'm1.guest',
            'availability_zone': self.host.zone,
            'block_device_mapping_v2': [
                {
                    **root_volume(self.image_id, gib),
                    'volume_type': f'{self.host.driver}-{self.pool}',
                }
            ],
        }


@dataclasses.dataclass(frozen=True)
class Spoken:
    """What came of them; a list has an entry for each guest."""

    driver: str
    mib: int
    situation: str
    servers: int
    statuses: list[str]
    active: list[float]
    """Seconds from the request until the server was ACTIVE."""
    first_word: list[float]
    """The same until its guest spoke."""
    routes: list[str]
    files_left: list[str]


def boot(lab: Lab, side: Side, wanted: Wanted) -> Spoken:
    """Create the servers at once, hear their guests, delete all."""
    name = f'bench-{secrets.token_hex(4)}'
    began: dict[str, float] = {}

    def create(number: int) -> None:
        sent = time.time()
        began[side.create(f'{name}-{number}', '', **wanted.fields())] = sent

    def hear(server_id: str) -> float:
        console = guest_console.of(lab, wanted.host, server_id)
        return console.hear('up')[1] - began[server_id]

    with concurrent.futures.ThreadPoolExecutor(wanted.servers) as pool:
        try:
            list(pool.map(create, range(wanted.servers)))
            seen = server_watch.until_ended(lab, name, wanted.servers)
            running = [s.server_id for s in seen if s.status == 'ACTIVE']
            heard = list(pool.map(hear, running))
            volumes = [v for s in seen for v in side.volumes(s.server_id)]
            shown = [side.cinder('GET', f'/volumes/{v}')['volume'] for v in volumes]
        finally:
            side.delete(list(began), ())
    side.delete((), volumes)
    return Spoken(
        wanted.host.driver,
        wanted.mib,
        wanted.situation,
        wanted.servers,
        [s.status for s in seen],
        [round(s.at - began[s.server_id], 2) for s in seen],
        [round(seconds, 2) for seconds in heard],
        [volume['metadata'].get('eic_route', '-') for volume in shown],
        leftovers.remove_volume_files(lab, volumes),
    )
