"""The walk from one OpenStack release to the next, on one lab, in place.

``make upgrade FROM=2025.1 RELEASE=2026.1`` starts a lab of the first release and runs
``before``; stops it, starts it with the second release, and runs ``after``. Volumes and
cached images of the first must be found by the second. What was seen is printed, and a
step that is wrong ends the walk with its name.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LAB = Path(os.environ.get('EIC_LAB_DIR', '/var/lib/eic-lab'))
NOTES = LAB / 'upgrade.json'
MIB = 1 << 20
SECONDS = 180
DRIVER = 'eic'


def before() -> None:
    """An image, and a volume of it in a share and in a pool of LUNs."""
    content = os.urandom(16 * MIB)
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        image = openstack(
            'image', 'create', '--disk-format', 'raw', '--file', file.name, 'walked'
        )['id']
    made = {kind: volume(f'old-{kind}', image, kind) for kind in pools()}
    sha256 = hashlib.sha256(content).hexdigest()
    for kind, each in made.items():
        expect(f'the bytes of the volume in {kind}', sha256, sha256_of(kind, each))
    NOTES.write_text(json.dumps({'image': image, 'sha256': sha256, 'volumes': made}))


def after() -> None:
    """What the first release made is there, serves, and can be deleted."""
    notes = json.loads(NOTES.read_text())
    for kind, old in notes['volumes'].items():
        found = openstack('volume', 'show', old)
        expect(f'the old volume in {kind}', 'available', found['status'])
        expect(f'its bytes in {kind}', notes['sha256'], sha256_of(kind, old))
        new = volume(f'new-{kind}', notes['image'], kind)
        expect(f'the route of a new volume in {kind}', 'cached', route(new))
        expect(f'its bytes in {kind}', notes['sha256'], sha256_of(kind, new))
        clone = created(
            'volume', 'create', '--source', old, '--size', '1', f'clone-{kind}'
        )
        expect(f'a clone of the old volume in {kind}', 'available', status(clone))
        delete(kind, {clone, old, new})


def delete(kind: str, names: set[str]) -> None:
    """Have volumes deleted, and wait for it."""
    for each in names:
        openstack('volume', 'delete', each, shown=False)
    gone = wait(lambda: not names & volumes(), 'volumes to be deleted')
    expect(f'volumes in {kind} deleted', True, gone)


def pools() -> Mapping[str, Mapping[str, Any]]:
    """A share and a pool of LUNs of EIC's backends, as the lab describes them."""
    described = json.loads((LAB / 'lab.json').read_text())
    return {
        kind: next(
            pool for pool in described[where].values() if pool['driver'] == DRIVER
        )
        for kind, where in (('a share', 'pools'), ('LUNs', 'block_pools'))
    }


def volume(name: str, image: str, kind: str) -> str:
    """A volume of the image, when it is available."""
    options = ['--image', image, '--type', pools()[kind]['volume_type'], '--size', '1']
    return created('volume', 'create', *options, name)


def created(*words: str) -> str:
    """The id of a new volume, when it has ended."""
    found = str(openstack(*words)['id'])
    wait(lambda: status(found) in {'available', 'error'}, f'{words[-1]} to be made')
    expect(f'the volume {words[-1]}', 'available', status(found))
    return found


def status(name: str) -> str:
    return str(openstack('volume', 'show', name)['status'])


def route(name: str) -> str:
    """How EIC says that a volume came."""
    shown = openstack('volume', 'show', name)
    found = shown.get('properties') or shown.get('metadata') or {}
    return str(found.get('eic_route'))


def volumes() -> set[str]:
    return {each['ID'] for each in openstack('volume', 'list')}


def sha256_of(kind: str, name: str) -> str:
    """The image's part of a volume, as the cluster has it."""
    path = Path(pools()[kind]['directory_from_host']) / f'volume-{name}'
    with path.open('rb') as file:
        return hashlib.sha256(file.read(16 * MIB)).hexdigest()


def openstack(*words: str, shown: bool = True) -> Any:
    """What the command says, as the lab's administrator."""
    program = Path(sys.executable).with_name('openstack')
    answer = subprocess.run(
        [str(program), '--os-cloud', 'lab-admin', *words, *(['-fjson'] * shown)],
        env={**os.environ, 'OS_CLIENT_CONFIG_FILE': str(LAB / 'clouds.yaml')},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if answer.returncode:
        raise SystemExit(f'openstack {" ".join(words)}: {answer.stderr}')
    return json.loads(answer.stdout) if shown else None


def wait(found: Any, what: str) -> bool:
    """Until something is so."""
    deadline = time.monotonic() + SECONDS
    while not found():
        if time.monotonic() > deadline:
            raise SystemExit(f'waited {SECONDS} s for {what}')
        time.sleep(1)
    return True


def expect(what: str, wanted: object, found: object) -> None:
    if found != wanted:
        raise SystemExit(f'{what}: {found} and not {wanted}')
    print(f'  ok  {what}: {str(found)[:20]}', flush=True)


if __name__ == '__main__':
    {'before': before, 'after': after}[sys.argv[1]]()
