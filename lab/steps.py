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
    pool = concurrent.futures.ThreadPoolExecutor(max_workers=len(steps))
    try:
        with console.ticking():
            _run(steps, pool, console, cancel)
    finally:
        # After a failure or Ctrl-C the threads see this and end.
        cancel.set()
        pool.shutdown(wait=True, cancel_futures=True)
    cancel.clear()


def _run(
    steps: Sequence[Step],
    pool: concurrent.futures.Executor,
    console: Console,
    cancel: threading.Event,
) -> None:
    waiting = list(steps)
    running: dict[concurrent.futures.Future[None], str] = {}
    done: set[str] = set()
    failures: list[BaseException] = []
    while (waiting and not failures) or running:
        if not failures:
            ready = [s for s in waiting if done.issuperset(s.needs)]
            waiting = [s for s in waiting if s not in ready]
            running |= {pool.submit(_timed, s, console): s.name for s in ready}
        if not running:
            raise LabError(
                f'Nothing can do {waiting[0].name}: it needs '
                f'{", ".join(waiting[0].needs)}.'
            )
        # A short wait, so that Ctrl-C is seen at once.
        finished, _ = concurrent.futures.wait(
            running,
            timeout=_POLL_SECONDS,
            return_when=concurrent.futures.FIRST_COMPLETED,
        )
        for future in finished:
            done.add(running.pop(future))
            error = future.exception()
            if error is not None:
                failures.append(error)
                cancel.set()
    if failures:
        raise _first(failures)


def _timed(step: Step, console: Console) -> None:
    with console.step(step.name):
        step.action()


def _first(failures: list[BaseException]) -> BaseException:
    """The cause: not a step that was cancelled because of another one."""
    causes = [f for f in failures if not isinstance(f, CancelledError)]
    return (causes or failures)[0]
