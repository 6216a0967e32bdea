"""A private etcd, which keeps the locks of several hosts; only their tests start it."""

from pathlib import Path

from lab import files, packages
from lab.context import Lab
from lab.net import answers
from lab.ports import LOOPBACK
from lab.service import Service

NAME = 'etcd'
_PEERS = 'etcd-peers'
PACKAGES = ('etcd-server',)


def start(lab: Lab) -> None:
    """Have it running, on the data that it has."""
    packages.ensure(PACKAGES, lab.paths.log('apt'))
    lab.ensure(_service(lab), lambda: answers(LOOPBACK, lab.ports[NAME]), seconds=30)


def url(lab: Lab) -> str:
    """What ``[coordination] backend_url`` names it by."""
    return f'etcd3+http://{LOOPBACK}:{lab.ports[NAME]}'


def _directory(lab: Lab) -> Path:
    return files.private_dir(lab.paths / NAME)


def _service(lab: Lab) -> Service:
    clients = f'http://{LOOPBACK}:{lab.ports[NAME]}'
    peers = f'http://{LOOPBACK}:{lab.ports[_PEERS]}'
    return Service(
        NAME,
        (
            'etcd',
            *('--data-dir', str(_directory(lab) / 'data')),
            *('--listen-client-urls', clients, '--advertise-client-urls', clients),
            *('--listen-peer-urls', peers, '--initial-advertise-peer-urls', peers),
            *('--initial-cluster', f'default={peers}'),
        ),
    )
