"""State is the fold of events: each event changes the one row it is about, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import assert_never

from fusion_kit.core import events as e
from fusion_kit.core.agent import Agent
from fusion_kit.core.fold_task import OrphanEvent, must_be_new, task_after
from fusion_kit.core.run import Run
from fusion_kit.core.states import AGENT_MOVES, RUN_MOVES, AgentState, RunState, move
from fusion_kit.core.task import Task

__all__ = ["OrphanEvent", "World", "agent_after", "fold", "run_after", "task_after"]


def run_after(run: Run | None, event: e.Event, fact: e.RunFact) -> Run:
    """Return the run as it stands once `event` is known; raises `IllegalMove` or `OrphanEvent`."""
    if isinstance(fact, e.RunQueued):
        must_be_new("run", run)
        return Run(
            id=event.run or "",
            workflow=fact.workflow,
            digest=fact.digest,
            source=fact.source,
            inputs=fact.inputs,
            settings=fact.settings,
            base=fact.base,
            target=fact.target,
            created_at=event.ts,
        )
    if run is None:
        raise OrphanEvent(seq=event.seq, type=event.type)
    match fact:
        case e.RunStarted():
            return replace(run, state=move(RUN_MOVES, run.state, RunState.RUNNING), started_at=event.ts)
        case e.RunPaused():
            return replace(run, state=move(RUN_MOVES, run.state, RunState.PAUSED), reason=fact.reason)
        case e.RunResumed():
            return _resumed(run)
        case e.RunRetried():
            state = move(RUN_MOVES, run.state, RunState.RUNNING)
            return replace(_going_on(run), state=state, outputs={})
        case e.RunAdjusted():
            return replace(run, settings={**run.settings, **fact.settings})
        case e.RunPauseRequested() | e.RunResumeRequested():
            return replace(run, pause_requested=isinstance(fact, e.RunPauseRequested))
        case e.RunCancelRequested():
            return replace(run, cancel_requested=True)
        case e.RunCompleted():
            return replace(
                run,
                state=move(RUN_MOVES, run.state, RunState.COMPLETED),
                outputs=fact.outputs,
                branch=fact.branch,
                commit=fact.commit,
                finished_at=event.ts,
            )
        case e.RunFailed():
            state = move(RUN_MOVES, run.state, RunState.FAILED)
            return replace(run, state=state, error=fact.error, finished_at=event.ts)
        case e.RunCancelled():
            return replace(run, state=move(RUN_MOVES, run.state, RunState.CANCELLED), finished_at=event.ts)
    assert_never(fact)


def _resumed(run: Run) -> Run:
    """A run whose owner died is still `running`: it has nothing to move, only a new owner."""
    state = run.state if run.state is RunState.RUNNING else move(RUN_MOVES, run.state, RunState.RUNNING)
    return replace(_going_on(run), state=state, resumes=run.resumes + 1)


def _going_on(run: Run) -> Run:
    return replace(run, reason=None, error=None, finished_at=None, cancel_requested=False, pause_requested=False)


def agent_after(agent: Agent | None, event: e.Event, fact: e.AgentFact) -> Agent:
    """Return the agent as it stands once `event` is known; raises `IllegalMove` or `OrphanEvent`."""
    if isinstance(fact, e.AgentSpawned):
        must_be_new("agent", agent)
        return Agent(
            id=event.agent or "",
            name=fact.name,
            provider=fact.provider,
            model=fact.model,
            capabilities=fact.capabilities,
            workspace=fact.workspace,
            created_at=event.ts,
            changed_at=event.ts,
        )
    if agent is None:
        raise OrphanEvent(seq=event.seq, type=event.type)
    match fact:
        case e.AgentIdle():
            return _moved(agent, AgentState.IDLE, event)
        case e.AgentWorking():
            return replace(_moved(agent, AgentState.WORKING, event), run=event.run, task=event.task)
        case e.AgentPaused():
            return replace(_moved(agent, AgentState.PAUSED, event, keep=True), reason=fact.reason)
        case e.AgentResumed():
            return _moved(agent, AgentState.WORKING if agent.task else AgentState.IDLE, event, keep=True)
        case e.AgentErrored():
            return replace(_moved(agent, AgentState.ERROR, event), reason=fact.reason)
        case e.AgentTerminated():
            return replace(_moved(agent, AgentState.TERMINATED, event), reason=fact.reason)
    assert_never(fact)


def _moved(agent: Agent, new: AgentState, event: e.Event, *, keep: bool = False) -> Agent:
    state = move(AGENT_MOVES, agent.state, new)
    task, run = (agent.task, agent.run) if keep else (None, None)
    return replace(agent, state=state, task=task, run=run, reason=None, changed_at=event.ts)


@dataclass(slots=True)
class World:
    """Every row there is, by key; `apply` is the one way it changes."""

    runs: dict[str, Run] = field(default_factory=dict)
    tasks: dict[tuple[str, str], Task] = field(default_factory=dict)
    agents: dict[str, Agent] = field(default_factory=dict)

    def apply(self, event: e.Event) -> None:
        """Fold one event in; raises `IllegalMove` or `OrphanEvent` and then changes nothing."""
        fact = event.fact
        if isinstance(fact, e.TaskFact):
            key = (event.run or "", event.task or "")
            self.tasks[key] = task_after(self.tasks.get(key), event, fact)
        elif isinstance(fact, e.AgentFact):
            agent = event.agent or ""
            self.agents[agent] = agent_after(self.agents.get(agent), event, fact)
        elif isinstance(fact, e.RunFact):
            run = event.run or ""
            self.runs[run] = run_after(self.runs.get(run), event, fact)


def fold(events: Iterable[e.Event]) -> World:
    """Return the world after `events`, told in order from the first."""
    world = World()
    for event in events:
        world.apply(event)
    return world
