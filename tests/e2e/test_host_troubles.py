"""A host of two whose clock is an hour ahead, and one that has lost its mounts."""

import datetime
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from oslo_utils import units

from eic_plugins.engine.pool_cache import FILL_PREFIX
from lab import cinder_hosts, packages, proc
from lab.context import Lab
from tests.e2e.deadline import wait_for
from tests.e2e.hosts import TYPES, create_at_once, hosts, needs_time, qcow2, routes
from tests.e2e.ontap import Ontap
from tests.e2e.user import LabUser

AHEAD = datetime.timedelta(hours=1)
EACH = 5
SWEEP_SECONDS = 180
"""netapp_nfs_image_cache_cleanup_interval is 60 in the lab."""
pytestmark = needs_time
__all__ = ['hosts', 'qcow2']


def _library(lab: Lab) -> Path:
    packages.ensure(('gcc', 'libc6-dev'), lab.paths.log('apt'))
    made = lab.paths / 'tmp/clock_ahead.so'
    source = Path(__file__).with_name('clock_ahead.c')
    lab.run('clock', ['gcc', '-shared', '-fPIC', '-o', str(made), str(source), '-ldl'])
    return made


@pytest.fixture
def ahead(hosts: None, lab: Lab) -> Iterator[None]:
    """The second host, with a clock of its own; the storage has the right time."""
    env = {
        'LD_PRELOAD': str(_library(lab)),
        'CLOCK_AHEAD': f'{AHEAD.total_seconds():.0f}',
    }
    cinder_hosts.start_host(lab, cinder_hosts.SECOND, env)
    cinder_hosts.wait_for_pools(lab)
    yield
    cinder_hosts.start_host(lab, cinder_hosts.SECOND)
    cinder_hosts.wait_for_pools(lab)


def test_a_clock_that_is_ahead_disturbs_no_fill_of_another_host(
    ahead: None, cloud: LabUser, image: str, content: bytes, digest: str, ontap: Ontap
) -> None:
    """To its host, everything that another one writes has been idle for an hour."""
    ontap.copy_at(64 * units.Ki)
    mark = ontap.calls()['last']
    first, second = TYPES['gold']
    filling = cloud.start(image, first)
    ontap.wait_for_file_copy(mark)
    # Only a host whose clock is ahead takes it for old; no host has its lock.
    left = cloud.root('gold') / f'{FILL_PREFIX}{cloud.upload(content)}-00000000'
    left.write_bytes(secrets.token_bytes(16))
    wait_for(lambda: not left.exists(), 'the sweep of the second host', SWEEP_SECONDS)
    assert cloud.show(filling)['status'] != 'error'
    ontap.copy_at(0)
    volumes = [
        cloud.ended(filling),
        *create_at_once(cloud, image, [second] * EACH + [first] * EACH),
    ]
    assert routes(volumes) == ['cached'] * (len(volumes) - 1) + ['copy_offload']
    assert {cloud.sha256(each, 'gold') for each in volumes} == {digest}
    assert len(ontap.file_copies(mark)) == 1


def test_both_hosts_fill_and_clone_with_different_clocks(
    ahead: None, cloud: LabUser, qcow2: str, digest: str
) -> None:
    types = [kind for name in TYPES for kind in TYPES[name]] * EACH
    volumes = create_at_once(cloud, qcow2, types)
    expected = ['cached'] * (len(volumes) - 2) + ['copy_offload', 'download']
    assert routes(volumes) == expected
    assert cloud.downloads(qcow2) == 1
    for volume, kind in zip(volumes, types, strict=True):
        assert cloud.sha256(volume, kind.partition('-')[2]) == digest


@pytest.fixture
def unmounted(hosts: None, lab: Lab) -> list[Path]:
    """The second host has lost its mounts; the directories that they hid."""
    base = cinder_hosts.mount_base(lab)
    mounted = proc.mount_points(lab.holder())
    found = [Path(each) for each in mounted if Path(each).is_relative_to(base)]
    assert found
    for each in found:
        lab.run_inside('storage', ['umount', '--lazy', str(each)])
    return found


def test_a_host_that_has_lost_its_mounts_writes_into_no_directory_of_its_own(
    unmounted: list[Path], cloud: LabUser, image: str, qcow2: str, digest: str
) -> None:
    """They are mounted anew. Our own namespace shows what is below a mount."""
    made = [cloud.create(each, TYPES['gold'][1]) for each in (image, qcow2, image)]
    assert routes(made) == ['cached', 'copy_offload', 'download']
    assert {cloud.sha256(each, 'gold') for each in made} == {digest}
    assert [each for directory in unmounted for each in directory.iterdir()] == []
