"""`eic cache` and families of images on the lab, beside the running cinder-volume."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from oslo_utils import units

from lab import cinder, files
from lab.context import Lab
from lab.paths import REPOSITORY, venv_bin
from lab.processes import enter
from tests.e2e.deadline import wait_for
from tests.e2e.ontap import Ontap
from tests.e2e.services import Services
from tests.e2e.user import SHARES, LabUser

GOLD = SHARES['gold']
LUNS = 'block_one'
Run = Callable[..., tuple[int, Any]]


def command(lab: Lab, *words: str) -> list[str]:
    """`eic`, where cinder-volume runs and with its configuration."""
    configs = files.config_flags(cinder.volume_configs(lab, 'eic'))
    return [*enter(lab.holder()), venv_bin('eic'), *words, *configs]


def environment(lab: Lab) -> dict[str, str]:
    """That of cinder-volume."""
    own = lab.processes.environment(cinder.volume_service('eic'))
    return {**own, 'PYTHONPATH': str(REPOSITORY)}


@pytest.fixture
def eic(lab: Lab) -> Run:
    """Runs it to its end: the exit status, and what it says to programs."""

    def run(*words: str) -> tuple[int, Any]:
        done = subprocess.run(
            command(lab, *words, '-fjson'),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            env=environment(lab),
        )
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    return run


def age(cloud: LabUser, image: str, *pools: str) -> None:
    """As if nobody had used it for two days."""
    for pool in pools:
        record = cloud.root(pool) / f'.eic-{image}.json'
        then = time.time() - 2 * 86400
        os.utime(record, (then, then))


def test_a_life_of_a_cached_image_by_hand(
    eic: Run, cloud: LabUser, image: str, digest: str
) -> None:
    status, rows = eic('cache', 'warm', image, '--pool', GOLD, '--pool', LUNS)
    assert (status, {row['Outcome'] for row in rows}) == (0, {'made'})
    volume = cloud.create(image, 'eic-gold')
    assert volume['metadata']['eic_route'] == 'cached'
    assert cloud.sha256(volume, 'gold') == digest

    status, rows = eic('cache', 'list', '--image', image)
    found = {row['Pool'].partition('#')[2]: row for row in rows}
    assert (status, set(found)) == (0, {GOLD, LUNS})
    assert found[GOLD]['Seen by'] == "the share's mount on this host"
    assert (found[GOLD]['Volumes'], found[GOLD]['Clones']) == (1, 1)
    assert found[GOLD]['Saved'] == found[GOLD]['On ONTAP'] >= 24 * units.Mi
    assert (found[GOLD]['Hit rate'], found[LUNS]['Hit rate']) == (100.0, None)

    status, rows = eic('cache', 'verify', image, '--max-rate', '0')
    assert (status, {row['Verdict'] for row in rows}) == (0, {'same'})
    assert {row['Read'] for row in rows} == {24 * units.Mi}
    with (cloud.root('gold') / f'img-cache-{image}').open('r+b') as file:
        first = file.read(1)
        file.seek(0)
        file.write(bytes([first[0] ^ 1]))
    status, rows = eic('cache', 'verify', image, '--pool', GOLD)
    assert (status, [row['Verdict'] for row in rows]) == (1, ['different'])

    status, rows = eic('cache', 'evict', image, '--pool', GOLD)
    assert (status, rows[0]['Outcome']) == (1, 'in_use')
    age(cloud, image, 'gold')
    status, rows = eic('cache', 'evict', image, '--pool', GOLD)
    assert (status, rows[0]['Outcome']) == (0, 'evicted')
    # Clones have their own blocks: what was written to their source is not theirs.
    assert cloud.sha256(volume, 'gold') == digest
    assert cloud.create(image, 'eic-gold')['metadata']['eic_route'] == 'copy_offload'


def test_ctrl_c_leaves_nothing_half_made(
    eic: Run, lab: Lab, cloud: LabUser, image: str, ontap: Ontap
) -> None:
    ontap.copy_at(units.Mi)
    warm = subprocess.Popen(
        command(lab, 'cache', 'warm', image, '--pool', GOLD),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(lab),
    )
    try:
        wait_for(
            lambda: any('eic-fill-' in name for name in cloud.files()),
            'the copy to begin',
        )
        warm.send_signal(signal.SIGINT)
        _, said = warm.communicate(timeout=60)
    finally:
        warm.kill()
    assert warm.returncode == 130
    assert 'Nothing is left half-made' in said
    assert not [name for name in cloud.files() if name.startswith('gold/')]
    ontap.copy_at(0)
    assert eic('cache', 'warm', image, '--pool', GOLD)[0] == 0


@pytest.fixture
def golden(cloud: LabUser, content: bytes) -> Iterator[Callable[[], str]]:
    """Uploads public images of one family."""
    made: list[str] = []

    def upload() -> str:
        image = cloud.upload(content, eic_family='golden')
        cloud.admin.session.patch(
            f'{cloud.lab.ports.url("glance")}/v2/images/{image}',
            json=[{'op': 'replace', 'path': '/visibility', 'value': 'public'}],
            headers={'Content-Type': 'application/openstack-images-v2.1-json-patch'},
        )
        made.append(image)
        return image

    yield upload
    for image in made:
        cloud.api.request('DELETE', 'glance', f'/v2/images/{image}')


def test_the_newest_of_a_family_takes_the_place_of_the_one_before(
    eic: Run, cloud: LabUser, golden: Callable[[], str], services: Services
) -> None:
    def has(image: str, *pools: str) -> bool:
        return all((cloud.root(p) / f'.eic-{image}.json').exists() for p in pools)

    pools = ('gold', 'remote')
    family = f'eic_family | 1 | {GOLD}, eic-remote'
    with services.reconfigured({}, {'precache_families': family}):
        old = golden()
        wait_for(lambda: has(old, *pools), 'the first to be cached')
        private = cloud.upload(b'of a tenant', eic_family='golden')
        new = golden()
        wait_for(lambda: has(new, *pools), 'the second to be cached')
        assert has(old, *pools)  # it was used a moment ago
        age(cloud, old, *pools)
        wait_for(
            lambda: not (has(old, 'gold') or has(old, 'remote')), 'the first to go'
        )
        assert has(new, *pools)
        assert not has(private, 'gold')
