"""cinder-volume that is killed with -9 before a step of a volume's, and volumes that
are stopped there: see :mod:`tests.e2e.crash_runner`.
"""

import concurrent.futures
import dataclasses
import hashlib
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
from oslo_utils import units

from lab import files, proc
from lab.paths import REPOSITORY
from lab.service import Service
from tests.contract.images import qcow2_of
from tests.e2e.deadline import wait_for
from tests.e2e.user import LabUser

# Not imported: it patches the standard library.
RUNNER = Path(__file__).with_name('crash_runner.py')
IMAGE_BYTES = 2 * units.Mi
AT_ONCE = 6
SECONDS = 60
MOST_STOPPED = 56
"""cinder-volume handles 64 requests of a backend at a time."""


class Crashing:
    """A cinder-volume of the lab, run by the runner that can be stopped.

    :param configs: the files that it reads
    :param wait_for_pools: returns when the scheduler knows its pools
    """

    def __init__(self, lab, service, configs, wait_for_pools):
        self.lab = lab
        self.service = service
        self.directory = files.private_dir(lab.paths / 'tmp/crash')
        self._configs = tuple(configs)
        self._wait_for_pools = wait_for_pools

    def start(self):
        flags = files.config_flags(self._configs)
        self.lab.ensure(
            Service(
                self.service,
                (sys.executable, str(RUNNER), *flags),
                # lab.fabric is not installed.
                env={
                    'EIC_CRASH_DIR': str(self.directory),
                    'PYTHONPATH': str(REPOSITORY),
                },
                configs=self._configs,
                in_namespace=True,
                stop_seconds=20,
            ),
            lambda: True,
        )
        self._wait_for_pools()

    def kill(self):
        """The parent first: it would start its children anew.

        What they run (qemu-img, say) goes on, as it would.
        """
        parent = psutil.Process(self.lab.processes.record(self.service).pid)
        pids = [parent.pid, *(child.pid for child in parent.children())]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not any(map(proc.running, pids)), 'cinder-volume to be dead')

    def said(self, volume_id, what):
        """What the runner wrote of a volume, None if it did not."""
        path = self.directory / f'{volume_id}.{what}'
        return path.read_text() if path.exists() else None


class User(LabUser):
    """A user with many images, no two of the same bytes."""

    def __init__(self, lab):
        super().__init__(lab)
        self.digests = {}

    def new_image(self, disk_format, tmp_path):
        content = os.urandom(IMAGE_BYTES)
        sent = content if disk_format == 'raw' else _qcow2(content, tmp_path)
        image_id = self.upload(sent, disk_format=disk_format)
        self.digests[image_id] = hashlib.sha256(content).hexdigest()
        return image_id, content

    def has_bytes_of(self, image_id, volume_id, pool):
        found = self.sha256({'id': volume_id}, pool, IMAGE_BYTES)
        return found == self.digests[image_id]

    def bad_cached_images(self):
        """Cached images, by their records, whose bytes are not the image's."""
        return [
            name
            for name in self.files()
            if '/.eic-' in name and name.endswith('.json') and not self._is_whole(name)
        ]

    def _is_whole(self, name):
        pool, _, record = name.partition('/')
        image_id = json.loads((self.root(pool) / record).read_text())['image_id']
        cached = self.root(pool) / f'img-cache-{image_id}'
        return (
            not cached.exists()
            or hashlib.sha256(cached.read_bytes()).hexdigest() == self.digests[image_id]
        )

    def clean_up(self):
        for volume in self.api.cinder('GET', '/volumes')['volumes']:
            self.give_up(volume['id'])
        super().clean_up()

    def rename(self, volume_id, name):
        self.api.cinder('PUT', f'/volumes/{volume_id}', {'volume': {'name': name}})

    def give_up(self, volume_id):
        """What an operator does about a volume that waits for nobody."""
        if self.show(volume_id)['status'] in {'creating', 'downloading'}:
            self.admin.cinder(
                'POST',
                f'/volumes/{volume_id}/action',
                {'os-reset_status': {'status': 'error'}},
            )

    def reimage(self, volume_id, image_id):
        url = (
            f'{self.lab.ports.url("cinder-api")}/v3/{self.api.project_id}'
            f'/volumes/{volume_id}/action'
        )
        self.api.session.post(
            url,
            json={'os-reimage': {'image_id': image_id}},
            headers={'OpenStack-API-Version': 'volume 3.68'},
        )


def _qcow2(content, tmp_path):
    """In a directory of its own: several are made at once."""
    directory = tmp_path / hashlib.sha256(content).hexdigest()
    directory.mkdir()
    return qcow2_of(content, directory)


def nothing(user, pool, image_id, content):
    """The route finds what it needs."""


def cached_before(user, pool, image_id, content):
    user.delete(user.create(image_id, f'eic-{pool}')['id'])


def as_the_stock_driver_left_it(user, pool, image_id, content):
    """In the size of its first volume."""
    path = user.root(pool) / f'img-cache-{image_id}'
    path.write_bytes(content)
    os.truncate(path, units.Gi)
    path.chmod(0o666)


@dataclasses.dataclass(frozen=True)
class Case:
    """A route, and what makes a volume take it."""

    route: str
    pool: str
    disk_format: str = 'raw'
    before: Callable = nothing
    reimage: bool = False


CASES = {
    'cached': Case('cached', 'gold', before=cached_before),
    'flexclone': Case('flexclone', 'images'),
    'copy_offload': Case('copy_offload', 'gold'),
    'adopt': Case('adopt', 'silver', before=as_the_stock_driver_left_it),
    'download of raw': Case('download', 'remote'),
    'download of qcow2': Case('download', 'gold', 'qcow2'),
    'reimage': Case('copy_offload', 'gold', reimage=True),
}


class Runs:
    """The volumes of one case."""

    def __init__(self, case, user, crashing, tmp_path):
        self.case, self.user, self.crashing = case, user, crashing
        self.tmp_path = tmp_path
        self.replaced = {}

    def start(self, name):
        """A volume whose handling does what its name says; with its image."""
        image_id, content = self.user.new_image(self.case.disk_format, self.tmp_path)
        self.case.before(self.user, self.case.pool, image_id, content)
        kind = f'eic-{self.case.pool}'
        if not self.case.reimage:
            return self.user.start(image_id, kind, name=name), image_id
        first, _ = self.user.new_image('raw', self.tmp_path)
        volume_id = self.user.create(first, kind)['id']
        self.replaced[volume_id] = first
        self.user.rename(volume_id, name)
        self.user.reimage(volume_id, image_id)
        return volume_id, image_id

    def steps(self):
        """What one volume goes through."""
        self.warm_up()
        volume_id, image_id = self.start('record')
        volume = self.user.ended(volume_id, SECONDS)
        assert volume['metadata']['eic_route'] == self.case.route
        assert self.user.has_bytes_of(image_id, volume_id, self.case.pool)
        return json.loads(
            wait_for(lambda: self.crashing.said(volume_id, 'steps'), 'the steps')
        )

    def warm_up(self):
        """Where a pool is on ONTAP is looked up once in ten minutes."""
        self.user.ended(self.start('warm-up')[0], SECONDS)

    def stopped_before(self, numbers):
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            started = list(
                pool.map(
                    lambda number: self.start(f'stop before {number} of {numbers[-1]}'),
                    numbers,
                )
            )
        return dict(zip(numbers, started, strict=True))


def stopped(crashing, volumes):
    """Before which step each is stopped; they get there one by one."""
    for number, (volume_id, _) in sorted(volumes.items(), reverse=True):
        wait_for(
            lambda: crashing.said(volume_id, 'stopped'),  # noqa: B023
            f'a volume to be stopped before step {number}',
            SECONDS,
        )
    return {
        number: crashing.said(volume_id, 'stopped')
        for number, (volume_id, _) in volumes.items()
    }
