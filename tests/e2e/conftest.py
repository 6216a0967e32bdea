"""The running lab, as a user and as the one who pulls its plugs.

`make e2e` brings the lab up first. Every test leaves it as it was: services
running, no faults, no volumes, no images, nothing on the FlexVols.
"""

import contextlib
import hashlib
import json
import os
import re
import secrets
import signal
import subprocess
import sys

import pytest
from keystoneauth1 import exceptions
from oslo_utils import units

from lab import (
    boots,
    cinder,
    cinder_services,
    context,
    identity,
    luns,
    paths,
    simulator,
)
from lab import cloud as lab_cloud
from lab.cluster_api import ClusterApi
from lab.topology import CLUSTERS, DEMO_PROJECT, DEMO_USER, DRIVERS, pools
from lab.waiting import wait_until

IMAGE_SIZE = 24 * units.Mi
DEADLINE = 180
SHARES = {pool.name: pool.share for pool in pools()}


def wait_for(check, what, seconds=DEADLINE):
    """The first true answer of ``check``, within the deadline of all tests."""
    return wait_until(check, what, seconds, every=0.1)


class Ontap:
    """The simulators' control API."""

    def __init__(self, lab):
        self._lab = lab
        self._clusters = {
            cluster.name: ClusterApi(lab, cluster) for cluster in CLUSTERS
        }

    def control(self, method, path, cluster='cluster-a', **kwargs):
        return self._clusters[cluster].control(method, path, **kwargs)

    def rest(self, method, path, cluster='cluster-a', **query):
        """ONTAP's own API, as an operator."""
        return self._clusters[cluster].ontap(method, path, params=query)

    def fault(self, kind, path, method='POST', count=1, **parameters):
        return self.control(
            'POST',
            '/faults',
            json={
                'kind': kind,
                'count': count,
                **parameters,
                'match': {'method': method, 'path': path, 'user': 'eic'},
            },
        )

    @contextlib.contextmanager
    def peered(self, svm, other):
        """An SVM peering, made and ended as an operator would."""
        cluster = self._clusters['cluster-a']
        cluster.ontap(
            'POST',
            '/svm/peers',
            json={
                'svm': {'name': svm},
                'peer': {'svm': {'name': other}},
                'applications': ['file_copy'],
            },
        )
        try:
            yield
        finally:
            for record in cluster.ontap('GET', '/svm/peers')['records']:
                cluster.ontap('DELETE', f'/svm/peers/{record["uuid"]}')

    def hits(self):
        return [fault['hits'] for fault in self.control('GET', '/faults')['faults']]

    def calls(self, since=0):
        return self.control('GET', '/calls', params={'since': since, 'user': 'eic'})

    def posts_since(self, mark, path):
        return [
            call
            for call in self.calls(mark)['calls']
            if call['method'] == 'POST' and call['path'] == path
        ]


class Cloud:
    """A user of the lab, and the files below the user's volumes."""

    def __init__(self, lab):
        self.lab = lab
        self.api = identity.Cloud(lab, DEMO_USER, DEMO_PROJECT)
        self.admin = identity.admin(lab)
        self.volumes = []
        self.images = []

    def upload(self, content, **properties):
        image = self.api.request(
            'POST',
            'glance',
            '/v2/images',
            {
                'name': 'e2e',
                'disk_format': 'raw',
                'container_format': 'bare',
                **properties,
            },
        )
        self.images.append(image['id'])
        self.api.session.put(
            f'{self.lab.ports.url("glance")}/v2/images/{image["id"]}/file',
            data=content,
            headers={'Content-Type': 'application/octet-stream'},
        )
        return image['id']

    def downloads(self, image_id):
        """How often Glance has sent the image's bytes."""
        log = self.lab.paths.access_log('glance')
        path = f'/v2/images/{image_id}/file'
        entries = map(json.loads, log.read_text().splitlines())
        return sum(
            1 for entry in entries if entry['method'] == 'GET' and entry['path'] == path
        )

    def start(self, image_id, volume_type, **fields):
        """POST /volumes; the volume as the API answers."""
        volume = self.api.cinder(
            'POST',
            '/volumes',
            {
                'volume': {
                    'size': 1,
                    'imageRef': image_id,
                    'volume_type': volume_type,
                    **fields,
                }
            },
        )['volume']
        self.volumes.append(volume['id'])
        return volume['id']

    def show(self, volume_id):
        return self.api.cinder('GET', f'/volumes/{volume_id}')['volume']

    def ended(self, volume_id, seconds=DEADLINE):
        """The volume when it is available or in error."""
        return wait_for(
            lambda: (
                (volume := self.show(volume_id))['status'] in {'available', 'error'}
                and volume
            ),
            f'volume {volume_id} to be available or in error',
            seconds,
        )

    def create(self, image_id, volume_type):
        return self.ended(self.start(image_id, volume_type))

    def pool_of(self, volume_id):
        """The pool's share, which only an admin sees."""
        for volume in self.admin.cinder('GET', '/volumes/detail?all_tenants=1')[
            'volumes'
        ]:
            if volume['id'] == volume_id:
                return volume['os-vol-host-attr:host'].partition('#')[2]
        return None

    def root(self, pool):
        return simulator.flexvol_directory_from_host(self.lab, SHARES.get(pool, pool))

    def sha256(self, volume, pool, size=IMAGE_SIZE):
        with (self.root(pool) / f'volume-{volume["id"]}').open('rb') as stream:
            return hashlib.sha256(stream.read(size)).hexdigest()

    def files(self):
        """Everything on the FlexVols that is about this user's things."""
        return sorted(
            f'{name}/{path.name}'
            for name in SHARES
            for path in self.root(name).iterdir()
            if any(key in path.name for key in [*self.images, *self.volumes])
        )

    def leftovers(self):
        """Files that are no image, no cached image and no volume of now."""
        alive = {
            volume['id']
            for volume in self.api.cinder('GET', '/volumes/detail')['volumes']
            if volume['status'] == 'available'
        }
        known = {
            *self.images,
            *(f'img-cache-{i}' for i in self.images),
            *(f'.eic-{i}.json' for i in self.images),
            *(f'volume-{i}' for i in alive),
        }
        return [name for name in self.files() if name.partition('/')[2] not in known]

    def evict(self, image_id, pool):
        """As an operator may, by hand, at any time."""
        for name in (f'img-cache-{image_id}', f'.eic-{image_id}.json'):
            (self.root(pool) / name).unlink()

    def delete(self, volume_id):
        with contextlib.suppress(exceptions.NotFound):
            self.api.cinder('DELETE', f'/volumes/{volume_id}')
        wait_for(lambda: self._gone(volume_id), f'{volume_id} to be deleted')

    def _gone(self, volume_id):
        try:
            return self.show(volume_id)['status'] == 'error_deleting'
        except exceptions.NotFound:
            return True

    def clean_up(self):
        for volume_id in self.volumes:
            self.delete(volume_id)
        left = self.leftovers()
        for name in self.files():
            pool, _, file_name = name.partition('/')
            (self.root(pool) / file_name).unlink(missing_ok=True)
        for image_id in self.images:
            with contextlib.suppress(exceptions.HttpError):
                self.api.request('DELETE', 'glance', f'/v2/images/{image_id}')
            # One that is precached everywhere has cached images there, too.
            luns.remove(self.lab, f'img-cache-{image_id}')
        return left


def _ini_lines(options):
    return ''.join(f'{key} = {value}\n' for key, value in options.items())


def masked(text):
    """A message without the numbers and ids in it, so without ports too."""
    return re.sub(r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+', '#', text)


def seen_by_user(server):
    """A server's status and fault, comparable with another one's."""
    fault = server.get('fault', {})
    return server['status'], fault.get('code'), masked(fault.get('message', ''))


class Servers:
    """The user's servers, booted through either side's Nova."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.sides = {driver: boots.Side(cloud.api, driver) for driver in DRIVERS}

    def boot(self, driver, image_id, count=1, **fields):
        """What `openstack server create` sends; the servers when built."""
        name = f'e2e-{secrets.token_hex(4)}'
        if count > 1:
            fields |= {'min_count': count, 'max_count': count}
        side = self.sides[driver]
        side.create(name, image_id, **fields)
        return [side.show(seen.server_id) for seen in side.watch(name, count)]

    def volumes_of(self, server):
        """The volumes of a server, as Cinder shows them."""
        return [
            self.cloud.show(volume['id'])
            for volume in server['os-extended-volumes:volumes_attached']
        ]

    def delete(self, *servers):
        """Deletes them and waits until they are gone, and their volumes."""
        volumes = [
            volume['id']
            for server in servers
            for volume in server['os-extended-volumes:volumes_attached']
        ]
        self.sides['stock'].delete([server['id'] for server in servers], volumes)

    def fate(self, driver, image_id, **fields):
        """What a user sees of a server that fails."""
        (server,) = self.boot(driver, image_id, **fields)
        self.delete(server)
        return seen_by_user(server)

    def refusal(self, driver, image_id, **fields):
        """The answer to a POST /servers that is refused at once."""
        with pytest.raises(exceptions.HttpError) as caught:
            self.sides[driver].create('e2e-refused', image_id, **fields)
        return caught.value.http_status, masked(caught.value.message)

    def left(self):
        """The user's servers and volumes, and every volume's file."""
        files = [
            f'{name}/{path.name}'
            for name in SHARES
            for path in self.cloud.root(name).glob('volume-*')
        ]
        servers = self.sides['eic'].nova('GET', '/servers')['servers']
        volumes = self.cloud.api.cinder('GET', '/volumes')['volumes']
        things = {*files, *(thing['id'] for thing in [*servers, *volumes])}
        # Those that were created without a server are not of these.
        return sorted(
            thing for thing in things if not thing.endswith(tuple(self.cloud.volumes))
        )

    def clean_up(self):
        listed = self.sides['eic'].nova('GET', '/servers/detail')['servers']
        self.delete(*(s for s in listed if s['name'].startswith('e2e-')))


class Services:
    """Stops and starts the lab's services, by pid."""

    def __init__(self, lab):
        self.lab = lab
        self._paused = {}

    def pid(self, name):
        return self.lab.processes.record(name).pid

    def pause(self, name):
        self._paused[name] = self.pid(name)
        os.kill(self._paused[name], signal.SIGSTOP)

    def resume(self, *names):
        """Those named, or all."""
        for name in names or list(self._paused):
            os.kill(self._paused.pop(name), signal.SIGCONT)

    def kill(self, name):
        os.kill(self.pid(name), signal.SIGKILL)

    def command(self, *arguments):
        subprocess.run(
            [sys.executable, '-m', 'lab', *arguments],
            check=True,
            capture_output=True,
            timeout=DEADLINE,
        )

    @contextlib.contextmanager
    def reconfigured(self, options, eic=()):
        """EIC's cinder-volume with options in each of its backends, and
        others in [eic].
        """
        path = cinder.volume_configs(self.lab, 'eic')[-1]
        before = path.read_text()
        lines = _ini_lines(options)
        backends = re.compile(r'^\[eic-\w+\]\n', re.MULTILINE)
        path.write_text(
            backends.sub(lambda found: found[0] + lines, before)
            + '\n[eic]\n'
            + _ini_lines(dict(eic))
        )
        try:
            # Not by command, which would write the configuration anew.
            self.lab.processes.stop(cinder.volume_service('eic'))
            cinder_services.start_volume(self.lab, 'eic')
            lab_cloud.wait_for_pools(self.lab, ['eic'])
            yield
        finally:
            self.command('restart', cinder.volume_service('eic'))

    @contextlib.contextmanager
    def stopped(self, name):
        self.command('stop', name)
        try:
            yield
        finally:
            self.command('start', name)


@pytest.fixture(scope='session')
def lab():
    opened = context.load(paths.from_environment())
    opened.holder()  # says how to start it if it is down
    return opened


@pytest.fixture
def ontap(lab):
    control = Ontap(lab)
    control.control('DELETE', '/faults')
    yield control
    control.control('DELETE', '/faults')
    for cluster in CLUSTERS:
        control.control('PATCH', '/settings', cluster.name, json={'copy_throughput': 0})


@pytest.fixture
def services(lab):
    made = Services(lab)
    yield made
    made.resume()


@pytest.fixture
def cloud(lab):
    user = Cloud(lab)
    yield user
    assert user.clean_up() == []


@pytest.fixture
def servers(cloud):
    made = Servers(cloud)
    before = made.left()
    yield made
    made.clean_up()
    # A volume whose creation failed may be deleted after its server is gone.
    wait_for(
        lambda: made.left() == before, f'no more than {before} to be left', seconds=60
    )


@pytest.fixture(scope='session')
def content():
    """Random bytes: no two images of a run have the same."""
    return os.urandom(IMAGE_SIZE)


@pytest.fixture(scope='session')
def digest(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def image(cloud, content):
    return cloud.upload(content)
