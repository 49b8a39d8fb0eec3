"""A run without processes, Git or a disk to speak of, told as a story.

sandbox.workflow('''
    tasks:
      - {id: build, run: make}
      - {id: test, needs: build, run: make test}
''')
sandbox.task("build").fails()
await sandbox.run()
assert sandbox.story() == ["build started", "build failed: exit_code", "test skipped: upstream_failed"]
"""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from fusion_kit.coordination.fusion import Fusion
from fusion_kit.coordination.house import House
from fusion_kit.coordination.requests import Again, Bundle, RunRequest, StopSignal
from fusion_kit.core import events as e
from fusion_kit.core.run import Run
from fusion_kit.core.task import Task
from fusion_kit.definitions import thaw
from fusion_kit.definitions.expressions.evaluate import Expressions
from fusion_kit.definitions.patterns import matches
from fusion_kit.testing.actors import Part, Troupe
from fusion_kit.testing.ledger import MemoryLedger
from fusion_kit.testing.places import FakeFolders, FakeWorkspaces
from fusion_kit.testing.time import CountingIds, FakeClock

_ENTRY = ".fusion/workflows/story.yaml"
_MOST_TURNS = 20_000


class Role:
    """What the attempts of one task do, told in the order of the attempts."""

    def __init__(self, parts: list[Part]) -> None:
        """Add to `parts`."""
        self._parts = parts

    def plays(self, *parts: Part) -> Role:
        """Do exactly this, attempt by attempt; the last part is played again and again."""
        self._parts += parts
        return self

    def fails(self, *, times: int = 1, code: int = 1) -> Role:
        """Exit with `code`, `times` times."""
        return self.plays(*[Part(code=code)] * times)

    def works(self, *, seconds: float = 1.0, **outputs: object) -> Role:
        """Do it, with these outputs."""
        return self.plays(Part(seconds=seconds, outputs=outputs))


class Sandbox:
    """The real engine over shipped fakes, and a clock that turns itself while a run is on."""

    def __init__(self, root: Path) -> None:
        """Keep the few real files there are under `root`."""
        self.clock = FakeClock()
        self.ledger = MemoryLedger(self.clock)
        self.troupe = Troupe(self.clock)
        self.workspaces = FakeWorkspaces(root)
        self.folders = FakeFolders(root)
        self.stop = StopSignal()
        self.watched: list[e.Event] = []
        self._root = root
        self._ids = CountingIds()
        self._files: dict[str, bytes] = {}

    def workflow(self, text: str, path: str = _ENTRY) -> None:
        """Write the workflow, or with another path one that it uses."""
        self._files[path] = textwrap.dedent(text).encode()

    def agent(self, name: str, **keys: object) -> None:
        """Define an agent."""
        lines = [f"name: {name}", "provider: scripted", "steps: [{say: hello}]"]
        lines += [f"{key}: {value}" for key, value in keys.items()]
        self._files[f".fusion/agents/{name}.yaml"] = "\n".join(lines).encode()

    def task(self, node: str) -> Role:
        """Tell what a task does; without that it does its work in one second."""
        return Role(self.troupe.parts.setdefault(node, []))

    @property
    def fusion(self) -> Fusion:
        """A new owner over the same world."""
        return Fusion(
            House(
                clock=self.clock,
                ids=self._ids,
                ledger=self.ledger,
                views=self.ledger,
                workspaces=self.workspaces,
                executor=self.troupe,
                providers=self.troupe,
                expressions=Expressions(),
                archive=self.folders,
                artifacts=self.folders,
                owners=self.folders,
                root=self._root,
                base_env={"PATH": "/bin"},
                matches=matches,
            )
        )

    def bundle(self) -> Bundle:
        """Return the checked workflow."""
        loaded = thaw(self._files, _ENTRY)
        return Bundle(loaded.workflow, loaded.agents, loaded.files, loaded.digest)

    async def run(self, inputs: Mapping[str, object] | None = None, **settings: object) -> Run:
        """Run the workflow to its end; the settings are those of `RunRequest`."""
        request = RunRequest(self.bundle(), inputs=inputs or {}, **settings)  # type: ignore[arg-type]
        return await self._until_done(self.fusion.run(request, self.watched.append, self.stop))

    async def resume(self, **wishes: object) -> Run:
        """Go on with the last run; the wishes are those of `Fusion.resume`."""
        self.stop = StopSignal()
        doing = self.fusion.resume(self.last.id, self.watched.append, self.stop, **wishes)  # type: ignore[arg-type]
        return await self._until_done(doing)

    async def retry(self, from_task: str | None = None, only: str | None = None) -> Run:
        """Have the last run, which has ended, go on."""
        self.stop = StopSignal()
        wanted = Again(from_task, only, "ana")
        return await self._until_done(self.fusion.retry(self.last.id, self.watched.append, self.stop, wanted=wanted))

    def when(self, line: str, act: Callable[[], Awaitable[object]]) -> asyncio.Task[object]:
        """Act as soon as the story tells `line`, as somebody at another terminal would."""

        async def wait() -> object:
            while line not in self.story():  # noqa: ASYNC110 - the fake clock turns only between turns of the loop
                await asyncio.sleep(0)
            return await act()

        return asyncio.create_task(wait())

    async def _until_done(self, doing: Awaitable[Run]) -> Run:
        running = asyncio.ensure_future(doing)
        for _ in range(_MOST_TURNS):
            await self.clock.turn()
            if running.done():
                return running.result()
        running.cancel()
        raise AssertionError("the run did not end: " + ", ".join(self.story()))

    @property
    def last(self) -> Run:
        """The run that was begun last."""
        return self.ledger.runs()[0]

    @property
    def rows(self) -> dict[str, Task]:
        """The tasks of the last run, by node."""
        return {row.id: row for row in self.ledger.tasks(self.last.id)}

    def outcomes(self) -> dict[str, str]:
        """Return what became of every task: its outcome, or its state where it has none."""
        return {row.id: (row.outcome or row.state).value for row in self.rows.values()}

    def story(self) -> list[str]:
        """Return what happened to tasks, in order, in words."""
        return [line for event in self.ledger.events if (line := _told(event))]


def _told(event: e.Event) -> str | None:
    match event.fact:
        case e.TaskStarted():
            return f"{event.task} started"
        case e.TaskCompleted(outcome=outcome):
            return f"{event.task} completed" if outcome == "success" else f"{event.task} completed: {outcome}"
        case e.TaskFailed(outcome=outcome):
            return f"{event.task} failed: {outcome}"
        case e.TaskRetried(outcome=outcome):
            return f"{event.task} retried: {outcome}"
        case e.TaskSkipped(outcome=outcome):
            return f"{event.task} skipped: {outcome}"
        case e.TaskPaused(reason=reason):
            return f"{event.task} paused: {reason}"
        case e.TaskResumed():
            return f"{event.task} resumed"
        case e.TaskHeld(reason=reason):
            return f"{event.task} held: {reason}"
        case e.TaskReset():
            return f"{event.task} waits again"
        case e.TaskCancelled():
            return f"{event.task} cancelled"
        case e.TaskAdopted(found=found):
            return f"{event.task} adopted: {found}"
    return None
