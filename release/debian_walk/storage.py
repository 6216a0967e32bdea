"""The storage that the page takes for granted: an ONTAP, and a host that speaks NFS.

It is the simulator of the package, on an XFS in a file, so that a clone is a reflink.
The kernel here need not know NFS: its own ``mount.nfs`` stands in Debian's place.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from release.commands import run
from release.debian import TOOLS
from release.debian_walk.machine import Machine

DISK = 'srv/ontap.xfs'
DATA = '/srv/ontap/data'
MANAGEMENT = '127.0.10.1'
DATA_ADDRESS = '127.0.11.1'
USER = 'cinder'
FLEXVOLS = ('openstack', 'cinder')
"""The first one has Glance's store, too."""
CA = '/etc/cinder/ontap-ca.pem'
_SIZE = 8 << 30
_TOPOLOGY = f"""
[cluster]
name = "cluster-a"
listen = "{MANAGEMENT}:443"

[[users]]
name = "{USER}"
password_file = "/srv/ontap/password"
role = "admin"

[[aggregates]]
name = "aggr1"
size = "2TiB"
node = "cluster-a-01"

[[svms]]
name = "svm1"
protocols = ["nfs"]

[[svms.lifs]]
name = "lif1"
address = "{DATA_ADDRESS}"
"""
_FLEXVOL = """
[[svms.volumes]]
name = "{name}_vol"
junction_path = "/{name}"
size = "500GiB"
aggregate = "aggr1"
"""
_MOUNT = """#!/bin/sh
exec /usr/bin/eic-ontap-simulator-mount --exports {data}/exports.json "$@"
"""


def disk(root: Path) -> None:
    """Make the file system that the machine mounts."""
    (root / 'srv/ontap').mkdir(parents=True)
    with (root / DISK).open('wb') as stream:
        stream.truncate(_SIZE)
    run(['mkfs.xfs', '-q', '-m', 'reflink=1', root / DISK], root, TOOLS)


def start(machine: Machine, password: str) -> None:
    """Have the cluster answering, and its exports mountable."""
    place = machine.file('/srv/ontap')
    (place / 'password').write_text(password)
    (place / 'password').chmod(0o600)
    volumes = ''.join(_FLEXVOL.format(name=name) for name in FLEXVOLS)
    (place / 'cluster.toml').write_text(_TOPOLOGY + volumes)
    config = ['--config', '/srv/ontap/cluster.toml', '--data-dir', DATA]
    machine.start(['eic-ontap-simulator', *config], '/var/log/ontap.log')
    machine.until(
        machine.file(f'{DATA}/exports.json').exists, 'the simulated ONTAP', 600
    )
    helper = machine.file('/usr/sbin/mount.nfs')
    helper.unlink(missing_ok=True)
    helper.write_text(_MOUNT.format(data=DATA))
    helper.chmod(0o755)


def certificate(machine: Machine) -> None:
    """Put the CA of the cluster where the page says that it is."""
    machine.run(['install', '-m', '0644', f'{DATA}/ca.pem', CA])


def flexvol(machine: Machine, name: str) -> Path:
    """Its root directory, from outside."""
    return machine.file(f'{DATA}/volumes/svm1/{name}_vol')


_ASK = """
import base64, json, ssl, sys, urllib.request
context = ssl.create_default_context(cafile=sys.argv[2])
word = base64.b64encode(sys.stdin.buffer.read()).decode()
request = urllib.request.Request(sys.argv[1])
request.add_header('Authorization', 'Basic ' + word)
with urllib.request.urlopen(request, context=context, timeout=30) as answer:
    sys.stdout.write(answer.read().decode())
"""


def calls(machine: Machine, since: int = 0) -> Mapping[str, Any]:
    """What the cluster was asked after a call's number."""
    url = f'https://{MANAGEMENT}/simulator/v1/calls?since={since}'
    script = f'{{ printf {USER}:; cat /srv/ontap/password; }} | python3 -c "$ASK" {url}'
    said = machine.shell(f'{script} {DATA}/ca.pem', 60, {'ASK': _ASK})
    found: Mapping[str, Any] = json.loads(said)
    return found


def clones(found: Mapping[str, Any]) -> Sequence[str]:
    """Of these calls those that clone or copy, that succeeded."""
    return [
        f'{call["method"]} {call["path"]}'
        for call in found['calls']
        if call['method'] == 'POST'
        and call['path'].startswith('/api/storage/file/')
        and call['status'] in (200, 201, 202)
    ]
