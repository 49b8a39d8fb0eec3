"""A node whose needs have all ended arrives: it is skipped, expanded or queued, or found where it was left."""

from __future__ import annotations

import bisect

from fusion_kit.coordination.asking import ask, go_on_asking
from fusion_kit.coordination.conclusion import what_follows
from fusion_kit.coordination.contexts import scope_of
from fusion_kit.coordination.execution import Execution, Stopping
from fusion_kit.coordination.expansion import TooManyItems, inside
from fusion_kit.coordination.frames import Frame, Node
from fusion_kit.coordination.verdict import error_of
from fusion_kit.core import events as e
from fusion_kit.core.errors import FusionError
from fusion_kit.core.join import asks_status, is_blocking, join
from fusion_kit.core.states import Outcome, TaskState
from fusion_kit.core.workflow import Kind, TaskSpec, WorkspaceMode


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
    elif state is TaskState.PAUSED:
        _arrive_paused(execution, node)
    elif state is not TaskState.QUEUED:
        execution.left.append(node)
    elif _is_held_back(execution, node):
        drop(execution, node, _why_held_back(execution, node.frame))
    else:
        enqueue(execution, node)


def _arrive_paused(execution: Execution, node: Node) -> None:
    """An earlier owner left it standing still: a question is asked on, an attempt goes on, all else is queued anew."""
    reason = execution.book.tasks[node.id].reason_to_wait
    if reason == "approval":
        if (answered := go_on_asking(execution, node)) is not None:
            settle_answer(execution, node, answered)
    elif reason == "person":
        execution.left.append(node)
    else:
        execution.book.note(e.TaskQueued(), task=node.id)
        enqueue(execution, node)


def settle_answer(execution: Execution, node: Node, fact: e.TaskCompleted | e.TaskFailed) -> None:
    """End a node that asked a person something."""
    execution.asking.pop(node.id, None)
    if isinstance(fact, e.TaskFailed) and node.spec.continue_on_error:
        fact = e.TaskCompleted(Outcome.ALLOWED_FAILURE, error=fact.error)
    execution.book.note(fact, task=node.id)
    ended(execution, node)


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
    """Items and turns were decided with what they are of; a `finally` runs whatever happened before it."""
    if frame.section in ("items", "turns"):
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
    if node.spec.kind is Kind.APPROVAL:
        try:
            ask(execution, node)
        except FusionError as broken:
            fail(execution, node, Outcome.CONTRACT, broken)
        return
    if node.id not in execution.bases:
        execution.unsettled.append(node)
        return
    bisect.insort(execution.queue, execution.waiting(node), key=lambda waiting: waiting.rank)


def expand(execution: Execution, node: Node) -> None:
    """Let a node become nodes of its own."""
    try:
        frame = inside(execution, node)
    except FusionError as broken:
        fail(execution, node, Outcome.BUDGET if isinstance(broken, TooManyItems) else Outcome.CONTRACT, broken)
        return
    if frame.section == "items":
        _give_up_former_items(execution, node, frame)
    create(execution, frame)
    if execution.book.tasks[node.id].state is TaskState.QUEUED:
        children = tuple(child.id for child in frame.nodes.values())
        execution.book.note(e.TaskExpanded(children), task=node.id)


def _give_up_former_items(execution: Execution, node: Node, frame: Frame) -> None:
    """A retry may find another list than before."""
    now = {child.id for child in frame.nodes.values()}
    for name in execution.book.children.get(node.id, ()):
        if name not in now and execution.book.tasks[name].state is TaskState.WAITING:
            execution.book.note(e.TaskSkipped(Outcome.SKIPPED, f"no longer an item of {node.id}"), task=name)


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
        if execution.book.tasks[other.id].may_be_dropped and not asks_status(other.spec.condition):
            drop(execution, other, _why_held_back(execution, frame))


def drop(execution: Execution, node: Node, reason: str) -> None:
    """Take a queued node out of the queue for good."""
    execution.queue = [waiting for waiting in execution.queue if waiting.node != node.id]
    execution.resting.discard(node.id)
    execution.asking.pop(node.id, None)
    if node.id in execution.running:
        return
    execution.book.note(e.TaskCancelled(reason), task=node.id)
    ended(execution, node)


def conclude(execution: Execution, frame: Frame) -> None:
    """A frame has ended: what follows inside of its node begins, or that node ends."""
    frame.concluded = True
    execution.frames.remove(frame)
    parent = frame.parent
    if parent is None:
        return
    match what_follows(execution, frame, parent):
        case Frame() as following:
            create(execution, following)
        case fact:
            execution.book.note(fact, task=parent.id)
            ended(execution, parent)
