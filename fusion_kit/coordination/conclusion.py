"""What the end of a frame means for the node that it is the inside of."""

from __future__ import annotations

from dataclasses import replace

from fusion_kit.coordination.contexts import repeat_facts, scope_of
from fusion_kit.coordination.contract import recordable
from fusion_kit.coordination.execution import Execution, Stopping
from fusion_kit.coordination.frames import Frame, Node, tasks_frame, turn_frame
from fusion_kit.coordination.verdict import error_of
from fusion_kit.core import events as e
from fusion_kit.core.errors import FusionError
from fusion_kit.core.states import Outcome, TaskState
from fusion_kit.core.task import Task

Ended = e.TaskCompleted | e.TaskFailed | e.TaskCancelled


def what_follows(execution: Execution, frame: Frame, parent: Node) -> Frame | Ended:
    """Return the frame that comes next inside of `parent`, or the fact with which it ends."""
    if frame.section == "tasks" and frame.workflow.finally_:
        return tasks_frame(frame.workflow, frame.inputs, frame.env, parent=parent, main=frame)
    ended = _ended(execution, frame, parent)
    if frame.section == "turns" and isinstance(ended, e.TaskCompleted) and ended.outcome is Outcome.SUCCESS:
        return _after_turn(execution, frame, parent)
    return ended


def _ended(execution: Execution, frame: Frame, parent: Node) -> Ended:
    frames = [frame.main, frame] if frame.main is not None else [frame]
    rows = [execution.book.tasks[node.id] for one in frames for node in one.nodes.values()]
    failed = next((row for row in rows if row.state is TaskState.FAILED), None)
    if failed is not None and not parent.spec.continue_on_error:
        error = error_of("inner_failed", f"{failed.id} ended as {failed.outcome}")
        return e.TaskFailed(failed.outcome or Outcome.EXIT_CODE, error=error)
    if failed is None and any(row.state is TaskState.CANCELLED for row in rows):
        if execution.stopping is Stopping.CANCEL:
            return e.TaskCancelled("the run was cancelled")
        if frame.section == "turns":
            return e.TaskCancelled(rows[0].reason or "")
    return _completed(execution, frames[0], Outcome.SUCCESS if failed is None else Outcome.ALLOWED_FAILURE)


def _completed(execution: Execution, frame: Frame, outcome: Outcome) -> Ended:
    outputs: dict[str, object] = {}
    if frame.section == "tasks":
        scope = scope_of(execution, frame)
        try:
            for name, template in frame.workflow.outputs.items():
                outputs[name] = execution.house.expressions.value(template, scope)
            recordable("outputs", outputs)
        except FusionError as broken:
            return _broken(broken)
    return e.TaskCompleted(outcome, outputs=outputs)


def _broken(error: FusionError) -> e.TaskFailed:
    return e.TaskFailed(Outcome.CONTRACT, error=error_of(error.code, str(error), error.way_out))


def _after_turn(execution: Execution, frame: Frame, parent: Node) -> Frame | Ended:
    """Ask whether the repetition is over: another turn begins, unless there were as many as there may be."""
    repeat = parent.spec.repeat
    assert repeat is not None
    node = next(iter(frame.nodes.values()))
    row: Task = execution.book.tasks[node.id]
    try:
        facts = repeat_facts(execution, node)
        scope = replace(scope_of(execution, parent.frame, node), outputs=row.outputs, failed=False, cancelled=False)
        over = execution.house.expressions.holds(repeat.until, scope)
    except FusionError as broken:
        return _broken(broken)
    if over:
        return e.TaskCompleted(outputs=row.outputs)
    if facts["index"] < facts["max"]:
        again = execution.stopping is not Stopping.CANCEL
        return turn_frame(parent, facts["index"] + 1) if again else e.TaskCancelled("the run was cancelled")
    message = f"`until: {repeat.until}` does not hold after {facts['index']} turns"
    error = error_of("not_reached", message, "Raise `repeat.max`, or look at what the last turn left.")
    if parent.spec.continue_on_error:
        return e.TaskCompleted(Outcome.ALLOWED_FAILURE, outputs=row.outputs, error=error)
    return e.TaskFailed(Outcome.CONTRACT, error=error)
