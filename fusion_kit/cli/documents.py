"""The JSON shapes of the command line; the API answers the same ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from fusion_kit.cli.cost import cost_of, tokens_of
from fusion_kit.core.run import Run
from fusion_kit.core.states import RunState
from fusion_kit.core.task import Task

__all__ = [
    "Document",
    "cost_of",
    "error_document",
    "failure_document",
    "run_document",
    "run_item",
    "seconds_between",
    "task_document",
    "tokens_of",
]

Document = dict[str, Any]

_STATUS = {RunState.QUEUED: "running"}


def run_document(run: Run, tasks: Iterable[Task], exit_code: int) -> Document:
    """Return a run with its tasks."""
    rows = list(tasks)
    return {
        "run": run.id,
        "workflow": run.workflow,
        "status": _STATUS.get(run.state, run.state.value),
        "exit_code": exit_code,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "duration_s": seconds_between(run.started_at, run.finished_at),
        "base": run.base,
        "result": {"branch": run.branch, "commit": run.commit} if run.branch else None,
        "cost_usd": cost_of(rows),
        "tokens": tokens_of(rows),
        "tasks": [task_document(task) for task in rows],
        "outputs": dict(run.outputs),
        "error": error_document(run.error),
    }


def failure_document(exit_code: int, code: str, message: str, hint: str) -> Document:
    """Return the document of a command that came to no run: the shape of a run's, with only its error."""
    error = {"code": code, "message": message, "hint": hint}
    nothing = ("started_at", "finished_at", "duration_s", "base", "result", "cost_usd", "tokens")
    start: Document = {"run": None, "workflow": None, "status": "failed", "exit_code": exit_code}
    return start | dict.fromkeys(nothing) | {"tasks": [], "outputs": {}, "error": error}


def task_document(task: Task) -> Document:
    """Return one task of a run."""
    return {
        "id": task.id,
        "key": task.key,
        "state": task.state.value,
        "outcome": task.outcome.value if task.outcome else None,
        "agent": task.agent,
        "attempts": task.attempts,
        "exit_code": task.exit_code,
        "duration_s": seconds_between(task.started_at, task.finished_at),
        "branch": task.branch,
        "commit": task.commit,
        "outputs": dict(task.outputs),
        "artifacts": [dict(artifact) for artifact in task.artifacts],
        "error": error_document(task.error),
    }


def run_item(run: Run) -> Document:
    """Return a run as `history` and `ps` list it."""
    status = _STATUS.get(run.state, run.state.value)
    times = {"started_at": run.started_at, "finished_at": run.finished_at}
    return {"run": run.id, "workflow": run.workflow, "status": status, **times}


def error_document(error: Mapping[str, object] | None) -> Document | None:
    """Return an error with all of its fields."""
    return {name: error.get(name, "") for name in ("code", "message", "hint")} if error else None


def seconds_between(start: str | None, end: str | None) -> float | None:
    """Return the seconds between two times of the log; None while one of them is missing."""
    if not start or not end:
        return None
    return round((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds(), 3)
