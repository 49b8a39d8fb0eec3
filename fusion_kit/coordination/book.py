"""The rows of one run as its owner knows them, and what it is about to tell the ledger.

The owner notes facts as it decides; a noted fact is folded in at once, so that the next decision sees it, and nothing
is acted upon before `flush` has made all of it durable in one batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fusion_kit.coordination.house import House
from fusion_kit.core.agent import Agent
from fusion_kit.core.errors import IllegalMove
from fusion_kit.core.events import (
    AgentFact,
    AnyFact,
    Draft,
    Event,
    RunAdjusted,
    RunCancelRequested,
    RunFact,
    RunPauseRequested,
    RunResumeRequested,
    TaskApproved,
    TaskFact,
    TaskRejected,
)
from fusion_kit.core.fold import agent_after, run_after, task_after
from fusion_kit.core.moments import timestamp
from fusion_kit.core.run import Run
from fusion_kit.core.task import Task

Watch = Callable[[Event], None]
Wish = RunAdjusted | RunPauseRequested | RunResumeRequested | RunCancelRequested | TaskApproved | TaskRejected
"""What only others write about a run under way: people, from any terminal."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Facts that another run may make impossible: it took the agent first."""

    node: str
    drafts: tuple[Draft, ...]
    before: Task


class Book:
    """Rows of a run, and of all agents; `run` and `tasks` are this owner's alone, agents are everybody's."""

    def __init__(self, house: House, run: Run, tasks: Iterable[Task], watch: Watch) -> None:
        """Begin with what the views say."""
        self._house = house
        self._watch = watch
        self._pending: list[Draft] = []
        self._claims: list[Claim] = []
        self.run = run
        self.tasks = {task.id: task for task in tasks}
        self.agents = {agent.id: agent for agent in house.views.agents()}
        self.children: dict[str, list[str]] = {}  # of nodes that were expanded
        for task in self.tasks.values():
            self._place(task)

    def _place(self, task: Task) -> None:
        if task.parent is not None:
            self.children.setdefault(task.parent, []).append(task.id)

    def note(
        self, fact: AnyFact, task: str | None = None, attempt: str | None = None, agent: str | None = None
    ) -> None:
        """Decide that something is so; it becomes durable with the next `flush`."""
        draft = Draft(fact, run=self.run.id, task=task, attempt=attempt, agent=agent)
        self._pending.append(draft)
        self._fold(draft)

    def claim(self, node: str, drafts: Iterable[Draft]) -> None:
        """Note facts that need an agent nobody else has taken in the meantime."""
        claim = Claim(node, tuple(drafts), self.tasks[node])
        self._claims.append(claim)
        for draft in claim.drafts:
            self._fold(draft)

    async def flush(self) -> tuple[list[str], list[str]]:
        """Make everything noted durable; return the nodes whose claims hold, and those whose claims were refused."""
        drafts, claims = self._pending, self._claims
        self._pending, self._claims = [], []
        nodes = [claim.node for claim in claims]
        if not drafts and not claims:
            return [], []
        try:
            await self._tell([*drafts, *(draft for claim in claims for draft in claim.drafts)])
        except IllegalMove:
            if not claims:
                raise
            return await self._flush_apart(drafts, claims)
        return nodes, []

    async def _flush_apart(self, drafts: list[Draft], claims: list[Claim]) -> tuple[list[str], list[str]]:
        """Somebody was quicker with an agent: write what is ours alone, then each claim by itself."""
        held: list[str] = []
        refused: list[str] = []
        if drafts:
            await self._tell(drafts)
        for claim in claims:
            try:
                await self._tell(list(claim.drafts))
                held.append(claim.node)
            except IllegalMove:
                self.tasks[claim.node] = claim.before
                refused.append(claim.node)
        if refused:
            self.agents = {agent.id: agent for agent in self._house.views.agents()}
        return held, refused

    async def _tell(self, drafts: list[Draft]) -> None:
        for event in await self._house.ledger.append(drafts):
            self._watch(event)

    def hear(self, events: Iterable[Event]) -> list[Event]:
        """Take note of what others wrote about agents, and return what people asked of this run, in order.

        Only before anything is noted: rows are read anew.
        """
        ours = [event for event in events if event.run == self.run.id and isinstance(event.fact, Wish)]
        wishes = [event for event in ours if self._take(event)]
        if any(isinstance(event.fact, AgentFact) and event.run != self.run.id for event in events):
            self.agents = {agent.id: agent for agent in self._house.views.agents()}
        return wishes

    def _take(self, event: Event) -> bool:
        """Fold a wish in; one that came too late, for a task that has ended in the same moment, is none."""
        try:
            self._fold_in(event)
        except IllegalMove:
            return False
        self._watch(event)
        return True

    def _fold(self, draft: Draft) -> None:
        """Fold a draft in with the time it is noted; its place in the log is not known yet and does not matter."""
        now = timestamp(self._house.clock.now())
        event = Event(0, now, draft.fact, run=draft.run, task=draft.task, attempt=draft.attempt, agent=draft.agent)
        self._fold_in(event)

    def _fold_in(self, event: Event) -> None:
        fact = event.fact
        if isinstance(fact, TaskFact):
            name = event.task or ""
            known = self.tasks.get(name)
            self.tasks[name] = task_after(known, event, fact)
            if known is None:
                self._place(self.tasks[name])
        elif isinstance(fact, AgentFact):
            name = event.agent or ""
            self.agents[name] = agent_after(self.agents.get(name), event, fact)
        elif isinstance(fact, RunFact):
            self.run = run_after(self.run, event, fact)

    def working(self, name: str) -> int:
        """Return how many instances of an agent work for this run."""
        return sum(1 for agent in self.agents.values() if agent.name == name and agent.run == self.run.id)

    def idle(self, name: str) -> list[Agent]:
        """Return the idle instances of an agent, by id."""
        rows = (agent for agent in self.agents.values() if agent.name == name and agent.state.value == "idle")
        return sorted(rows, key=lambda agent: agent.id)
