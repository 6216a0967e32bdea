"""Runs steps in parallel, each as soon as those that it needs are done."""

import concurrent.futures
import dataclasses
import threading
from collections.abc import Callable, Sequence

from lab.console import Console
from lab.errors import CancelledError, LabError

_POLL_SECONDS = 0.2


@dataclasses.dataclass(frozen=True)
class Step:
    """Something to do, and what must be done before."""

    name: str
    action: Callable[[], None]
    needs: tuple[str, ...] = ()


def run(
    steps: Sequence[Step],
    console: Console,
    cancel: threading.Event,
) -> None:
    """Run all steps; the first failure cancels the others and is raised."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=len(steps)) as pool:
        under_way = _Run(steps, pool, console, cancel)
        try:
            with console.ticking():
                under_way.finish()
        finally:
            # After a failure or Ctrl-C the threads see this and end.
            cancel.set()
    cancel.clear()


class _Run:
    """Steps that wait, run, are done, or have failed."""

    def __init__(
        self,
        steps: Sequence[Step],
        pool: concurrent.futures.Executor,
        console: Console,
        cancel: threading.Event,
    ) -> None:
        self._pool = pool
        self._console = console
        self._cancel = cancel
        self._waiting = list(steps)
        self._running: dict[concurrent.futures.Future[None], str] = {}
        self._done: set[str] = set()
        self._failures: list[BaseException] = []

    def finish(self) -> None:
        """Run all of them, and raise the first failure."""
        while (self._waiting and not self._failures) or self._running:
            if not self._failures:
                self._start_those_that_can()
            if not self._running:
                stuck = self._waiting[0]
                raise LabError(
                    f'Nothing can do {stuck.name}: it needs {", ".join(stuck.needs)}.'
                )
            self._collect()
        if self._failures:
            raise _first(self._failures)

    def _start_those_that_can(self) -> None:
        ready = [step for step in self._waiting if self._done.issuperset(step.needs)]
        self._waiting = [step for step in self._waiting if step not in ready]
        for step in ready:
            future = self._pool.submit(_timed, step, self._console)
            self._running[future] = step.name

    def _collect(self) -> None:
        # A short wait, so that Ctrl-C is seen at once.
        finished, _ = concurrent.futures.wait(
            self._running,
            timeout=_POLL_SECONDS,
            return_when=concurrent.futures.FIRST_COMPLETED,
        )
        for future in finished:
            self._done.add(self._running.pop(future))
            error = future.exception()
            if error is not None:
                self._failures.append(error)
                self._cancel.set()


def _timed(step: Step, console: Console) -> None:
    with console.step(step.name):
        step.action()


def _first(failures: list[BaseException]) -> BaseException:
    """The cause: not a step that was cancelled because of another one."""
    causes = [f for f in failures if not isinstance(f, CancelledError)]
    return (causes or failures)[0]
