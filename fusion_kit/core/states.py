"""The states of runs, tasks and agents, what each means, and the only moves between them."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from fusion_kit.core.errors import IllegalMove


class RunState(StrEnum):
    """One execution of a workflow."""

    QUEUED = "queued"  # recorded, no owner has begun it
    RUNNING = "running"  # its owner starts tasks
    PAUSED = "paused"  # interrupted or waiting for a person; `resume` goes on
    COMPLETED = "completed"  # every task ended well or was allowed not to
    FAILED = "failed"  # a task failed
    CANCELLED = "cancelled"  # a person stopped it for good


class TaskState(StrEnum):
    """One node of a run."""

    WAITING = "waiting"  # an upstream task has not ended
    QUEUED = "queued"  # may start as soon as there is room
    ASSIGNED = "assigned"  # an agent has it
    RUNNING = "running"  # an attempt is alive
    PAUSED = "paused"  # waits for an approval, a quota, a budget or a person
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"  # its `if` was false, or something before it failed


class AgentState(StrEnum):
    """One instance of an agent, with a workspace of its own."""

    SPAWNING = "spawning"  # its workspace is being made
    IDLE = "idle"
    WORKING = "working"  # it has a task
    PAUSED = "paused"
    ERROR = "error"  # it could not go on
    TERMINATED = "terminated"


class DefinitionState(StrEnum):
    """A workflow file."""

    DRAFT = "draft"
    VALIDATING = "validating"
    READY = "ready"


class Outcome(StrEnum):
    """Why a task is in its final state."""

    SUCCESS = "success"
    CACHED = "cached"
    ALLOWED_FAILURE = "allowed_failure"  # failed under `continue_on_error`
    EXIT_CODE = "exit_code"
    NO_OUTPUT = "no_output"
    NO_CHANGE = "no_change"
    CONTRACT = "contract"  # a declared output or artifact is missing or wrong
    TRUNCATED = "truncated"  # the last turn was cut off
    TIMEOUT = "timeout"
    STALLED = "stalled"  # silent, and nothing of it was busy
    QUOTA = "quota"
    AUTH = "auth"
    BUDGET = "budget"
    CONFLICT = "conflict"  # its parents' commits do not merge
    UPSTREAM_FAILED = "upstream_failed"
    LOST = "lost"  # its process vanished without an exit record
    PHANTOM = "phantom"  # claimed done, never done
    REJECTED = "rejected"  # a person said no
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


RUN_MOVES: dict[RunState, frozenset[RunState]] = {
    RunState.QUEUED: frozenset({RunState.RUNNING, RunState.PAUSED, RunState.FAILED, RunState.CANCELLED}),
    RunState.RUNNING: frozenset({RunState.PAUSED, RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED}),
    RunState.PAUSED: frozenset({RunState.RUNNING, RunState.FAILED, RunState.CANCELLED}),
    RunState.COMPLETED: frozenset({RunState.RUNNING}),  # retried by a person
    RunState.FAILED: frozenset({RunState.RUNNING}),
    RunState.CANCELLED: frozenset({RunState.RUNNING}),
}

TASK_MOVES: dict[TaskState, frozenset[TaskState]] = {
    TaskState.WAITING: frozenset({TaskState.QUEUED, TaskState.SKIPPED, TaskState.CANCELLED, TaskState.FAILED}),
    TaskState.QUEUED: frozenset(
        {
            TaskState.ASSIGNED,
            TaskState.RUNNING,  # a node that only expands needs no agent
            TaskState.PAUSED,
            TaskState.COMPLETED,  # cached
            TaskState.FAILED,  # cannot start: its parents conflict, its program is missing
            TaskState.CANCELLED,
        }
    ),
    TaskState.ASSIGNED: frozenset({TaskState.RUNNING, TaskState.QUEUED, TaskState.FAILED, TaskState.CANCELLED}),
    TaskState.RUNNING: frozenset(
        {TaskState.COMPLETED, TaskState.FAILED, TaskState.CANCELLED, TaskState.PAUSED, TaskState.QUEUED}
    ),
    TaskState.PAUSED: frozenset(
        {TaskState.RUNNING, TaskState.QUEUED, TaskState.COMPLETED, TaskState.FAILED, TaskState.CANCELLED}
    ),
    TaskState.COMPLETED: frozenset({TaskState.WAITING}),  # retried by a person, or something before it was
    TaskState.FAILED: frozenset({TaskState.WAITING}),
    TaskState.CANCELLED: frozenset({TaskState.WAITING}),
    TaskState.SKIPPED: frozenset({TaskState.WAITING}),
}

AGENT_MOVES: dict[AgentState, frozenset[AgentState]] = {
    AgentState.SPAWNING: frozenset({AgentState.IDLE, AgentState.ERROR, AgentState.TERMINATED}),
    AgentState.IDLE: frozenset({AgentState.WORKING, AgentState.PAUSED, AgentState.ERROR, AgentState.TERMINATED}),
    AgentState.WORKING: frozenset({AgentState.IDLE, AgentState.PAUSED, AgentState.ERROR, AgentState.TERMINATED}),
    AgentState.PAUSED: frozenset({AgentState.IDLE, AgentState.WORKING, AgentState.ERROR, AgentState.TERMINATED}),
    AgentState.ERROR: frozenset({AgentState.IDLE, AgentState.TERMINATED}),
    AgentState.TERMINATED: frozenset(),
}

FINAL_RUNS = frozenset({RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED})
FINAL_TASKS = frozenset({TaskState.COMPLETED, TaskState.FAILED, TaskState.CANCELLED, TaskState.SKIPPED})
GOOD_OUTCOMES = frozenset({Outcome.SUCCESS, Outcome.CACHED, Outcome.ALLOWED_FAILURE})

State = TypeVar("State", RunState, TaskState, AgentState)


def move(table: dict[State, frozenset[State]], old: State, new: State) -> State:
    """Return `new`, or raise `IllegalMove` if `table` has no such move."""
    if new not in table[old]:
        raise IllegalMove(kind=type(old).__name__.removesuffix("State").lower(), old=old.value, new=new.value)
    return new
