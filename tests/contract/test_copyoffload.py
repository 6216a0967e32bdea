"""``eic-copyoffload``, on its own and run by Cinder's own NFS driver, unmodified."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract import stock
from tests.contract.simulator import Simulator
from tests.contract.stock import MIB, head
from tests.contract.test_stock_nfs_driver import (  # noqa: F401 - fixtures
    GOLD,
    STORE,
    clone_image,
    gold,
    new_volume,
    put_image,
)

PROTOCOL = 'nfs'
GOLD_LIF, SILVER_LIF, ELSEWHERE = '127.0.81.1', '127.0.82.1', '127.0.99.1'
SECONDS = 60
SLOW = MIB // 4
"""Bytes per second of a copy that a signal comes into."""

pytestmark = pytest.mark.usefixtures('nfs')


@pytest.fixture(scope='module')
def tool(state: Path) -> Path:
    """What the driver is told to run: it passes four arguments and no more."""
    path = state / 'copyoffload'
    path.write_text(
        f'#!/bin/sh\nEIC_COPYOFFLOAD_CONFIG={state}/cinder.conf exec {sys.executable} '
        '-m eic_plugins.cli.copyoffload "$@"\n'
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture(scope='module')
def cinder_conf(served: Simulator, state: Path, tool: Path) -> Iterator[Any]:
    # Not the images' share: from there the driver would clone by itself.
    (state / 'shares').write_text('\n'.join((GOLD, STORE)))
    with stock.configured(
        state,
        stock.config(
            served,
            state,
            netapp_storage_protocol='nfs',
            netapp_vserver='svm_gold',
            # The driver asks ZAPI for its version before it runs the tool.
            netapp_allow_zapi_fallback=True,
            netapp_copyoffload_tool_path=tool,
            nfs_shares_config=state / 'shares',
            nfs_mount_point_base=state / 'mnt',
            nas_secure_file_operations=False,
            nas_secure_file_permissions=False,
        ),
    ) as configuration:
        yield configuration


class Tool:
    """The program, as the driver runs it, and what its calls were."""

    def __init__(self, path: Path, simulator: Simulator) -> None:
        self._path = path
        self._simulator = simulator

    def start(self, *arguments: str) -> 'subprocess.Popen[str]':
        return subprocess.Popen(
            [str(self._path), *arguments], stderr=subprocess.PIPE, text=True
        )

    def run(self, *arguments: str) -> tuple[int, str]:
        process = self.start(*arguments)
        _, said = process.communicate(timeout=SECONDS)
        return process.returncode, said

    def posts(self) -> list[str]:
        return [
            call['path']
            for call in self._simulator.calls()['calls']
            if call['method'] == 'POST'
        ]


@pytest.fixture
def program(cinder_conf: Any, tool: Path, simulator: Simulator) -> Tool:
    return Tool(tool, simulator)


@pytest.fixture
def source(simulator: Simulator) -> bytes:
    content = os.urandom(MIB)
    (simulator.directory('svm_gold', 'images_vol') / 'source').write_bytes(content)
    return content


def test_inside_a_flexvol_the_file_is_cloned(
    program: Tool, simulator: Simulator, source: bytes
) -> None:
    assert program.run(GOLD_LIF, GOLD_LIF, '/images/source', '/images/made') == (0, '')
    made = simulator.directory('svm_gold', 'images_vol') / 'made'
    assert made.read_bytes() == source
    assert program.posts() == ['/api/storage/file/clone']


def test_between_flexvols_the_cluster_copies_the_file(
    program: Tool,
    gold: Path,
    source: bytes,
) -> None:
    assert program.run('127.0.81.2', GOLD_LIF, '/images/source', '/gold/made') == (
        0,
        '',
    )
    assert (gold / 'made').read_bytes() == source
    assert program.posts() == ['/api/storage/file/copy']


@pytest.mark.parametrize(
    ('arguments', 'why'),
    [
        ((GOLD_LIF, GOLD_LIF, '/images/none', '/gold/made'), 'source does not exist'),
        ((GOLD_LIF, GOLD_LIF, '/images/source', '/gold/there'), 'destination exists'),
        ((GOLD_LIF, SILVER_LIF, '/images/source', '/tenants/silver/made'), 'file_copy'),
        ((GOLD_LIF, ELSEWHERE, '/images/source', '/gold/made'), 'No backend'),
        ((GOLD_LIF, GOLD_LIF, '/images/source', '/nothing/made'), 'No backend'),
    ],
)
def test_what_cannot_be_copied_is_said_and_nothing_changes(
    program: Tool,
    simulator: Simulator,
    gold: Path,
    source: bytes,
    arguments: tuple[str, ...],
    why: str,
) -> None:
    (gold / 'there').write_bytes(b'another')
    status, said = program.run(*arguments)
    assert status == 1
    assert why in said
    assert 'stock-secret' not in said
    assert sorted(path.name for path in gold.iterdir()) == ['there']
    assert (gold / 'there').read_bytes() == b'another'
    assert program.posts() == []


def test_a_signal_ends_the_copy_and_leaves_nothing(
    program: Tool,
    simulator: Simulator,
    gold: Path,
) -> None:
    images = simulator.directory('svm_gold', 'images_vol')
    (images / 'large').write_bytes(os.urandom(32 * MIB))
    simulator.control('PATCH', '/settings', json={'copy_throughput': SLOW})
    process = program.start(GOLD_LIF, GOLD_LIF, '/images/large', '/gold/made')
    deadline = time.monotonic() + SECONDS
    while '/api/storage/file/copy' not in program.posts():
        assert time.monotonic() < deadline, 'waited for the copy to begin'
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=SECONDS)
    assert process.returncode == 128 + signal.SIGTERM
    assert [path.name for path in gold.iterdir()] == []


def test_the_stock_driver_makes_a_volume_with_it(
    driver: Any,
    admin: Any,
    new_volume: Any,
    program: Tool,
    simulator: Simulator,
    gold: Path,
) -> None:
    image_id, content = put_image(simulator.directory('svm_gold', 'images_vol'))
    volume = new_volume(GOLD)
    _, cloned = clone_image(driver, admin, volume, image_id, '127.0.81.1:/images')
    assert cloned
    assert head(gold / volume.name, MIB) == content
    copies = [
        call
        for call in simulator.calls()['calls']
        if call['path'] == '/api/storage/file/copy' and call['method'] == 'POST'
    ]
    # The driver's own copies come from another client.
    assert [call['client'].split('-python')[0] for call in copies] == ['netapp-ontap']
