"""One outcome, told the same by log, metadata, notification, metrics and `eic`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lab import cinder
from lab.topology import DEMO_PROJECT, DEMO_USER
from tests.e2e.deadline import wait_for
from tests.e2e.test_lifecycle import REIMAGE, act
from tests.e2e.user import IMAGE_SIZE, SHARES

SERVICE = cinder.volume_service('eic')
NOTIFICATION = 'oslo.messaging.notification.eic.volume.'


class Told:
    """What cinder-volume has said since the test began."""

    def __init__(self, lab):
        self.lab = lab
        self._log = lab.paths.log(SERVICE)
        self._start = self._log.stat().st_size

    def lines(self, *parts):
        """The lines of the log that have all of these in them."""
        with self._log.open('rb') as stream:
            stream.seek(self._start)
            text = stream.read().decode(errors='replace')
        return [
            line for line in text.splitlines() if all(part in line for part in parts)
        ]

    def notification(self, event, volume_id):
        (line,) = wait_for(
            lambda: self.lines(NOTIFICATION + event, volume_id),
            f'the notification {event} of {volume_id}',
        )
        return json.loads(line[line.index('{') :])

    def counted(self, metric, **labels):
        """A metric of the backend eic-gold."""
        path = cinder.metrics(self.lab) / 'eic-eic-gold.prom'
        return sum(
            sample.value
            for family in text_string_to_metric_families(path.read_text())
            for sample in family.samples
            if sample.name == metric and labels.items() <= sample.labels.items()
        )


@pytest.fixture
def told(lab):
    return Told(lab)


def create(cloud, image, volume_type):
    """A volume, and the id of the request that asked for it."""
    answer = cloud.api.session.post(
        f'{cloud.lab.ports.url("cinder-api")}/v3/{cloud.api.project_id}/volumes',
        json={'volume': {'size': 1, 'imageRef': image, 'volume_type': volume_type}},
    )
    volume_id = answer.json()['volume']['id']
    cloud.volumes.append(volume_id)
    return cloud.ended(volume_id), answer.headers['x-openstack-request-id']


def test_log_notification_and_metrics_say_what_the_metadata_says(cloud, image, told):
    pool = SHARES['gold']
    copied = {'route': 'copy_offload', 'pool': pool}
    before = told.counted('eic_volumes_total', **copied)
    kept = told.counted('eic_bytes_kept_off_host_total', pool=pool)
    volume, request_id = create(cloud, image, 'eic-gold')
    assert volume['metadata']['eic_route'] == 'copy_offload'

    (line,) = told.lines(f'Volume {volume["id"]} of image', 'route copy_offload')
    assert request_id in line
    assert f'{IMAGE_SIZE} bytes kept off the host' in line
    assert f'refused: {volume["metadata"]["eic_refused"]}' in line

    payload = told.notification('created_from_image', volume['id'])['payload']
    assert (payload['route'], payload['pool'], payload['image_id']) == (
        'copy_offload',
        pool,
        image,
    )
    assert payload['bytes_kept_off_host'] == IMAGE_SIZE
    assert payload['reasons'] == [
        {'route': 'cached', 'reason': 'not_cached'},
        {'route': 'flexclone', 'reason': 'other_flexvol'},
    ]

    wait_for(
        lambda: told.counted('eic_volumes_total', **copied) == before + 1,
        'the metrics of a volume',
    )
    assert told.counted('eic_bytes_kept_off_host_total', pool=pool) == (
        kept + IMAGE_SIZE
    )


def test_simultaneous_requests_keep_their_ids_apart(cloud, image, told):
    started = []
    for _ in range(4):
        answer = cloud.api.session.post(
            f'{cloud.lab.ports.url("cinder-api")}/v3/{cloud.api.project_id}/volumes',
            json={'volume': {'size': 1, 'imageRef': image, 'volume_type': 'eic-gold'}},
        )
        started.append(
            (answer.json()['volume']['id'], answer.headers['x-openstack-request-id'])
        )
        cloud.volumes.append(started[-1][0])
    for volume_id, request_id in started:
        cloud.ended(volume_id)
        (line,) = told.lines(f'Volume {volume_id} of image', 'route ')
        assert request_id in line


def test_another_image_for_a_volume_is_told_as_such(cloud, image, content, told):
    volume = cloud.create(image, 'eic-gold')
    other = cloud.upload(content[::-1])
    act(
        cloud,
        volume['id'],
        'os-reimage',
        {'image_id': other, 'reimage_reserved': False},
        **REIMAGE,
    )
    cloud.ended(volume['id'])
    payload = told.notification('reimaged', volume['id'])['payload']
    assert (payload['image_id'], payload['route']) == (other, 'copy_offload')


def test_a_metrics_directory_that_is_gone_fails_no_volume(cloud, image, lab, told):
    directory = cinder.metrics(lab)
    away = directory.with_name('metrics-away')
    directory.rename(away)
    try:
        assert cloud.create(image, 'eic-gold')['status'] == 'available'
        wait_for(
            lambda: told.lines('metrics_directory cannot be written to'), 'the warning'
        )
    finally:
        away.rename(directory)


@pytest.mark.parametrize(
    'near', [{'unsplit_size': 639 << 40}, {'split_load': 32 << 40}], ids=str
)
def test_near_a_limit_for_clones_volumes_are_downloaded_until_it_is_clear(
    cloud, image, digest, ontap, services, told, near
):
    cloud.create(image, 'eic-gold')
    ontap.control('PATCH', '/settings', json=near)
    try:
        # They are read at the start, then every five minutes.
        services.command('restart', SERVICE)
        mark = ontap.calls()['last']
        volume = cloud.create(image, 'eic-gold')
        assert ontap.posts_since(mark, '/api/storage/file/clone') == []
    finally:
        ontap.control('PATCH', '/settings', json=dict.fromkeys(near, 0))
        services.command('restart', SERVICE)
    assert volume['status'] == 'available'
    assert volume['metadata']['eic_refused'] == 'all=clone_limit_reached'
    assert cloud.sha256(volume, 'gold') == digest
    assert told.lines('WARNING', 'FlexVol gold_vol', 'limits for clones')
    again = cloud.create(image, 'eic-gold')
    assert again['metadata']['eic_route'] == 'cached'


def eic(lab, *arguments):
    """The command, as the volumes' owner."""
    environment = {
        'PATH': os.environ['PATH'],
        'OS_AUTH_URL': f'{lab.ports.url("keystone")}/v3',
        'OS_USERNAME': DEMO_USER,
        'OS_PROJECT_NAME': DEMO_PROJECT,
        'OS_PASSWORD': lab.secrets[f'user-{DEMO_USER}'],
        'OS_USER_DOMAIN_NAME': 'Default',
        'OS_PROJECT_DOMAIN_NAME': 'Default',
    }
    program = Path(sys.executable).with_name('eic')
    return subprocess.run(
        [program, *arguments],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_eic_explain_says_why_in_sentences(cloud, image, lab):
    volume = cloud.create(image, 'eic-gold')
    done = eic(lab, 'explain', volume['id'])
    assert done.returncode == 0
    assert f'Volume {volume["id"]} is available.' in done.stdout
    assert 'Route copy_offload: ' in done.stdout
    assert '(other_flexvol)' in done.stdout
    missing = eic(lab, 'explain', 'none-such')
    assert missing.returncode == 1
    assert (
        "No volume or server or image has the name or id 'none-such'" in missing.stderr
    )


def test_a_volume_keeps_the_metadata_of_its_request_and_is_explained(cloud, image, lab):
    own = {'managed-by': 'terraform', 'tier': 'gold'}
    volume = cloud.ended(cloud.start(image, 'eic-gold', metadata=own))
    assert volume['metadata'] == own
    done = eic(lab, 'explain', volume['id'])
    assert done.returncode == 0
    assert 'Route copy_offload: ' in done.stdout
