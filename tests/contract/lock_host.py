"""A host that takes locks and fills a pool under them, as cinder-volume does: the
program, and how a test talks to it.

``python -m tests.contract.lock_host OPTIONS`` reads a command a line from its input,
and answers each with a line, in JSON.
"""

import contextlib
import dataclasses
import json
import logging
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SIZE = 300_000
ANSWER_SECONDS = 60.0
Reply = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Options:
    """How a host is.

    ``share`` is the pool's directory. ``answer``: seconds that a host waits for one
    answer of the backend, ``patience``: for which it bears with none; 0 for the
    product's own.
    """

    url: str
    share: str
    eventlet: bool = False
    answer: float = 0
    patience: float = 0


class Host:
    """A host as a test sees it: a process of its own."""

    def __init__(self, options: Options) -> None:
        self._process = subprocess.Popen(
            [
                *(sys.executable, '-W', 'ignore', '-m', 'tests.contract.lock_host'),
                json.dumps(dataclasses.asdict(options)),
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._lines = selectors.DefaultSelector()
        assert self._process.stdout is not None
        self._lines.register(self._process.stdout, selectors.EVENT_READ)

    def hears(self, *words: object) -> None:
        """Say a command; :meth:`says` is what comes of it."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(words) + '\n')
        self._process.stdin.flush()

    def says(self, seconds: float = ANSWER_SECONDS) -> Reply:
        """Its next answer."""
        assert self._process.stdout is not None
        assert self._lines.select(seconds), 'the host says nothing'
        said: Reply = json.loads(self._process.stdout.readline())
        return said

    def asked(self, *words: object) -> Reply:
        """Say a command, and wait for its answer."""
        self.hears(*words)
        return self.says()

    def pause(self) -> None:
        """Everything in it stands still, its heartbeats too."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self._process.pid, signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(30)
        self._lines.close()


class _Program:
    """The host as it is itself."""

    def __init__(self, options: Options) -> None:
        # eventlet's changes come before whatever is imported here.
        from cinder import coordination  # noqa: PLC0415
        from oslo_config import cfg  # noqa: PLC0415

        from eic_plugins.volume import lease, locks  # noqa: PLC0415

        cfg.CONF.set_override('backend_url', options.url, 'coordination')
        coordination.COORDINATOR.start()
        self._locks: Callable[[float], Any] = locks.Locks
        if options.answer:
            lease.ANSWER_SECONDS = options.answer
            locks._OUTAGE_SECONDS = options.patience
        self._share = Path(options.share)
        self._log = _Log()

    def serve(self) -> None:
        self._say('ready')
        while (words := self._hear()) is not None:
            getattr(self, words[0])(*words[1:])

    def hold(self, name: str, seconds: float, wait: bool = True) -> None:
        """Take a lock until the next command, ``release``."""
        began = time.monotonic()
        with self._told(began):
            with self._locks(seconds).held(name, wait=wait):
                self._say('held', began)
                self._hear()
            self._say('released')

    def count(self, name: str, threads: int, times: int) -> None:
        """Add one to a number in a file, again and again, in several threads."""
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

        file, found = self._share / 'number', self._locks(30)

        def add(_: int) -> None:
            with found.held(name, wait=True):
                number = int(file.read_text())
                time.sleep(0.002)
                file.write_text(str(number + 1))

        with self._told(time.monotonic()), ThreadPoolExecutor(threads) as pool:
            list(pool.map(add, range(times)))
            self._say('counted')

    def ensure(self, letter: str, seconds: float = 30) -> None:
        """Have the pool's cached image, made of one letter; it is filled until the
        next command, ``go``, which may stand still before it goes on.
        """
        from eic_plugins.engine.pool_cache import PoolCache  # noqa: PLC0415
        from eic_plugins.storage.files import FileStorage  # noqa: PLC0415
        from eic_plugins.storage.interface import Filled  # noqa: PLC0415
        from eic_plugins.storage.mount import ShareMount  # noqa: PLC0415
        from eic_plugins.support import native  # noqa: PLC0415
        from tests.unit.factories import SEALS, image, pool  # noqa: PLC0415
        from tests.unit.fake_engine import FakeFill  # noqa: PLC0415
        from tests.unit.fake_files import FakeFiles  # noqa: PLC0415

        of, files = pool(), FakeFiles({pool().flexvol.uuid: self._share})
        mount = ShareMount(str(self._share), lambda *_command: None, 0o660)
        storage = FileStorage(of, mount, files, 1, SEALS)

        def make(target: Any) -> Filled:
            (self._share / target.name).write_bytes(letter.encode() * SIZE)
            self._say('filling')
            _go, *still = self._hear() or ['go']
            native.original('time').sleep(still[0] if still else 0)
            return Filled()

        with self._told(time.monotonic()):
            _cached, made = PoolCache(storage, self._locks(seconds)).ensure(
                image(size=SIZE), FakeFill(make)
            )
            self._say('made' if made else 'found')

    @contextlib.contextmanager
    def _told(self, began: float) -> Iterator[None]:
        try:
            yield
        except Exception as err:
            self._say(type(err).__name__, began, str(err))

    def _say(self, what: str, began: float | None = None, detail: str = '') -> None:
        after = 0 if began is None else time.monotonic() - began
        reply = {'said': what, 'after': after, 'detail': detail, 'log': self._log.new()}
        print(json.dumps(reply), flush=True)

    @staticmethod
    def _hear() -> list[Any] | None:
        from eic_plugins.support import native  # noqa: PLC0415

        line = native.run(sys.stdin.readline)
        return json.loads(line) if line else None


class _Log(logging.Handler):
    """The warnings of the bundle."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._said: list[str] = []
        logging.getLogger('eic_plugins').addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self._said.append(record.getMessage())

    def new(self) -> str:
        said, self._said = self._said, []
        return '\n'.join(said)


def main() -> None:
    """Be a host until the input ends."""
    options = Options(**json.loads(sys.argv[1]))
    if options.eventlet:
        # As the cinder-volume of the older releases is patched.
        import eventlet  # noqa: PLC0415

        eventlet.monkey_patch()
    _Program(options).serve()
    # Without a farewell to a backend that may be gone.
    os._exit(0)


if __name__ == '__main__':
    main()
