"""What is said of a process is what the kernel knows of it."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

import psutil
import pytest

from lab import net, preflight, proc
from lab.waiting import wait_until

GONE = 2**22 + 1


def test_a_process_name_may_hold_brackets_and_blanks(tmp_path: Path) -> None:
    program = tmp_path / 'a) b (c)'
    shutil.copy('/bin/sleep', program)
    with subprocess.Popen([str(program), '300']) as child:
        wait_until(lambda: proc.name(child.pid) == 'a) b (c)', 'its name', 5)
        started = proc.start_time(child.pid)
        assert started is not None
        ticks = os.sysconf('SC_CLK_TCK')
        booted = psutil.Process(child.pid).create_time() - started / ticks
        assert abs(booted - psutil.boot_time()) < 2
        assert proc.running(child.pid)
        assert proc.group(child.pid) == os.getpgid(0)
        child.kill()


def test_a_zombie_does_not_run() -> None:
    with subprocess.Popen(['true']) as child:
        wait_until(
            lambda: psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE,
            'its end',
            5,
        )
        assert not proc.running(child.pid)
        assert child.pid not in proc.in_group(os.getpgid(0))


def test_there_is_nothing_to_say_of_a_process_that_is_gone() -> None:
    assert proc.process(GONE) is None
    assert not proc.running(GONE)
    assert proc.start_time(GONE) is None
    assert proc.group(GONE) is None
    assert proc.name(GONE) == ''
    assert proc.mount_namespace(GONE) == ''
    assert proc.environment(GONE) == {}
    assert list(proc.family(GONE)) == []


def test_the_lineage_leads_from_a_process_upwards() -> None:
    line = proc.lineage(os.getpid())
    assert line[0] == os.getpid()
    assert os.getppid() in (*line, 0, 1)


def test_a_family_is_a_process_and_its_descendants() -> None:
    with subprocess.Popen(['sh', '-c', 'sleep 300 & wait']) as shell:
        wait_until(lambda: len(list(proc.family(shell.pid))) == 2, 'its child', 5)
        parent, child = proc.family(shell.pid)
        assert (parent.pid, child.ppid()) == (shell.pid, shell.pid)
        child.kill()


def test_a_listener_is_found_with_its_owner() -> None:
    with socket.create_server(('127.0.0.1', 0)) as server:
        assert net.listeners()[server.getsockname()] == os.getpid()


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason='there is no IPv6')
def test_addresses_of_both_families_are_understood() -> None:
    everybody = socket.create_server(
        ('::', 0), family=socket.AF_INET6, dualstack_ipv6=True
    )
    mapped = socket.create_server(
        ('::ffff:127.0.11.1', 0), family=socket.AF_INET6, dualstack_ipv6=True
    )
    with everybody, mapped:
        found = net.listeners()
        assert found['::', everybody.getsockname()[1]] == os.getpid()
        assert found['127.0.11.1', mapped.getsockname()[1]] == os.getpid()


def test_a_connection_is_no_listener() -> None:
    with (
        socket.create_server(('127.0.0.1', 0)) as server,
        socket.create_connection(server.getsockname()) as connection,
    ):
        assert connection.getsockname() not in net.listeners()


def test_available_memory_is_what_the_kernel_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / 'meminfo').write_text(
        'MemTotal: 9000 kB\nMemFree: 1000 kB\nMemAvailable:  2048 kB\n'
        'Buffers: 0 kB\nCached: 0 kB\nShmem: 0 kB\nActive: 0 kB\nInactive: 0 kB\n'
    )
    monkeypatch.setattr(psutil, 'PROCFS_PATH', str(tmp_path))
    assert preflight.available_memory() == 2048 * 1024
