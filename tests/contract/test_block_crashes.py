"""`kill -9` of a block driver before each step of each route, then a fresh one.

The table of steps is made by one volume that goes all the way
(:mod:`tests.contract.block_crash_runner`). Then there is a volume for each step,
of an image of its own, whose process kills itself before it.
"""

import dataclasses
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eic_plugins.storage.block_records import parse_comment
from eic_plugins.storage.seals import Place
from tests.contract.block import NEEDS_ROOT, ONE, TWO, BlockWorld
from tests.contract.images import Glance, Image
from tests.contract.simulator import Simulator
from tests.contract.stock import MIB

SECONDS = 60
END = 'the end'
SLOW_COPIES = MIB
"""Bytes per second: a copy outlives the process that asked for it."""

pytestmark = NEEDS_ROOT


@dataclasses.dataclass(frozen=True)
class Case:
    """A route, and where the image is cached before."""

    protocol: str
    route: str
    cached_in: str | None = None


CASES = {
    'iscsi cached': Case('iscsi', 'cached', ONE),
    'iscsi copy_offload': Case('iscsi', 'copy_offload', TWO),
    'iscsi download': Case('iscsi', 'download'),
    'nvme cached': Case('nvme', 'cached', ONE),
    'nvme download': Case('nvme', 'download'),
}


class Runner:
    """The process whose children are killed."""

    def __init__(self, served: Simulator, state: Path, protocol: str) -> None:
        self._log = (state / 'runner.log').open('w')
        self._process = subprocess.Popen(
            [
                sys.executable,
                '-m',
                'tests.contract.block_crash_runner',
                served.host,
                str(served.port),
                str(served.data_dir),
                str(state),
                protocol,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self._answers: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        assert self._answer() == 'ready'

    def make(
        self, volume: Any, image: Image, content: Path, stop_before: int | None = None
    ) -> Any:
        """How the process that makes the volume ended, and its steps."""
        content.write_bytes(image.raw)
        assert self._process.stdin
        print(
            json.dumps(
                {
                    'volume_id': volume.id,
                    'image_id': image.id,
                    'content': str(content),
                    'stop_before': stop_before,
                }
            ),
            file=self._process.stdin,
            flush=True,
        )
        return self._answer()

    def stop(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        try:
            self._process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._answers.put(line)

    def _answer(self) -> Any:
        try:
            return json.loads(self._answers.get(timeout=SECONDS))
        except queue.Empty:
            pytest.fail(
                f'no answer of the runner in {SECONDS} s: '
                f'{Path(self._log.name).read_text()[-2000:]}'
            )


@pytest.fixture(scope='module')
def runner(
    admin: Any, served: Simulator, state: Path, protocol: str
) -> Iterator[Runner]:
    found = Runner(served, state, protocol)
    yield found
    found.stop()


class Crashing(BlockWorld):
    """One volume after the other, each with its crash."""

    runner: Runner
    content: Path

    def prepare(self, case: Case) -> tuple[Any, Image]:
        """An image as the case wants it, and a volume to be made of it."""
        self.simulator.control('POST', '/reset', json={'files': True})
        self.simulator.control(
            'PATCH', '/settings', json={'copy_throughput': SLOW_COPIES}
        )
        self.start_anew()
        image = self.glance.add(os.urandom(MIB))
        if case.cached_in:
            self.cache(image, case.cached_in)
        return self.new_volume(), image

    def steps(self, case: Case) -> list[str]:
        """What a volume goes through that is not stopped."""
        volume, image = self.prepare(case)
        answer = self.runner.make(volume, image, self.content)
        assert answer['status'] == 0, answer
        volume.refresh()
        assert volume.metadata['eic_route'] == case.route
        assert self.is_right(volume, image)
        return list(answer['steps'])

    def crash(self, case: Case, number: int) -> str:
        """What is wrong after a crash; nothing, if all is well."""
        volume, image = self.prepare(case)
        answer = self.runner.make(volume, image, self.content, number)
        if answer['status'] != signal.SIGKILL:
            return f'it was not killed: {answer}'
        self.start_anew()
        wrong = [
            f'a bad cached image: {path}' for path in self.bad_cached_images(image)
        ]
        again, route = self.make(image)
        if not self.is_right(again, image):
            wrong.append(f'the next volume has other bytes, by {route}')
        if route == 'cinder_download':
            wrong.append('the next volume was left to Cinder')
        # As the user does with a volume that a restart found half made.
        self.driver.delete_volume(volume)
        self.sweep()
        if left := self.left_over(image, again):
            wrong.append(f'left over: {left}')
        return '; '.join([*wrong, *self.bad_cached_images(image)])

    def bad_cached_images(self, image: Image) -> list[str]:
        """Devices that say that they are the image, and are not."""
        return [
            path
            for path, record in self.records().items()
            if '/img-cache-' in path
            and parse_comment(
                record.get('comment', ''),
                Place(record['location']['volume']['uuid'], record['uuid'], image.id),
                self.eic.clusters.seals,
            )
            and not self._is_whole(path, image)
        ]

    def _is_whole(self, path: str, image: Image) -> bool:
        pool, _, name = path.removeprefix('/vol/').partition('/')
        found = (self.root(pool) / name).read_bytes()
        return (
            name == image.cached
            and found.startswith(image.raw)
            and not any(found[len(image.raw) :])
        )


@pytest.fixture
def world(
    admin: Any,
    simulator: Simulator,
    protocol: str,
    glance: Glance,
    runner: Runner,
    tmp_path: Path,
) -> Crashing:
    found = Crashing(admin, simulator, protocol, glance)
    found.runner, found.content = runner, tmp_path / 'content'
    return found


@pytest.mark.parametrize(
    ('protocol', 'name'),
    [(case.protocol, name) for name, case in CASES.items()],
    indirect=['protocol'],
    ids=list(CASES),
    scope='module',
)
def test_a_crash_at_any_step_costs_no_more_than_its_volume(
    name: str, world: Crashing
) -> None:
    case = CASES[name]
    steps = world.steps(case)
    print(f'{name}: {len(steps)} steps')
    print(
        *(f'{number:4} {step}' for number, step in enumerate(steps, start=1)), sep='\n'
    )
    assert steps[-1] == END
    wrong = {
        f'{number} {step}': found
        for number, step in enumerate(steps, start=1)
        if (found := world.crash(case, number))
    }
    assert wrong == {}
