"""A simulator in this process, in a thread."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from ontap_simulator.errors.common import ConfigError
from ontap_simulator.main import start
from ontap_simulator.testing.client import Simulator
from ontap_simulator.topology import config

_ADMIN = 'admin'


@contextlib.contextmanager
def serving(topology: Path, data_dir: Path) -> Iterator[Simulator]:
    """A simulator that serves until the block ends.

    :param topology: its topology file; ``listen = "127.0.0.1:0"`` is any port
    :raises ConfigError: the topology is wrong, or no user is an admin
    """
    admin = next(
        (user for user in config.load(topology).users if user.role == _ADMIN), None
    )
    if admin is None:
        raise ConfigError(f'{topology}: no user has the role "{_ADMIN}"')
    server = start(topology, data_dir)
    threading.Thread(target=server.serve, daemon=True).start()
    simulator = Simulator(data_dir, server.address, admin.name, admin.password)
    try:
        yield simulator
    finally:
        simulator.close()
        server.stop()
