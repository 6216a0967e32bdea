"""A block driver that is killed before any step of any volume.

Run as a program: it sets the driver up once, and takes orders from its standard
input, a line of JSON each. For each it forks a process that makes the volume
and, with ``stop_before``, sends itself SIGKILL before that step.

A step is a call by which the process may change something outside of itself,
or ask for that to be done; between two of them it computes, so a crash there
leaves what a crash before the second one leaves. Steps are seen where Python
hands the work on: HTTP requests that are not just questions, the first question
after a device is asked for (a copy goes on then), qemu-img's writing, and the
image's bytes from Glance.
"""

import functools
import http.client
import json
import os
import re
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.contract import block
from tests.contract.images import Glance
from tests.contract.simulator import Simulator

END = 'the end'


class Steps:
    """The steps of one volume, until it is killed."""

    def __init__(self, stop_before: int | None) -> None:
        self._stop_before = stop_before
        self.taken: list[str] = []

    def step(self, label: str) -> None:
        """Something is about to be done."""
        self.taken.append(label)
        if len(self.taken) == self._stop_before:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        """See all of this process."""
        send = http.client.HTTPConnection.putrequest

        @functools.wraps(send)
        def putrequest(
            connection: Any, method: str, url: str, *args: Any, **kwargs: Any
        ) -> Any:
            if method not in {'GET', 'HEAD'} or self._has_asked_for_a_device():
                self.step(f'{method} {_plain(url)}')
            return send(connection, method, url, *args, **kwargs)

        http.client.HTTPConnection.putrequest = putrequest  # type: ignore[method-assign]
        sys.addaudithook(self._audit)

    def _has_asked_for_a_device(self) -> bool:
        return self.taken[-1:] == ['POST /api/storage/luns'] or (
            self.taken[-1:] == ['POST /api/storage/namespaces']
        )

    def _audit(self, name: str, args: Any) -> None:
        if name == 'subprocess.Popen' and [str(word) for word in args[1][:2]] == [
            'qemu-img',
            'convert',
        ]:
            self.step('run qemu-img convert')


class SlowGlance(Glance):
    """Its bytes are a step of their own."""

    steps: Steps

    def download(self, context: Any, image_id: str, data: Any) -> None:
        self.steps.step('the image from Glance')
        stored = self.images[image_id].stored
        half = len(stored) // 2
        data.write(stored[:half])
        data.flush()
        self.steps.step('the second half of the image')
        data.write(stored[half:])


def _plain(url: str) -> str:
    path = url.partition('?')[0]
    return re.sub(r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'UUID', path)


def _follow(world: block.BlockWorld, order: Mapping[str, Any]) -> list[str]:
    """Make one volume; its steps."""
    from cinder import objects  # noqa: PLC0415 - as all of Cinder

    from tests.contract import release  # noqa: PLC0415

    # What the process that forked has open is not this one's.
    release.engine().dispose(close=False)
    world.start_anew()
    volume = objects.Volume.get_by_id(world.admin, order['volume_id'])
    glance = world.glance
    assert isinstance(glance, SlowGlance)
    image = glance.add(Path(order['content']).read_bytes(), image_id=order['image_id'])
    glance.steps = Steps(order['stop_before'])
    glance.steps.watch()
    assert world.clone_image(volume, image)
    glance.steps.step(END)
    return glance.steps.taken


def _fork(world: block.BlockWorld, order: Mapping[str, Any], answer: Path) -> int:
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            answer.write_text(json.dumps(_follow(world, order)))
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(pid, 0)[1]


def main(host: str, port: str, data_dir: str, state: str, protocol: str) -> None:
    """Follow orders until there are none."""
    simulator = Simulator(Path(data_dir), (host, int(port)), 'admin', 'admin-secret')
    answer = Path(state) / 'steps.json'
    with block.configured(simulator, Path(state), protocol):
        from cinder import context  # noqa: PLC0415

        world = block.BlockWorld(
            context.get_admin_context(), simulator, protocol, SlowGlance()
        )
        print(json.dumps('ready'), flush=True)
        for line in sys.stdin:
            answer.unlink(missing_ok=True)
            status = _fork(world, json.loads(line), answer)
            steps = json.loads(answer.read_text()) if answer.exists() else None
            print(json.dumps({'status': status, 'steps': steps}), flush=True)


if __name__ == '__main__':
    main(*sys.argv[1:])
