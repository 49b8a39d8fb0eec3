"""What each event makes of the task it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, assert_never

from fusion_kit.core import events as e
from fusion_kit.core.agent import Agent
from fusion_kit.core.errors import FusionError, IllegalMove
from fusion_kit.core.run import Run
from fusion_kit.core.states import TASK_MOVES, Outcome, TaskState, move
from fusion_kit.core.task import Task


class OrphanEvent(FusionError):
    """Event {seq} ({type}) is about something the log never introduced."""

    hint = "`fusion-kit doctor --repair` checks the log and rebuilds its index."


def must_be_new(kind: str, row: Run | Task | Agent | None) -> None:
    """Raise `IllegalMove` if what an event introduces is there already."""
    if row is not None:
        raise IllegalMove(kind=kind, old=row.state.value, new="new")


def task_after(task: Task | None, event: e.Event, fact: e.TaskFact) -> Task:
    """Return the task as it stands once `event` is known; raises `IllegalMove` or `OrphanEvent`."""
    if isinstance(fact, e.TaskCreated):
        must_be_new("task", task)
        return _created(event, fact)
    if task is None:
        raise OrphanEvent(seq=event.seq, type=event.type)
    match fact:
        case e.TaskHeld():
            return replace(task, waits={"reason": fact.reason, "message": fact.message})
        case e.TaskPaused():
            return _moved(task, TaskState.PAUSED, waits=e.data_of(fact), answer=None)
        case e.TaskApproved() | e.TaskRejected():
            return _answered(task, fact)
        case e.MergeRefused():
            return replace(task, refused=e.data_of(fact))
        case e.TaskAdopted():
            return task
        case e.TaskReset():
            return _reset(task)
    return _moved_on(task, event, fact)


def _moved_on(
    task: Task,
    event: e.Event,
    fact: e.TaskQueued
    | e.TaskExpanded
    | e.TaskAssigned
    | e.TaskStarted
    | e.TaskResumed
    | e.TaskRetried
    | e.TaskCompleted
    | e.TaskFailed
    | e.TaskSkipped
    | e.TaskCancelled,
) -> Task:
    match fact:
        case e.TaskQueued():
            return _moved(task, TaskState.QUEUED)
        case e.TaskExpanded():
            return _moved(task, TaskState.RUNNING, started_at=event.ts)
        case e.TaskAssigned():
            return _moved(task, TaskState.ASSIGNED, agent=event.agent)
        case e.TaskStarted():
            return _started(task, event, fact)
        case e.TaskResumed():
            return _moved(task, TaskState.RUNNING)
        case e.TaskRetried():
            return _retried(task, fact)
        case e.TaskCompleted():
            ended = _ended(task, event, fact, TaskState.COMPLETED)
            return replace(
                ended, outputs=fact.outputs, artifacts=fact.artifacts, cache_key=fact.cache_key, refused=None
            )
        case e.TaskFailed():
            return _ended(task, event, fact, TaskState.FAILED)
        case e.TaskSkipped():
            return _moved(task, TaskState.SKIPPED, outcome=fact.outcome, reason=fact.reason, finished_at=event.ts)
        case e.TaskCancelled():
            cancelled = _moved(task, TaskState.CANCELLED, outcome=Outcome.CANCELLED, reason=fact.reason)
            metered = _metered(task, cancelled, fact.usage)
            return replace(metered, commit=fact.commit or task.commit, finished_at=event.ts)
    assert_never(fact)


def _created(event: e.Event, fact: e.TaskCreated) -> Task:
    return Task(
        run=event.run or "",
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


def _moved(task: Task, new: TaskState, *, waits: Mapping[str, object] | None = None, **changes: Any) -> Task:
    """Move the task; whatever it waited for before, it no longer does."""
    return replace(task, state=move(TASK_MOVES, task.state, new), waits=waits, **changes)


def _started(task: Task, event: e.Event, fact: e.TaskStarted) -> Task:
    return _moved(
        task,
        TaskState.RUNNING,
        attempt=event.attempt,
        attempts=fact.number,
        base=fact.base,
        branch=fact.branch,
        reserved=fact.reserved,
        started_at=event.ts,
    )


def _answered(task: Task, fact: e.TaskApproved | e.TaskRejected) -> Task:
    """An answer counts once, and only for the question that is being asked."""
    asked = task.waits.get("approval") if task.waits is not None else None
    if task.state is not TaskState.PAUSED or asked != fact.approval or task.answer is not None:
        old = "answered" if task.answer is not None else task.state.value
        raise IllegalMove(kind="approval", old=old, new="answered")
    return replace(task, answer={"approved": isinstance(fact, e.TaskApproved), **e.data_of(fact)})


def _retried(task: Task, fact: e.TaskRetried) -> Task:
    queued = _moved(
        task,
        TaskState.QUEUED,
        counted=task.counted + fact.counts,
        commit=fact.commit or task.commit,
        exit_code=fact.exit_code,
        error=fact.error,
    )
    return _metered(task, queued, fact.usage)


def _ended(task: Task, event: e.Event, fact: e.TaskCompleted | e.TaskFailed, state: TaskState) -> Task:
    ended = _moved(
        task,
        state,
        outcome=fact.outcome,
        exit_code=fact.exit_code,
        usage=fact.usage,
        branch=fact.branch,
        commit=fact.commit,
        error=fact.error,
        finished_at=event.ts,
    )
    return _metered(task, ended, fact.usage)


def _metered(before: Task, after: Task, usage: Mapping[str, object] | None) -> Task:
    """Charge what the attempt used; who does not say what it cost has used up all that was reserved for it."""
    if not before.may_live or before.attempts == 0:  # nothing was under way: what is taken from elsewhere is paid for
        return after
    used = _amounts(usage or {})
    charged = {**before.reserved, **used}
    spent = {name: before.spent.get(name, 0) + charged.get(name, 0) for name in {*before.spent, *charged}}
    silent = bool(before.reserved.keys() - used.keys()) or (before.kind == "agent" and "cost_usd" not in used)
    return replace(after, spent=dict(sorted(spent.items())), reserved={}, unmetered=before.unmetered + silent)


def _amounts(usage: Mapping[str, object]) -> dict[str, float]:
    """Return what a usage says in the units of limits: `cost_usd` and `tokens`, where both kinds of them are known."""
    amounts: dict[str, float] = {}
    if isinstance(cost := usage.get("cost_usd"), int | float):
        amounts["cost_usd"] = float(cost)
    given, made = usage.get("input_tokens"), usage.get("output_tokens")
    if isinstance(given, int) and isinstance(made, int):
        amounts["tokens"] = float(given + made)
    return amounts


def _reset(task: Task) -> Task:
    """Everything of its ends is forgotten but what was spent, and where its branch stands."""
    fresh = _moved(task, TaskState.WAITING, outcome=None, answer=None, reason=None, error=None, exit_code=None)
    return replace(fresh, outputs={}, artifacts=(), usage=None, counted=0, cache_key=None, finished_at=None)
