"""A ledger in memory, with its views: the same laws as the real one, and a crash at any append."""

from __future__ import annotations

from collections.abc import Sequence

from fusion_kit.core.agent import Agent
from fusion_kit.core.errors import NotFound
from fusion_kit.core.events import Draft, Event
from fusion_kit.core.fold import World
from fusion_kit.core.moments import timestamp
from fusion_kit.core.run import Run
from fusion_kit.core.task import Task
from fusion_kit.testing.time import FakeClock


class Crash(BaseException):
    """The power went out: nobody can catch and go on."""


class MemoryLedger:
    """Fits both `Ledger` and `Views`."""

    def __init__(self, clock: FakeClock) -> None:
        """Begin empty."""
        self.events: list[Event] = []
        self.crash_at: int | None = None  # the number of the append that crashes, from 1; negative: after it is durable
        self.appends = 0
        self._clock = clock
        self._world = World()
        self._told = 0

    async def append(self, drafts: Sequence[Draft]) -> list[Event]:
        """Write all of `drafts`, or none; raises `IllegalMove`, or `Crash` where the test wants it."""
        self.appends += 1
        if self.crash_at == self.appends:
            raise Crash
        world = World(dict(self._world.runs), dict(self._world.tasks), dict(self._world.agents))
        now = timestamp(self._clock.now())
        first = len(self.events) + 1
        made = [
            Event(first + place, now, draft.fact, "", draft.run, draft.task, draft.attempt, draft.agent)
            for place, draft in enumerate(drafts)
        ]
        for event in made:
            world.apply(event)
        self._world = world
        self.events += made
        if self.crash_at == -self.appends:
            raise Crash
        return made

    def news(self) -> list[Event]:
        """Return what was written since the last call."""
        fresh = self.events[self._told :]
        self._told = len(self.events)
        return fresh

    def run(self, run: str) -> Run:
        """Return the run; raises `NotFound`."""
        if run not in self._world.runs:
            raise NotFound(kind="run", name=run)
        return self._world.runs[run]

    def runs(self, *, workflow: str | None = None, limit: int = 100) -> list[Run]:
        """Return runs, newest first."""
        found = [run for run in self._world.runs.values() if workflow in (None, run.workflow)]
        return found[::-1][:limit]

    def tasks(self, run: str) -> list[Task]:
        """Return the nodes of a run in the order in which they were created."""
        return [task for task in self._world.tasks.values() if task.run == run]

    def agents(self, name: str | None = None) -> list[Agent]:
        """Return all instances, or those of one definition."""
        return [agent for agent in self._world.agents.values() if name in (None, agent.name)]

    def made_from(self, cache_key: str) -> Task | None:
        """Return the latest task that was done with this cache key."""
        found = [task for task in self._world.tasks.values() if task.cache_key == cache_key and task.is_good]
        return max(found, key=lambda task: task.finished_at or "", default=None)
