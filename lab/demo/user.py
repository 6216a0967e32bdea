"""The demo's user: runs the ordinary ``openstack`` command, and times it."""

import json
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keystoneauth1 import exceptions

from lab import identity
from lab.context import Lab
from lab.demo.watching import while_watching
from lab.errors import LabError
from lab.paths import venv_bin
from lab.topology import DEMO_PROJECT, DEMO_USER
from lab.waiting import wait_until

_CLI_SECONDS = 180
_VOLUME_SECONDS = 300
_POLL_SECONDS = 0.1
_CLOUDS = {'eic': f'lab-{DEMO_USER}', 'stock': f'lab-{DEMO_USER}-stock'}
_DONE = ('available', 'error')


class CommandLineUser:
    """Does what a user does, as the lab's demo user."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.api = identity.Cloud(lab, DEMO_USER, DEMO_PROJECT)

    def upload(self, name: str, path: Path) -> str:
        """`openstack image create`; returns the image's id."""
        return str(
            self.openstack(
                'image',
                'create',
                '--disk-format',
                'raw',
                '--container-format',
                'bare',
                '--file',
                str(path),
                name,
            )['id']
        )

    def create_volume(
        self,
        name: str,
        image_id: str,
        volume_type: str,
    ) -> tuple[dict[str, Any], float]:
        """`openstack volume create --image`; the volume, and the seconds from
        the request's arrival until it was seen to be usable.
        """
        log = self._lab.paths.access_log('cinder-api')
        offset = log.stat().st_size
        with while_watching(lambda cancel: self._usable(name, cancel)) as watching:
            self.openstack(
                'volume',
                'create',
                '--image',
                image_id,
                '--type',
                volume_type,
                '--size',
                '1',
                name,
            )
            arrived = arrival(log, offset, '/volumes')
            volume, seen = watching.result()
        return volume, seen - arrived

    def _usable(
        self, name: str, cancel: threading.Event
    ) -> tuple[dict[str, Any], float]:
        """The volume of that name when it is available or in error, and when
        that was seen.
        """
        path = f'/volumes/detail?name={name}'

        def look() -> dict[str, Any] | None:
            listed = self.api.cinder('GET', path)['volumes']
            return listed[0] if listed and listed[0]['status'] in _DONE else None

        volume = wait_until(
            look,
            f'volume {name} to be available',
            _VOLUME_SECONDS,
            cancel=cancel,
            every=_POLL_SECONDS,
        )
        return volume, time.time()

    def delete_volume(self, volume_id: str) -> None:
        """Delete a volume and wait until it is gone."""
        self.api.cinder('DELETE', f'/volumes/{volume_id}')
        wait_until(
            lambda: self._is_gone(volume_id),
            f'volume {volume_id} to be deleted',
            _VOLUME_SECONDS,
            every=_POLL_SECONDS,
        )

    def _is_gone(self, volume_id: str) -> bool:
        try:
            self.api.cinder('GET', f'/volumes/{volume_id}')
        except exceptions.NotFound:
            return True
        return False

    def delete_image(self, image_id: str) -> None:
        """Delete an image."""
        self.api.request('DELETE', 'glance', f'/v2/images/{image_id}')

    def create_servers(self, driver: str, name: str, arguments: Sequence[str]) -> None:
        """`openstack server create`, through the side of a driver."""
        self.openstack(
            'server',
            'create',
            *arguments,
            name,
            cloud=_CLOUDS[driver],
        )

    def openstack(
        self,
        *arguments: str,
        cloud: str = f'lab-{DEMO_USER}',
    ) -> Any:
        """Run the client as a user would; its answer as JSON."""
        environment = {
            'OS_CLIENT_CONFIG_FILE': str(self._lab.paths / 'clouds.yaml'),
            'OS_CLOUD': cloud,
            'PATH': '/usr/bin:/bin',
            'HOME': str(self._lab.paths / 'demo'),
        }
        done = subprocess.run(
            [venv_bin('openstack'), *arguments, '--format', 'json'],
            check=False,
            capture_output=True,
            text=True,
            env=environment,
            timeout=_CLI_SECONDS,
        )
        if done.returncode:
            raise LabError(
                f'openstack {" ".join(arguments)} failed: {done.stderr.strip()}'
            )
        return json.loads(done.stdout)


def arrival(log: Path, offset: int, path_end: str) -> float:
    """When the one POST to such a path behind ``offset`` came in."""
    with log.open('rb') as stream:
        stream.seek(offset)
        entries = [json.loads(line) for line in stream]
    times = [
        float(entry['time'])
        for entry in entries
        if entry['method'] == 'POST' and entry['path'].endswith(path_end)
    ]
    if len(times) != 1:
        raise LabError(
            f'There were {len(times)} POST {path_end} at once: '
            'leave the lab alone while the demo runs.'
        )
    return times[0]
