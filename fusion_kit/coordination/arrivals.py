"""A node whose needs have all ended arrives: it is skipped, expanded or queued, or found where it was left."""

from __future__ import annotations

import bisect
from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from fusion_kit.coordination.contexts import scope_of, text_of
from fusion_kit.coordination.execution import Execution, Stopping
from fusion_kit.coordination.frames import Frame, Node, items_frame, tasks_frame
from fusion_kit.coordination.verdict import error_of
from fusion_kit.core import events as e
from fusion_kit.core import matrix as matrices
from fusion_kit.core.errors import FusionError
from fusion_kit.core.join import asks_status, is_blocking, join
from fusion_kit.core.matrix import Values
from fusion_kit.core.states import GOOD_OUTCOMES, Outcome, TaskState
from fusion_kit.core.workflow import TaskSpec, WorkspaceMode


class TooManyItems(FusionError):
    """The matrix has {count} items, and `limits.items` allows {limit}."""

    hint = "Raise `limits.items`, or give the matrix fewer items."


def create(execution: Execution, frame: Frame) -> None:
    """Record the nodes of a new frame and take it in; nodes that are known already stay as they are."""
    for node in frame.nodes.values():
        if node.id not in execution.book.tasks:
            execution.book.note(_created(node, frame), task=node.id)
    execution.add(frame)


def _created(node: Node, frame: Frame) -> e.TaskCreated:
    spec = node.spec
    return e.TaskCreated(
        kind=spec.kind.value,
        name=spec.name,
        section=frame.section,
        parent=frame.parent.id if frame.parent is not None else None,
        key=node.key,
        needs=node.needs,
        priority=spec.priority,
        capabilities=tuple(sorted(spec.capabilities)),
    )


def advance(execution: Execution) -> None:
    """Let every node arrive that can, and conclude every frame that has ended, until nothing moves."""
    while execution.fresh:
        frame = execution.fresh.popleft()
        for name in frame.graph.ready():
            arrive(execution, execution.nodes[name])
        if frame.graph.is_finished and not frame.concluded:
            conclude(execution, frame)


def arrive(execution: Execution, node: Node) -> None:
    """Decide what becomes of a node now that everything it needs has ended."""
    state = execution.book.tasks[node.id].state
    if execution.book.tasks[node.id].is_final:
        ended(execution, node)
    elif state is TaskState.WAITING:
        _decide(execution, node)
    elif node.expands:
        expand(execution, node)
    elif state is not TaskState.QUEUED:
        execution.left.append(node)
    elif _is_held_back(execution, node):
        drop(execution, node, _why_held_back(execution, node.frame))
    else:
        enqueue(execution, node)


def _decide(execution: Execution, node: Node) -> None:
    book, frame, spec = execution.book, node.frame, node.spec
    if execution.stopping in (Stopping.INTERRUPT, Stopping.KILL):
        return
    needs = [book.tasks[need] for need in node.needs]
    if _is_held_back(execution, node) and not any(is_blocking(need) for need in needs):
        book.note(e.TaskCancelled(_why_held_back(execution, frame)), task=node.id)
        ended(execution, node)
        return
    condition = _condition(frame, spec)
    try:
        scope = scope_of(execution, frame, node)
        verdict = join(needs, condition, lambda: execution.house.expressions.holds(condition or "true", scope))
    except FusionError as broken:
        fail(execution, node, Outcome.CONTRACT, broken)
        return
    if verdict.outcome is not None:
        book.note(e.TaskSkipped(verdict.outcome, verdict.reason), task=node.id)
        ended(execution, node)
        return
    book.note(e.TaskQueued(), task=node.id)
    (expand if node.expands else enqueue)(execution, node)


def _condition(frame: Frame, spec: TaskSpec) -> str | None:
    """Items were decided with their matrix; a `finally` runs whatever happened before it."""
    if frame.section == "items":
        return None
    if frame.section == "finally" and spec.condition is not None and not asks_status(spec.condition):
        return f"always() && ({spec.condition})"
    return spec.condition


def _is_held_back(execution: Execution, node: Node) -> bool:
    frame = node.frame
    if frame.section == "finally" or asks_status(node.spec.condition):
        return False
    return execution.stopping is Stopping.CANCEL or frame.halted_by is not None


def _why_held_back(execution: Execution, frame: Frame) -> str:
    if execution.stopping is Stopping.CANCEL:
        return "the run was cancelled"
    return f"not started after {frame.halted_by} failed"


def enqueue(execution: Execution, node: Node) -> None:
    """Put a queued node in the queue, by urgency and age; a new one first waits for the commit it starts from."""
    if node.id not in execution.bases:
        execution.unsettled.append(node)
        return
    bisect.insort(execution.queue, execution.waiting(node), key=lambda waiting: waiting.rank)


def expand(execution: Execution, node: Node) -> None:
    """Make a matrix's items, or a sub-workflow's tasks, nodes of their own."""
    try:
        frame = _items(execution, node) if node.expands_matrix else _inside(execution, node)
    except FusionError as broken:
        outcome = Outcome.BUDGET if isinstance(broken, TooManyItems) else Outcome.CONTRACT
        fail(execution, node, outcome, broken)
        return
    create(execution, frame)
    if execution.book.tasks[node.id].state is TaskState.QUEUED:
        children = tuple(child.id for child in frame.nodes.values())
        execution.book.note(e.TaskExpanded(children), task=node.id)


def _items(execution: Execution, node: Node) -> Frame:
    matrix = node.spec.matrix
    assert matrix is not None
    scope, value = scope_of(execution, node.frame, node), execution.house.expressions.value
    axes = {name: value(axis, scope) for name, axis in matrix.axes.items()}
    rules = [[cast(Values, value(rule, scope)) for rule in found] for found in (matrix.include, matrix.exclude)]
    matrix = replace(matrix, include=tuple(rules[0]), exclude=tuple(rules[1]))

    def key_of(values: Mapping[str, object]) -> str:
        return text_of(value(matrix.key, replace(scope, matrix=values)))

    found = matrices.items(matrix, axes, key_of if matrix.key is not None else None)
    limit = node.spec.limits.items or execution.bundle.workflow.limits.items
    if limit is not None and len(found) > limit:
        raise TooManyItems(count=len(found), limit=limit)
    return items_frame(node, {item.key: item.values for item in found})


def _inside(execution: Execution, node: Node) -> Frame:
    inner = node.spec.uses
    assert inner is not None
    scope = scope_of(execution, node.frame, node)
    given = {name: execution.house.expressions.value(value, scope) for name, value in node.spec.with_.items()}
    defaults = {name: schema.get("default") for name, schema in inner.inputs.items()}
    return tasks_frame(inner, {**defaults, **given}, {**node.frame.env, **inner.env}, parent=node)


def fail(execution: Execution, node: Node, outcome: Outcome, error: FusionError) -> None:
    """Record that a node cannot even be attempted."""
    facts = error_of(error.code, str(error), error.way_out)
    execution.book.note(e.TaskFailed(outcome, error=facts), task=node.id)
    ended(execution, node)


def ended(execution: Execution, node: Node) -> None:
    """Tell the graph that a node has ended, and hold back its frame if that was a failure."""
    frame = node.frame
    frame.graph.done(node.id)
    execution.fresh.append(frame)
    _leave_shared(execution, node)
    if execution.book.tasks[node.id].state is TaskState.FAILED:
        frame.has_failed = True
        if frame.halted_by is None:
            _halt(execution, node)


def _leave_shared(execution: Execution, node: Node) -> None:
    """Remember where the latest user of the run's shared workspace left it; the next one goes on from there."""
    row = execution.book.tasks[node.id]
    if row.commit is not None and row.is_good and execution.mode(node) is WorkspaceMode.RUN:
        execution.shared = max(execution.shared or ("", ""), (row.finished_at or "", row.commit))


def _halt(execution: Execution, node: Node) -> None:
    """After a failure nothing new is started in its frame, unless the run keeps going; what runs goes on."""
    frame, matrix = node.frame, node.spec.matrix
    if frame.section == "items":
        if matrix is None or not matrix.fail_fast:
            return
    elif execution.keep_going or frame.section == "finally":
        return
    frame.halted_by = node.id
    for other in frame.nodes.values():
        if execution.book.tasks[other.id].state is TaskState.QUEUED and not asks_status(other.spec.condition):
            drop(execution, other, _why_held_back(execution, frame))


def drop(execution: Execution, node: Node, reason: str) -> None:
    """Take a queued node out of the queue for good."""
    execution.queue = [waiting for waiting in execution.queue if waiting.node != node.id]
    execution.resting.discard(node.id)
    if node.id in execution.running:
        return
    execution.book.note(e.TaskCancelled(reason), task=node.id)
    ended(execution, node)


def conclude(execution: Execution, frame: Frame) -> None:
    """A frame has ended: its `finally` begins, or the node that it is the inside of ends."""
    frame.concluded = True
    execution.frames.remove(frame)
    if frame.section == "tasks" and frame.parent is not None and frame.workflow.finally_:
        create(execution, tasks_frame(frame.workflow, frame.inputs, frame.env, parent=frame.parent, main=frame))
        return
    if frame.parent is not None:
        _conclude_parent(execution, frame, frame.parent)


def _conclude_parent(execution: Execution, frame: Frame, parent: Node) -> None:
    book = execution.book
    frames = [frame.main, frame] if frame.main is not None else [frame]
    rows = [book.tasks[node.id] for one in frames for node in one.nodes.values()]
    failed = next((row for row in rows if row.state is TaskState.FAILED), None)
    if failed is not None and not parent.spec.continue_on_error:
        error = error_of("inner_failed", f"{failed.id} ended as {failed.outcome}")
        book.note(e.TaskFailed(failed.outcome or Outcome.EXIT_CODE, error=error), task=parent.id)
    elif execution.stopping is Stopping.CANCEL and any(row.state is TaskState.CANCELLED for row in rows):
        book.note(e.TaskCancelled("the run was cancelled"), task=parent.id)
    else:
        outcome = Outcome.SUCCESS if failed is None else Outcome.ALLOWED_FAILURE
        _complete_parent(execution, frames[0], parent, outcome)
    ended(execution, parent)


def _complete_parent(execution: Execution, frame: Frame, parent: Node, outcome: Outcome) -> None:
    assert outcome in GOOD_OUTCOMES
    outputs: dict[str, object] = {}
    if frame.section == "tasks":
        scope = scope_of(execution, frame)
        try:
            for name, template in frame.workflow.outputs.items():
                outputs[name] = execution.house.expressions.value(template, scope)
        except FusionError as broken:
            facts = error_of(broken.code, str(broken), broken.way_out)
            execution.book.note(e.TaskFailed(Outcome.CONTRACT, error=facts), task=parent.id)
            return
    execution.book.note(e.TaskCompleted(outcome, outputs=outputs), task=parent.id)
