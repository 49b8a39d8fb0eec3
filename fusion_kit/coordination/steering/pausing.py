"""A run that stands still because a person wants it to: every process stopped, every clock with it."""

from __future__ import annotations

import os

from fusion_kit.coordination.execution import Execution, Work
from fusion_kit.core import events as e
from fusion_kit.core.states import AgentState, RunState, TaskState


def stand_still(execution: Execution, by: str) -> None:
    """Stop everything where it is; nothing is lost, and `go_on` undoes it."""
    if execution.is_paused:
        return
    execution.is_paused = True
    reason = f"paused by {by}" if by else "paused"
    for work in execution.running.values():
        _tell(execution, work, "pause")
        _note(execution, work, e.TaskPaused("person", reason))
        if _agent_is(execution, work, AgentState.WORKING):
            _note(execution, work, e.AgentPaused(reason))
    for attempt in execution.jobs:
        execution.in_background(execution.tell(attempt, "pause"))
    execution.book.note(e.RunPaused(reason))


def go_on(execution: Execution) -> None:
    """Let everything go on from where it stands still."""
    if not execution.is_paused:
        return
    execution.is_paused = False
    if execution.book.run.state is RunState.PAUSED:
        execution.book.note(e.RunResumed(f"pid {os.getpid()}"))
    for work in execution.running.values():
        wake(execution, work)
    for attempt in execution.jobs:
        execution.in_background(execution.tell(attempt, "resume"))


def wake(execution: Execution, work: Work) -> None:
    """Let an attempt go on that a person paused, perhaps under an earlier owner."""
    _tell(execution, work, "resume")
    if execution.book.tasks[work.node.id].state is TaskState.PAUSED:
        _note(execution, work, e.TaskResumed())
    if _agent_is(execution, work, AgentState.PAUSED):
        _note(execution, work, e.AgentResumed())


def _agent_is(execution: Execution, work: Work, state: AgentState) -> bool:
    agent = execution.book.agents.get(work.instance or "")
    return agent is not None and agent.state is state and agent.run == execution.book.run.id


def _note(execution: Execution, work: Work, fact: e.AnyFact) -> None:
    execution.book.note(fact, task=work.node.id, attempt=work.attempt, agent=work.instance)


def _tell(execution: Execution, work: Work, signal: str) -> None:
    execution.in_background(execution.tell(work.attempt, signal))
