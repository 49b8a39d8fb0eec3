"""Approvals: a person is asked, from any terminal; no answer in time fails the task and never passes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from fusion_kit.coordination.contexts import scope_of, text_of
from fusion_kit.coordination.execution import Execution
from fusion_kit.coordination.frames import Node
from fusion_kit.coordination.verdict import error_of
from fusion_kit.core import events as e
from fusion_kit.core.moments import timestamp
from fusion_kit.core.states import Outcome
from fusion_kit.core.task import Task

APPROVAL_LENGTH = 8
LATE_S = 1.0  # an answer given in the last moment is still on its way to us


@dataclass(frozen=True, slots=True)
class Expired:
    """For the inbox: the time for an answer is up."""

    node: str
    approval: str


def ask(execution: Execution, node: Node) -> None:
    """Ask what a queued approval asks; raises what the expressions in its message raise."""
    wanted = node.spec.approval
    assert wanted is not None
    clock, expressions = execution.house.clock, execution.house.expressions
    message = text_of(expressions.value(wanted.message, scope_of(execution, node.frame, node)))
    approval = "q" + execution.house.ids.chance(APPROVAL_LENGTH)
    until = None if wanted.timeout_s is None else clock.now() + timedelta(seconds=wanted.timeout_s)
    form = {name: dict(schema) for name, schema in wanted.inputs.items()}
    deadline = timestamp(until) if until is not None else None
    execution.book.note(e.TaskPaused("approval", message, approval, form, deadline), task=node.id)
    _wait(execution, node, approval, until)


def go_on_asking(execution: Execution, node: Node) -> e.TaskCompleted | e.TaskFailed | None:
    """Go on with a question of an earlier owner; return how the task ends if it was answered meanwhile."""
    row = execution.book.tasks[node.id]
    if row.answer is not None:
        return answered(row)
    waits = row.waits or {}
    until = datetime.fromisoformat(str(waits["until"])) if waits.get("until") else None
    if until is not None and until + timedelta(seconds=LATE_S) <= execution.house.clock.now():
        return _unanswered(row)  # while nobody owned the run; who does not wait for people would never hear of it
    _wait(execution, node, str(waits.get("approval")), until)
    return None


def answered(row: Task) -> e.TaskCompleted | e.TaskFailed:
    """Return how a task ends whose question was answered."""
    answer = row.answer or {}
    if answer["approved"]:
        return e.TaskCompleted(outputs=dict(answer["inputs"]))  # type: ignore[call-overload]
    said = f": {answer['message']}" if answer["message"] else ""
    return e.TaskFailed(Outcome.REJECTED, error=error_of("rejected", f"{answer['by'] or 'a person'} said no{said}"))


def expired(execution: Execution, message: Expired) -> e.TaskFailed | None:
    """Return how a task ends that nobody answered in time; None where somebody did."""
    row = execution.book.tasks[message.node]
    if execution.asking.get(message.node) != message.approval or row.answer is not None:
        return None
    return _unanswered(row)


def _unanswered(row: Task) -> e.TaskFailed:
    until = (row.waits or {}).get("until")
    error = error_of("no_answer", f"nobody answered until {until}", f"Ask again: fusion-kit retry {row.run}")
    return e.TaskFailed(Outcome.TIMEOUT, error=error)


def _wait(execution: Execution, node: Node, approval: str, until: datetime | None) -> None:
    execution.asking[node.id] = approval
    if until is None:
        return
    clock = execution.house.clock
    wait_s = max(0.0, (until - clock.now()).total_seconds()) + LATE_S

    async def wait() -> None:
        await clock.sleep(wait_s)
        execution.inbox.put_nowait(Expired(node.id, approval))

    execution.in_background(wait(), f"time for an answer to {node.id}")
