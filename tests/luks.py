"""LUKS containers, as qemu-img makes them."""

import subprocess
from pathlib import Path

_SECRET = 'secret,id=key,data=of-nobody'
_TRIES = 40
_TIMEOUT = 60


def create(path: Path) -> None:
    """A container of 1 MiB.

    qemu-img measures how fast it is first, and gives up where the kernel's clock of the
    process is too coarse for that: "Unable to get accurate CPU usage". By chance, so it
    is tried again.
    """
    for _ in range(_TRIES):
        done = subprocess.run(
            [
                'qemu-img',
                'create',
                '-q',
                *('--object', _SECRET),
                *('-f', 'luks', '-o', 'key-secret=key,iter-time=10'),
                str(path),
                '1M',
            ],
            check=False,
            timeout=_TIMEOUT,
            capture_output=True,
            text=True,
        )
        if done.returncode == 0:
            return
    raise AssertionError(f'qemu-img makes no container: {done.stderr}')
