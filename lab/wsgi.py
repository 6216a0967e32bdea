"""How the lab serves OpenStack's WSGI applications: lab/wsgi_server.py."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab.context import Lab
from lab.net import serves
from lab.paths import REPOSITORY
from lab.ports import LOOPBACK
from lab.service import Service

_THREADS = 16


def service(
    lab: Lab,
    name: str,
    application: str,
    *,
    arguments: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    configs: Sequence[Path] = (),
    in_namespace: bool = False,
) -> Service:
    """A WSGI application as a service of the lab."""
    argv = [
        sys.executable,
        '-m',
        'lab.wsgi_server',
        '--listen',
        f'{LOOPBACK}:{lab.ports[name]}',
        '--threads',
        str(_THREADS),
        '--access-log',
        str(lab.paths.access_log(name)),
        application,
        '--',
        *arguments,
    ]
    # lab is a package of the clone, not an installed one.
    merged = {'PYTHONPATH': str(REPOSITORY), **(env or {})}
    return Service(name, tuple(argv), merged, tuple(configs), in_namespace)


def ensure(lab: Lab, wanted: Service) -> None:
    """Have it running and answering requests."""
    url = lab.ports.url(wanted.name)
    lab.ensure(wanted, lambda: serves(f'{url}/healthcheck'))
