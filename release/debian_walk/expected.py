"""What the page promises at the end of a section, and where that is seen."""

import hashlib
import json
import re
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from release.commands import ReleaseError
from release.debian_walk import logs as service_logs
from release.debian_walk import storage
from release.debian_walk.machine import Machine
from release.debian_walk.report import Report

IMAGE = '/root/image.raw'
IMAGE_SIZE = 64 << 20
OPERATOR = 'observer'
_VOLUME_SECONDS = 300
_LINES = 12
_SERVICES = {
    'keystone': 'uwsgi.*keystone-uwsgi.ini',
    'glance-api': '/usr/bin/glance-api',
    'cinder-api': 'uwsgi.*cinder-api-uwsgi.ini',
    'cinder-scheduler': '/usr/bin/cinder-scheduler',
    'cinder-volume': '/usr/bin/cinder-volume',
    'etcd': '/usr/bin/etcd',
    'memcached': '/usr/bin/memcached',
}
_USERS = {'glance-api': 'glance', 'memcached': 'memcache'}
_LOGS = ('/var/log/cinder', '/var/log/glance', '/var/log/keystone')
_UNITS = '/etc/systemd/system'


class Walker:
    """Looks around in the machine.

    :param report: gets what is seen
    """

    def __init__(self, machine: Machine, report: Report) -> None:
        self.machine = machine
        self.report = report
        self._call = 0

    def as_user(self, command: str) -> Any:
        """What ``openstack`` answers, in JSON."""
        said = self.machine.shell(
            f'. /root/admin-openrc; openstack {command} -f json 2> /root/openstack.err',
            300,
        )
        return json.loads(said)

    def volume(self, name: str) -> Mapping[str, Any]:
        """A volume, when it is made.

        :raises ReleaseError: it is not made in time
        """
        end = time.monotonic() + _VOLUME_SECONDS
        while True:
            found: Mapping[str, Any] = self.as_user(f'volume show {name}')
            if found['status'] not in ('creating', 'downloading', 'extending'):
                return found
            if time.monotonic() > end:
                raise ReleaseError(f'volume {name} is still {found["status"]}')
            time.sleep(2)

    def file(self, volume: Mapping[str, Any]) -> Path:
        """A volume's file on the storage, from outside."""
        name = str(volume['os-vol-host-attr:host']).rpartition(':/')[2]
        return storage.flexvol(self.machine, name) / f'volume-{volume["id"]}'

    def new_calls(self) -> Sequence[str]:
        """What the cluster cloned or copied since this was last asked."""
        found = storage.calls(self.machine, self._call)
        self._call = int(found['last'])
        return storage.clones(found)


def services(walker: Walker) -> None:
    """Each service has its own user, and none of them is root."""
    listed = walker.machine.run(['ps', '-ww', '-eo', 'user:32,args'])
    for name, pattern in _SERVICES.items():
        users = {
            line.split()[0]
            for line in listed.splitlines()
            if re.search(pattern, line) and 'sudo' not in line
        }
        wanted = _USERS.get(name, name.partition('-')[0])
        walker.report.expect(f'user of {name}', ', '.join(sorted(users)), wanted)


def check(walker: Walker) -> None:
    """``eic check`` has nothing to say, to root and to an operator's own user."""
    services(walker)
    machine = walker.machine
    machine.run(['useradd', '--create-home', '--groups', 'cinder,glance', OPERATOR])
    for user in ('root', OPERATOR):
        code, said = machine.tried(
            ['eic', 'check', '--timeout', '120', '-f', 'json'], 300, None, user
        )
        try:
            rows = json.loads(said[said.index('[') :])
        except ValueError:
            walker.report.see(f'eic check as {user}', said[-800:], right=False)
            continue
        checks(walker.report, user, code, rows)


def checks(
    report: Report, user: str, code: int, rows: Sequence[Mapping[str, Any]]
) -> None:
    """What ``eic check`` found, as a number of each kind; what is no pass is shown."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row['Result']] = counts.get(row['Result'], 0) + 1
    shown = ', '.join(f'{number} {kind}' for kind, number in sorted(counts.items()))
    report.see(f'eic check as {user}', shown, right=code == 0)
    for row in rows:
        if row['Result'] != 'pass':
            report.say(f'      {row}')


def image(machine: Machine) -> None:
    """Bytes that are those of no other image, and a hole."""
    code = (
        f'import os\nwith open("{IMAGE}", "wb") as s:\n'
        f'    s.write(os.urandom({IMAGE_SIZE // 4}))\n    s.truncate({IMAGE_SIZE})'
    )
    machine.run(['python3', '-c', code])


def two_volumes(walker: Walker) -> None:
    """By FlexClone, with the image's bytes, and whose they are."""
    report = walker.report
    for name, route in (('first', 'flexclone'), ('second', 'cached')):
        volume = walker.volume(name)
        report.expect(f'volume {name}', volume['status'], 'available')
        said = volume['properties']
        report.expect(f'route of {name}', said.get('eic_route'), route)
        refused = said.get('eic_refused', '')
        report.see(f'refused for {name}', refused, right='location_' not in refused)
        _bytes(walker, name, volume)
    made = walker.new_calls()
    clones = ['POST /api/storage/file/clone'] * 3
    report.expect('what ONTAP was asked to clone', list(made), clones)


def _bytes(walker: Walker, name: str, volume: Mapping[str, Any]) -> None:
    file = walker.file(volume)
    status = file.stat()
    report = walker.report
    report.expect(f'size of {name}', status.st_size, int(volume['size']) << 30)
    report.expect(f'bytes of {name}', _sum(file), _sum(walker.machine.file(IMAGE)))
    owner = walker.machine.run(
        ['python3', '-c', _NAMES, str(status.st_uid), str(status.st_gid)]
    ).strip()
    # ONTAP's clone of Glance's file has its owner.
    report.expect(f'owner of {name}', owner, 'glance:glance')
    report.expect(f'mode of {name}', f'{status.st_mode & 0o777:o}', '660')


_NAMES = (
    'import grp, pwd, sys; u, g = map(int, sys.argv[1:]); '
    'print(pwd.getpwuid(u).pw_name + ":" + grp.getgrgid(g).gr_name)'
)


def _sum(file: Path) -> str:
    """Of the image's part; what lies behind it has to be zeros."""
    found = hashlib.sha256()
    with file.open('rb') as stream:
        found.update(stream.read(IMAGE_SIZE))
        behind = stream.read(1 << 20)
    if behind.strip(b'\0'):
        return 'bytes behind the image'
    return found.hexdigest()[:16]


def life(walker: Walker) -> None:
    """What else a volume goes through, without root on the share."""
    report = walker.report
    for name in ('copy', 'restored', 'first'):
        report.expect(f'volume {name}', walker.volume(name)['status'], 'available')
    size = walker.file(walker.volume('first')).stat().st_size
    report.expect('size of first, grown', size >> 30, 3)
    for name in ('copy', 'restored'):
        _bytes(walker, name, walker.volume(name))
    precached(walker)
    privileges(walker)
    logs(walker)


def precached(walker: Walker) -> None:
    """What the timer starts, once, as the user that its unit names."""
    unit = walker.machine.file(f'{_UNITS}/eic-precache.service').read_text()
    said = dict(re.findall(r'^(User|ExecStart)=(.+)$', unit, re.MULTILINE))
    code, found = walker.machine.tried(
        shlex.split(said['ExecStart']), 300, None, said['User']
    )
    last = found.strip().splitlines()[-1:] or ['nothing to do']
    words = f'{code} ({last[0][:80]})'
    walker.report.see(f'eic precache as {said["User"]}', words, right=code == 0)


def privileges(walker: Walker) -> None:
    """EIC brings no rights of its own: what Cinder's packages allow is enough."""
    listed = walker.machine.run(['dpkg-query', '--listfiles', 'eic-plugins'])
    ours = [line for line in listed.splitlines() if line.startswith('/etc/')]
    walker.report.expect('files of EIC in /etc', len(ours), 0)
    said = walker.machine.run(['sudo', '--list', '--other-user', 'cinder'])
    rights = re.findall(r'NOPASSWD: (.+)', said)
    rootwrap = '/usr/bin/cinder-rootwrap /etc/cinder/rootwrap.conf *'
    walker.report.expect('what cinder may do by sudo', ', '.join(rights), rootwrap)


def logs(walker: Walker) -> None:
    """Nothing was refused by rootwrap, and no error is EIC's."""
    files = [
        file
        for folder in _LOGS
        for file in sorted(walker.machine.file(folder).glob('*.log'))
    ]
    refused: list[str] = []
    errors: list[str] = []
    for file in files:
        lines = file.read_text(errors='replace').splitlines()
        refused += service_logs.refused(lines)
        errors += service_logs.errors(lines)
    for line in [*refused, *errors][:_LINES]:
        walker.report.say(f'      {line[:300]}')
    walker.report.expect('commands that rootwrap refused', len(refused), 0)
    walker.report.expect("EIC's errors in the logs", len(errors), 0)


def removed(walker: Walker) -> None:
    """Without EIC, Cinder has its volumes and makes new ones."""
    report = walker.report
    found = walker.machine.tried(['python3', '-c', 'import eic_plugins'])[1]
    report.expect('EIC is gone', 'ModuleNotFoundError' in found, True)
    for name in ('first', 'second', 'stock', 'copy-of-second'):
        volume = walker.volume(name)
        report.expect(f'volume {name}, afterwards', volume['status'], 'available')
        wanted = _sum(walker.machine.file(IMAGE))
        report.expect(f'bytes of {name}, afterwards', _sum(walker.file(volume)), wanted)
    logs(walker)


AFTER: Mapping[str, Callable[[Walker], None]] = {
    'Check': check,
    'Two volumes': two_volumes,
    'More of their life': life,
    'Taking it out again': removed,
}
"""By the title of the section."""
