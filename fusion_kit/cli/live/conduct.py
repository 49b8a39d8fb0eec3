"""Drives one run at this terminal: shows it, and turns Ctrl-C into a wish to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from fusion_kit.cli.exit_codes import INTERRUPTED, TERMINATED, of_run
from fusion_kit.cli.live.display import Display, display_for
from fusion_kit.cli.live.scene import Scene
from fusion_kit.cli.project import Project, Watch
from fusion_kit.cli.session import Session
from fusion_kit.clock import SystemClock
from fusion_kit.coordination.requests import StopSignal
from fusion_kit.core.events import Event
from fusion_kit.core.run import Run
from fusion_kit.core.states import RunState
from fusion_kit.core.task import Task

_TICK_S = 0.125
_BY_SIGNAL = {signal.SIGINT: INTERRUPTED, signal.SIGTERM: TERMINATED}

Start = Callable[[Watch, StopSignal], Awaitable[Run]]


@dataclass(frozen=True, slots=True)
class Ended:
    """A run as we left it, and the code to leave with."""

    run: Run
    tasks: list[Task]
    exit_code: int


@dataclass(slots=True)
class Bell:
    """Ctrl-C once asks to stop, twice stops at once; `rung` remembers the first signal."""

    stop: StopSignal
    scene: Scene
    rung: signal.Signals | None = None

    def ring(self, which: signal.Signals) -> None:
        """Take in one signal."""
        if self.rung is None:
            self.rung = which
            self.scene.note = "stopping: agents are asked to stop; once more stops them at once"
            self.stop.request()
        else:
            self.scene.note = "stopping at once"
            self.stop.kill()


def conduct(session: Session, project: Project, start: Start, known: str | None = None) -> Ended:
    """Start a run (or go on with the `known` one), show it until it ends or stops, and return it."""
    return asyncio.run(_conduct(session, project, start, Scene(project.views, known, session.command)))


async def _conduct(session: Session, project: Project, start: Start, scene: Scene) -> Ended:
    clock = SystemClock()
    bell = Bell(StopSignal(), scene)
    display = display_for(session.show, project, clock.now)
    try:
        with _signals(bell):
            run = await _watched(start, bell.stop, display, scene, clock)
    finally:
        display.close(scene)
    tasks = project.views.tasks(run.id)
    return Ended(run, tasks, _exit_code(run, tasks, bell.rung))


async def _watched(start: Start, stop: StopSignal, display: Display, scene: Scene, clock: SystemClock) -> Run:
    def watch(event: Event) -> None:
        scene.apply(event)
        display.event(event, scene)

    async def ticking() -> None:
        while True:
            display.tick(scene)
            await clock.sleep(_TICK_S)

    ticker = asyncio.create_task(ticking())
    try:
        return await start(watch, stop)
    finally:
        ticker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ticker


def _exit_code(run: Run, tasks: list[Task], rung: signal.Signals | None) -> int:
    if rung is not None and run.state in (RunState.PAUSED, RunState.RUNNING, RunState.QUEUED):
        return _BY_SIGNAL[rung]
    return of_run(run, tasks)


@contextlib.contextmanager
def _signals(bell: Bell) -> Iterator[None]:
    """Hand signals to the bell while inside; where the loop cannot (Windows), Python's own handlers do."""
    loop = asyncio.get_running_loop()
    old = {which: signal.getsignal(which) for which in _BY_SIGNAL}
    for which in _BY_SIGNAL:
        try:
            loop.add_signal_handler(which, bell.ring, which)
        except NotImplementedError:
            signal.signal(which, lambda number, _: loop.call_soon_threadsafe(bell.ring, signal.Signals(number)))
    try:
        yield
    finally:
        for which, handler in old.items():
            with contextlib.suppress(NotImplementedError):
                loop.remove_signal_handler(which)
            signal.signal(which, handler)
