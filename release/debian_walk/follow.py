"""Does what one block of the page says, and waits until what it starts answers."""

import re
from collections.abc import Sequence

from release.debian_walk import ini, page
from release.debian_walk.machine import Machine
from release.debian_walk.tree import WHEELS

_STARTED = re.compile(r'^service (?P<name>\S+) (?:re)?start$', re.MULTILINE)
_ENV = {
    'PIP_NO_INDEX': '1',
    'PIP_FIND_LINKS': WHEELS,
    'PIP_ROOT_USER_ACTION': 'ignore',
}
"""The page's pip has no network."""
_APIS = {'keystone': 5000, 'glance-api': 9292, 'cinder-api': 8776}
_PORTS = {'etcd': 2379, 'memcached': 11211, 'rabbitmq-server': 5672}
_MADE = 'openstack volume '
_SECONDS = 1800
_UP_SECONDS = 600
"""Of a machine that has much else to do."""


def step(machine: Machine, block: page.Step) -> None:
    """One block.

    :raises ReleaseError: a command failed, or a service does not answer
    """
    if block.path:
        write(machine, block)
        return
    machine.shell(block.text, _SECONDS, _ENV)
    for name in started(block.text):
        machine.until(
            lambda name=name: is_up(machine, name),  # type: ignore[misc]
            f'{name} to answer',
            _UP_SECONDS,
        )
    if _MADE in block.text:
        machine.until(lambda: _settled(machine), 'volumes', _UP_SECONDS)


def _settled(machine: Machine) -> bool:
    """Whether what Cinder was asked for is made, or is not."""
    said = machine.shell(
        '. /root/admin-openrc; openstack volume list -f value -c Status; '
        'openstack volume snapshot list -f value -c Status'
    )
    return not {'creating', 'downloading', 'extending'} & set(said.split())


def started(script: str) -> Sequence[str]:
    """The services that a script starts."""
    return [found['name'] for found in _STARTED.finditer(script)]


def write(machine: Machine, block: page.Step) -> None:
    """A file, which keeps its owner and its mode if it was there."""
    file = machine.file(block.path)
    text = block.text
    if block.language == 'ini':
        text = ini.merged(file.read_text(), block.text)
    # In place: the file keeps its owner.
    with file.open('w') as stream:
        stream.write(text)


def is_up(machine: Machine, name: str) -> bool:
    """Whether a service answers; for one without a port, whether it is there."""
    if name in _APIS:
        answers = _answers(machine, _APIS[name])
        return answers and (name != 'cinder-api' or _has_pools(machine))
    if name in _PORTS:
        return _listens(machine, _PORTS[name])
    if name == 'mariadb':
        return machine.tried(['mariadb-admin', 'ping'])[0] == 0
    return machine.tried(['pgrep', '--full', f'/usr/bin/{name} '])[0] == 0


def _has_pools(machine: Machine) -> bool:
    """Whether cinder-scheduler has heard of each share: cinder-volume is up then."""
    shares = machine.file('/etc/cinder/nfs_shares').read_text().split()
    script = '. /root/admin-openrc; openstack volume backend pool list -f value'
    code, said = machine.tried(['bash', '-c', script])
    return code == 0 and all(share in said for share in shares)


def _listens(machine: Machine, port: int) -> bool:
    code = f'import socket; socket.create_connection(("127.0.0.1", {port}), 5)'
    return machine.tried(['python3', '-c', code])[0] == 0


def _answers(machine: Machine, port: int) -> bool:
    code = (
        'import sys, urllib.error, urllib.request\n'
        'try:\n'
        f'    urllib.request.urlopen("http://127.0.0.1:{port}/", timeout=20)\n'
        'except urllib.error.HTTPError as err:\n'
        '    sys.exit(err.code >= 500)\n'
    )
    return machine.tried(['python3', '-c', code], 40)[0] == 0
