"""The hosts whose servers are real guests: their names, and where they keep things.

Beside the fake hosts, one on each side: Nova's libvirt driver, a libvirtd of its own,
QEMU without acceleration. lab/guest_support.py says whether this machine can have
them, lab/guest_machine.py makes what such a host runs in, lab/libvirtd.py and
lab/nova_guests.py start what runs there.
"""

import dataclasses
from pathlib import Path

from lab.context import Lab


@dataclasses.dataclass(frozen=True)
class GuestHost:
    """A nova-compute with the libvirt driver, on what it takes for a machine."""

    name: str
    """Of the machine, of Nova's host, and of its hypervisor."""
    driver: str
    """eic or stock: whose volumes its guests have."""

    @property
    def zone(self) -> str:
        """The availability zone, and aggregate, of its side's guests."""
        return f'{self.driver}-guests'

    @property
    def machine(self) -> str:
        """The process that holds its namespaces."""
        return f'machine-{self.name}'

    @property
    def libvirtd(self) -> str:
        """Its libvirtd."""
        return f'libvirtd-{self.name}'

    @property
    def compute(self) -> str:
        """Its nova-compute."""
        return f'nova-compute-{self.name}'

    @property
    def services(self) -> tuple[str, ...]:
        """All of its processes but the guests, in the order of their start."""
        return (self.machine, self.libvirtd, self.compute)


HOSTS = (GuestHost('guest-eic', 'eic'), GuestHost('guest-stock', 'stock'))
"""Those that `make lab` starts."""
SECOND = GuestHost('guest-eic-2', 'eic')
"""A place to migrate to. Tests start it: lab/guest_hosts.py."""
ALL = (*HOSTS, SECOND)


def is_guest_host(name: str) -> bool:
    """Whether a host that connects to a volume is one of these."""
    return name in {host.name for host in ALL}


def directory(lab: Lab) -> Path:
    """Where all of them keep their things."""
    return lab.paths / 'guests'


def directory_of(lab: Lab, host: GuestHost) -> Path:
    """What one of them has of its own."""
    return directory(lab) / host.name


def instances(lab: Lab, host: GuestHost) -> Path:
    """The servers' directories: hosts of one side share them, as over NFS."""
    return directory(lab) / f'instances-{host.driver}'


def devices(lab: Lab) -> Path:
    """The LUNs that hosts are connected to: HOST/FLEXVOL/LUN, links to devices."""
    return directory(lab) / 'devices'
