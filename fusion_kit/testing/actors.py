"""Agents that play a part: what each task does is told beforehand, and what was begun is remembered over a crash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fusion_kit.core.process import Ended, Exit, Job, Liveness
from fusion_kit.core.states import Outcome
from fusion_kit.core.work import Invocation, Order, Report, Transcript, Usage
from fusion_kit.core.workflow import AgentSpec
from fusion_kit.testing.time import FakeClock


@dataclass(frozen=True, slots=True)
class Part:
    """What one attempt of a task does."""

    seconds: float = 1.0
    code: int = 0
    ended: Ended = Ended.EXIT
    outcome: Outcome | None = None
    text: str = "done"
    outputs: Mapping[str, object] = field(default_factory=dict)
    changes: Mapping[str, str] = field(default_factory=dict)  # path -> content
    usage: Usage | None = None


class Troupe:
    """Fits `Executor`, `Providers` and `Provider`: it starts what it is told, and plays the parts in order."""

    def __init__(self, clock: FakeClock) -> None:
        """Begin with nobody on the stage."""
        self.parts: dict[str, list[Part]] = {}
        self.starts: list[str] = []  # node of each start, in order
        self.environments: dict[str, Mapping[str, str]] = {}  # of the last attempt of each node
        self.alive: set[str] = set()
        self.most_alive = 0
        self.signals: list[tuple[str, str]] = []  # (attempt, what it was told)
        self._jobs: dict[str, Job] = {}
        self._ends: dict[str, float] = {}
        self._stopped: dict[str, Ended] = {}
        self._played: dict[str, Part] = {}
        self._clock = clock

    def part_of(self, node: str, number: int) -> Part:
        """Return what the `number`-th attempt of a node does; the last part told is played again and again."""
        parts = self.parts.get(node) or self.parts.get(node.split("@")[0]) or [Part()]
        return parts[min(number, len(parts)) - 1]

    async def submit(self, job: Job) -> None:
        """Start a job, unless its attempt was ever started."""
        if job.attempt in self._jobs:
            return
        node = job.env["FUSION_TASK_ID"]
        part = self.part_of(node, int(job.env["FUSION_ATTEMPT"]))
        self._jobs[job.attempt], self._played[job.attempt] = job, part
        self._ends[job.attempt] = self._clock.monotonic() + part.seconds
        self.starts.append(node)
        self.environments[node] = {**job.env, **job.secret_env}
        self.alive.add(job.attempt)
        self.most_alive = max(self.most_alive, len(self.alive))
        for name, content in part.changes.items():
            (job.cwd / name).write_text(content, encoding="utf-8")

    async def wait(self, attempt: str) -> Exit:
        """Return how a job ended, once its part is over or it was stopped."""
        while attempt not in self._stopped and self._clock.monotonic() < self._ends[attempt]:
            await self._clock.sleep(min(0.5, self._ends[attempt] - self._clock.monotonic()))
        self.alive.discard(attempt)
        part = self._played[attempt]
        ended = self._stopped.get(attempt, part.ended)
        return Exit(ended, part.code if ended is Ended.EXIT else None, started_at=0.0, ended_at=self._ends[attempt])

    async def signal(self, attempt: str, name: str) -> None:
        """Remember the signal; `interrupt` and `kill` stop the job."""
        self.signals.append((attempt, name))
        if name in ("interrupt", "kill"):
            self._stopped[attempt] = Ended.STOPPED

    async def cancel(self, attempt: str) -> None:
        """Stop a job."""
        self.signals.append((attempt, "cancel"))
        self._stopped[attempt] = Ended.STOPPED

    async def reattach(self, folders: Mapping[str, Path]) -> dict[str, Liveness]:
        """Say what became of attempts; jobs live on over a crash of their owner, as real ones do."""
        return {attempt: self._liveness(attempt) for attempt in folders}

    def _liveness(self, attempt: str) -> Liveness:
        if attempt not in self._jobs:
            return Liveness.NEVER
        if self._played[attempt].ended is Ended.LOST:
            return Liveness.LOST
        return Liveness.DONE if self._clock.monotonic() >= self._ends[attempt] else Liveness.RUNNING

    def provider(self, agent: AgentSpec) -> Troupe:
        """Return itself: it plays every agent."""
        assert agent.provider
        return self

    def invocation(self, order: Order) -> Invocation:
        """Return a program that nobody starts."""
        return Invocation(("play", order.env["FUSION_TASK_ID"]), stdin=order.prompt)

    def report(self, order: Order, transcript: Transcript) -> Report:
        """Return what the part says of itself."""
        part = self._played[order.env["FUSION_ATTEMPT_ID"]]
        failed = Outcome.EXIT_CODE if transcript.exit.code else Outcome.SUCCESS
        return Report(part.outcome or failed, part.text, part.outputs, part.usage)
