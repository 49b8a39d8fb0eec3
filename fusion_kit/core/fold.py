"""State is the fold of events: each event changes the one row it is about, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import assert_never

from fusion_kit.core import events as e
from fusion_kit.core.agent import Agent
from fusion_kit.core.errors import FusionError, IllegalMove
from fusion_kit.core.run import Run
from fusion_kit.core.states import AGENT_MOVES, RUN_MOVES, TASK_MOVES, AgentState, Outcome, RunState, TaskState, move
from fusion_kit.core.task import Task


class OrphanEvent(FusionError):
    """Event {seq} ({type}) is about something the log never introduced."""

    hint = "`fusion-kit doctor --repair` checks the log and rebuilds its index."


def _run_id(event: e.Event) -> str:
    return event.run or ""


def _must_be_new(kind: str, row: Run | Task | Agent | None) -> None:
    if row is not None:
        raise IllegalMove(kind=kind, old=row.state.value, new="new")


def run_after(run: Run | None, event: e.Event, fact: e.RunFact) -> Run:
    """Return the run as it stands once `event` is known; raises `IllegalMove` or `OrphanEvent`."""
    if isinstance(fact, e.RunQueued):
        _must_be_new("run", run)
        return Run(
            id=_run_id(event),
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
    return replace(
        run, state=state, reason=None, error=None, finished_at=None, cancel_requested=False, resumes=run.resumes + 1
    )


def _created(event: e.Event, fact: e.TaskCreated) -> Task:
    return Task(
        run=_run_id(event),
        id=event.task or "",
        kind=fact.kind,
        name=fact.name,
        section=fact.section,
        parent=fact.parent,
        key=fact.key,
        needs=fact.needs,
        priority=fact.priority,
        capabilities=fact.capabilities,
        created_at=event.ts,
    )


def task_after(task: Task | None, event: e.Event, fact: e.TaskFact) -> Task:
    """Return the task as it stands once `event` is known; raises `IllegalMove` or `OrphanEvent`."""
    if isinstance(fact, e.TaskCreated):
        _must_be_new("task", task)
        return _created(event, fact)
    if task is None:
        raise OrphanEvent(seq=event.seq, type=event.type)
    match fact:
        case e.TaskQueued():
            return replace(task, state=move(TASK_MOVES, task.state, TaskState.QUEUED))
        case e.TaskExpanded():
            return replace(task, state=move(TASK_MOVES, task.state, TaskState.RUNNING), started_at=event.ts)
        case e.TaskAssigned():
            return replace(task, state=move(TASK_MOVES, task.state, TaskState.ASSIGNED), agent=event.agent)
        case e.TaskStarted():
            return _started(task, event, fact)
        case e.TaskAdopted():
            return task
        case e.TaskRetried():
            return _retried(task, fact)
        case e.TaskCompleted():
            ended = _ended(task, event, fact, TaskState.COMPLETED)
            return replace(ended, outputs=fact.outputs, artifacts=fact.artifacts)
        case e.TaskFailed():
            return _ended(task, event, fact, TaskState.FAILED)
        case e.TaskSkipped():
            state = move(TASK_MOVES, task.state, TaskState.SKIPPED)
            return replace(task, state=state, outcome=fact.outcome, reason=fact.reason, finished_at=event.ts)
        case e.TaskCancelled():
            state = move(TASK_MOVES, task.state, TaskState.CANCELLED)
            return replace(task, state=state, outcome=Outcome.CANCELLED, reason=fact.reason, finished_at=event.ts)
    assert_never(fact)


def _started(task: Task, event: e.Event, fact: e.TaskStarted) -> Task:
    return replace(
        task,
        state=move(TASK_MOVES, task.state, TaskState.RUNNING),
        attempt=event.attempt,
        attempts=fact.number,
        base=fact.base,
        branch=fact.branch,
        started_at=event.ts,
    )


def _retried(task: Task, fact: e.TaskRetried) -> Task:
    return replace(
        task,
        state=move(TASK_MOVES, task.state, TaskState.QUEUED),
        counted=task.counted + fact.counts,
        commit=fact.commit or task.commit,
        exit_code=fact.exit_code,
        error=fact.error,
    )


def _ended(task: Task, event: e.Event, fact: e.TaskCompleted | e.TaskFailed, state: TaskState) -> Task:
    return replace(
        task,
        state=move(TASK_MOVES, task.state, state),
        outcome=fact.outcome,
        exit_code=fact.exit_code,
        usage=fact.usage,
        branch=fact.branch,
        commit=fact.commit,
        error=fact.error,
        finished_at=event.ts,
    )


def agent_after(agent: Agent | None, event: e.Event, fact: e.AgentFact) -> Agent:
    """Return the agent as it stands once `event` is known; raises `IllegalMove` or `OrphanEvent`."""
    if isinstance(fact, e.AgentSpawned):
        _must_be_new("agent", agent)
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
            key = (_run_id(event), event.task or "")
            self.tasks[key] = task_after(self.tasks.get(key), event, fact)
        elif isinstance(fact, e.AgentFact):
            agent = event.agent or ""
            self.agents[agent] = agent_after(self.agents.get(agent), event, fact)
        elif isinstance(fact, e.RunFact):
            run = _run_id(event)
            self.runs[run] = run_after(self.runs.get(run), event, fact)


def fold(events: Iterable[e.Event]) -> World:
    """Return the world after `events`, told in order from the first."""
    world = World()
    for event in events:
        world.apply(event)
    return world
