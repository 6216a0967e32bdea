"""How the demo boots servers, and through which of the two sides."""

import dataclasses
import importlib.util

from lab.topology import DRIVERS

# As --image IMAGE --boot-from-volume 1 --delete-on-termination, whose last word
# the client of 2025.1 does not know.
_FROM_VOLUME = (
    '--flavor',
    'm1.tiny',
    '--block-device',
    'uuid=IMAGE,source_type=image,destination_type=volume,boot_index=0,'
    'volume_size=1,delete_on_termination=true',
)
_OPT_IN = ('--flavor', 'eic.tiny', '--image', 'IMAGE')
TEN = 10


@dataclasses.dataclass(frozen=True)
class ServerCase:
    """One `openstack server create`."""

    title: str
    arguments: tuple[str, ...]
    servers: int = 1
    drivers: tuple[str, ...] = DRIVERS
    needs_filter: bool = False

    def client_arguments(self, image_id: str) -> tuple[str, ...]:
        """What `openstack server create` is given, but the name."""
        many = ('--min', str(self.servers), '--max', str(self.servers))
        own = (word.replace('IMAGE', image_id) for word in self.arguments)
        return (*own, *(many if self.servers > 1 else ()), '--nic', 'none')


CASES = (
    ServerCase('boot from volume, first', _FROM_VOLUME),
    ServerCase('boot from volume, again', _FROM_VOLUME),
    ServerCase('boot from volume, ten at once', _FROM_VOLUME, TEN),
    # A stock Nova would give these a local disk: nothing to compare.
    ServerCase(
        'plain image boot, opt-in flavor', _OPT_IN, drivers=('eic',), needs_filter=True
    ),
    ServerCase(
        'the same, ten at once', _OPT_IN, TEN, drivers=('eic',), needs_filter=True
    ),
)


def have_filter() -> bool:
    """Whether there is a Nova filter to turn an image boot into a volume's."""
    return importlib.util.find_spec('eic_plugins.middleware.nova') is not None
