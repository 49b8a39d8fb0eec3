"""How a run ends, and what is said of one that cannot go on."""

from __future__ import annotations

from fusion_kit.coordination.contexts import scope_of
from fusion_kit.coordination.contract import recordable
from fusion_kit.coordination.execution import Execution, Stopping
from fusion_kit.coordination.frames import Frame
from fusion_kit.coordination.steering.stopping import is_interrupted
from fusion_kit.coordination.verdict import error_of
from fusion_kit.core import events as e
from fusion_kit.core.errors import FusionError
from fusion_kit.core.states import RunState, TaskState


def failure_of(execution: Execution, frame: Frame) -> dict[str, object] | None:
    """Return the error of the first task of a frame that failed; None where none did."""
    rows = [execution.book.tasks[node.id] for node in frame.nodes.values()]
    row = next((row for row in rows if row.state is TaskState.FAILED), None)
    if row is None:
        return None
    return error_of(str(row.outcome), f"task {row.id} failed: {(row.error or {}).get('message', row.outcome)}")


def conclude_run(execution: Execution, root: Frame) -> None:
    """Note how the run ended, or why it stands still."""
    book = execution.book
    ending = execution.ending
    unended = not root.concluded or (ending is not None and not ending.concluded)
    if unended or is_interrupted(execution):
        if book.run.state is not RunState.PAUSED:
            book.note(e.RunPaused(_why_paused(execution)))
        return
    if execution.stopping is Stopping.CANCEL:
        book.note(e.RunCancelled())
        return
    error = next((found for frame in (root, ending) if frame and (found := failure_of(execution, frame))), None)
    if error is not None or execution.failure is not None:
        book.note(e.RunFailed(error or execution.failure or {}))
        return
    try:
        outputs = _outputs(execution, root)
    except FusionError as broken:
        book.note(e.RunFailed(error_of(broken.code, str(broken), broken.way_out)))
        return
    book.note(e.RunCompleted(outputs, branch=execution.branch, commit=execution.landed))


def _why_paused(execution: Execution) -> str:
    if execution.question:
        return execution.question
    if is_interrupted(execution):
        return "interrupted"
    paused = [row for row in execution.book.tasks.values() if row.state is TaskState.PAUSED]
    return "; ".join(f"{row.id} waits for {_wanted(row.reason_to_wait)}" for row in paused)


def _wanted(reason: str | None) -> str:
    return {"approval": "an answer", "budget": "a higher limit", "quota": "its quota"}.get(str(reason), str(reason))


def _outputs(execution: Execution, root: Frame) -> dict[str, object]:
    scope = scope_of(execution, root)
    value = execution.house.expressions.value
    templates = execution.bundle.workflow.outputs
    return recordable("outputs", {name: value(template, scope) for name, template in templates.items()})
