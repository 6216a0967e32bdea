"""How long from a server's create until its guest says its first word?

Real guests, in QEMU without acceleration, of images of 32 MiB to 16 GiB that are holes
for the most part. In turn by the stock pipelines and driver and by EIC's, in three
situations:

- *home*: the volume is in the FlexVol of the image, where both drivers clone;
- *first elsewhere*: a new image, in another FlexVol, where the stock driver downloads;
- *again elsewhere*: the same pool once more.

And ten at once, at home.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

from oslo_utils import units

from benchmarks import disks, guest_answer, guest_boots
from benchmarks.guest_boots import Spoken
from benchmarks.tenant import Tenant
from lab import guest_support, guests, identity
from lab.boots import Side
from lab.context import Lab
from lab.errors import LabError
from lab.guest_image import image
from lab.topology import DEMO_PROJECT, DEMO_USER

MIB = (32, 256, 1024, 4096, 16384)
"""Sizes of the images."""
_DOWNLOADED_MIB = 1024
"""Up to which the stock driver's download is waited for."""
_ROUNDS = 3
_TEN = 10
_HOME, _OTHER = 'images', 'gold'


def run(lab: Lab, sizes: Sequence[int] = MIB, rounds: int = _ROUNDS) -> dict[str, Any]:
    """The answer, as JSON can hold it.

    :param sizes: of the images, in MiB
    :param rounds: how often one guest at home
    :raises LabError: the lab has no hosts with real guests
    """
    if reason := guest_support.left_out(lab):
        raise LabError(f'The lab has no guests to boot: {reason}')
    with Tenant(lab) as tenant:
        api = identity.Cloud(lab, DEMO_USER, DEMO_PROJECT)
        boots = _Boots(tenant, api)
        spoken = [each for mib in sizes for each in boots.of_size(mib, rounds)]
        spoken += [each for mib in (min(sizes), max(sizes)) for each in boots.ten(mib)]
    return guest_answer.answer(spoken).to_json()


@dataclasses.dataclass(frozen=True)
class _Boots:
    tenant: Tenant
    api: identity.Cloud

    def of_size(self, mib: int, rounds: int) -> list[Spoken]:
        """One guest after the other, of an image of that size for each side."""
        images = {host.driver: self._upload(mib) for host in guests.HOSTS}
        spoken = []
        for host in guests.HOSTS:
            known = images[host.driver]
            # Nobody is compared who waits for tokens that have run out.
            self._boot(host, known, mib, 'home', _HOME)
            if host.driver == 'eic' or mib <= _DOWNLOADED_MIB:
                spoken += [
                    self._boot(host, known, mib, f'{when} elsewhere', _OTHER)
                    for when in ('first', 'again')
                ]
        for _ in range(rounds):
            for host in guests.HOSTS:
                spoken.append(self._boot(host, images[host.driver], mib, 'home', _HOME))
        return spoken

    def ten(self, mib: int) -> list[Spoken]:
        """Ten at once, at home."""
        spoken = []
        for host in guests.HOSTS:
            known = self._upload(mib)
            self._boot(host, known, mib, 'home', _HOME)
            spoken.append(self._boot(host, known, mib, 'home', _HOME, _TEN))
        return spoken

    def _upload(self, mib: int) -> str:
        path = self.tenant.directory / 'guest.img'
        image.make(self.tenant.lab, path, image.new_label())
        if mib * units.Mi == image.SIZE:
            return self.tenant.upload(path)
        return disks.sparse_image(self.tenant, path, mib)

    def _boot(
        self,
        host: guests.GuestHost,
        image_id: str,
        mib: int,
        situation: str,
        pool: str,
        servers: int = 1,
    ) -> Spoken:
        title = f'{host.driver}: {servers} of {mib} MiB, {situation}'
        with self.tenant.lab.console.step(title):
            side = Side(self.api, host.driver)
            wanted = guest_boots.Wanted(host, image_id, mib, situation, pool, servers)
            return guest_boots.boot(self.tenant.lab, side, wanted)
