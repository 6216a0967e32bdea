"""How the demo boots real guests: from which pools, and how many at once."""

import dataclasses
from collections.abc import Iterator

from lab.guests import GuestHost
from lab.specs import PoolSpec

PROTOCOLS = {'nfs': 'gold', 'iscsi': 'block-one'}
"""The pool that the guests of a protocol have their volumes in."""


@dataclasses.dataclass(frozen=True)
class GuestCase:
    """One `openstack server create`."""

    title: str
    guests: int = 1
    is_new: bool = False
    """Whether no pool has the image yet."""


CASES = (GuestCase('a new image', is_new=True), GuestCase('the same again'))


def cases(at_once: int = 0) -> Iterator[GuestCase]:
    """All cases, in their order: those behind the first know the image.

    :param at_once: so many in one more request; 0: no such request
    """
    yield from CASES
    if at_once:
        yield GuestCase(f'{at_once} at once', at_once)


def client_arguments(
    host: GuestHost, pool: PoolSpec, image_id: str, case: GuestCase
) -> list[str]:
    """What `openstack server create` is given, but the name."""
    many = ['--min', str(case.guests), '--max', str(case.guests)]
    return [
        *('--flavor', 'm1.guest', '--availability-zone', host.zone),
        '--block-device',
        f'uuid={image_id},source_type=image,destination_type=volume,boot_index=0,'
        f'volume_size=1,delete_on_termination=true,volume_type={pool.volume_type}',
        *(many if case.guests > 1 else ()),
        *('--nic', 'none'),
    ]
