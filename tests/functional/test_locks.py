"""Cinder's coordination over files: what is old and nobody's is removed."""

import os
import subprocess
import sys
import time

import pytest
from cinder import coordination
from oslo_config import cfg

from eic_plugins.engine.pool_cache import LockTimeoutError

DAY = 86400
IMAGE = '2f0b9e1c-7c5e-4c6e-9d3b-0c1f4a7f0d11'
POOL, CLUSTER = f'eic-{IMAGE}-flexvol', f'eic-download-{IMAGE}-cluster'

HOLD = """
import sys
from cinder import coordination
from oslo_config import cfg
cfg.CONF.set_override('backend_url', sys.argv[1], 'coordination')
coordination.COORDINATOR.start()
lock = coordination.COORDINATOR.get_lock(sys.argv[2])
assert lock.acquire(blocking=False)
print('held', flush=True)
sys.stdin.read()
"""


@pytest.fixture
def locks(cinder_conf, tmp_path):
    """The module, which wants Cinder's objects to be registered."""
    from eic_plugins.volume import locks  # noqa: PLC0415

    coordination.COORDINATOR.stop()
    cfg.CONF.set_override('backend_url', f'file://{tmp_path}', 'coordination')
    coordination.COORDINATOR.start()
    yield locks
    coordination.COORDINATOR.stop()
    cfg.CONF.clear_override('backend_url', 'coordination')


def use(locks, *names):
    for name in names:
        with locks.Locks(5).held(name, wait=True):
            pass


def age(directory, seconds):
    for path in directory.glob('cinder-*'):
        os.utime(path, (time.time() - seconds,) * 2)


def files(directory):
    return sorted(path.name for path in directory.glob('cinder-*'))


def test_old_files_go_and_the_lock_is_still_one(locks, tmp_path):
    use(locks, POOL, CLUSTER)
    age(tmp_path, DAY + 60)
    locks.remove_idle_files()
    assert files(tmp_path) == []
    with (
        locks.Locks(5).held(POOL, wait=True),
        pytest.raises(LockTimeoutError),
        locks.Locks(5).held(POOL, wait=False),
    ):
        pass


def test_a_wait_ends_when_it_should(locks, tmp_path):
    with locks.Locks(5).held(POOL, wait=True) as held:
        for seconds, wait in ((0.5, True), (0, True), (5, False)):
            began = time.monotonic()
            with (
                pytest.raises(LockTimeoutError),
                locks.Locks(seconds).held(POOL, wait=wait),
            ):
                pass
            assert time.monotonic() - began < 1.5
        assert held.confirm()
    use(locks, POOL)


def test_the_lock_of_a_killed_process_is_free(locks, tmp_path):
    with subprocess.Popen(
        [sys.executable, '-W', 'ignore', '-c', HOLD, f'file://{tmp_path}', POOL],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout.readline() == 'held\n'
        with pytest.raises(LockTimeoutError), locks.Locks(0).held(POOL, wait=True):
            pass
        holder.kill()
        holder.wait(30)
    use(locks, POOL)


def test_a_release_alone_leaves_the_file(locks, tmp_path):
    """What there would be to remove without a removal."""
    use(locks, POOL, CLUSTER)
    assert files(tmp_path) == sorted([f'cinder-{POOL}', f'cinder-{CLUSTER}'])


def test_young_files_and_those_of_cinder_stay(locks, tmp_path):
    use(locks, IMAGE, 'attachment_update-x')
    age(tmp_path, 100 * DAY)
    use(locks, POOL)
    before = files(tmp_path)
    locks.remove_idle_files()
    assert files(tmp_path) == before
    assert len(before) == 3


def test_what_another_process_has_stays(locks, tmp_path):
    with subprocess.Popen(
        [sys.executable, '-W', 'ignore', '-c', HOLD, f'file://{tmp_path}', POOL],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout.readline() == 'held\n'
        use(locks, CLUSTER)
        age(tmp_path, DAY + 60)
        locks.remove_idle_files()
        held = files(tmp_path)
        holder.stdin.close()
        holder.wait(30)
    assert held == [f'cinder-{POOL}']
    locks.remove_idle_files()
    assert files(tmp_path) == []


def test_what_this_process_has_stays(locks, tmp_path):
    with locks.Locks(5).held(POOL, wait=True):
        age(tmp_path, DAY + 60)
        locks.remove_idle_files()
        assert files(tmp_path) == [f'cinder-{POOL}']


def test_where_locks_are_no_files_there_is_nothing_to_do(locks, tmp_path, monkeypatch):
    use(locks, POOL)
    age(tmp_path, DAY + 60)
    monkeypatch.setattr(
        cfg.CONF.coordination, 'backend_url', 'etcd3://host', raising=False
    )
    locks.remove_idle_files()
    assert files(tmp_path) == [f'cinder-{POOL}']
