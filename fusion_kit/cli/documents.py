"""The JSON shapes of the command line; the API answers the same ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from fusion_kit.core.run import Run
from fusion_kit.core.states import RunState
from fusion_kit.core.task import Task

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


def cost_of(tasks: Sequence[Task]) -> float | None:
    """Return what is known to have been spent, in US dollars; None where nothing is known."""
    costs = [cost for task in tasks if isinstance(cost := (task.usage or {}).get("cost_usd"), (int, float))]
    return round(sum(costs), 6) if costs else None


def tokens_of(tasks: Sequence[Task]) -> dict[str, int] | None:
    """Return the tokens known to have been used, in and out; None where nothing is known."""
    sums = {"input": _sum(tasks, "input_tokens"), "output": _sum(tasks, "output_tokens")}
    known = {name: count for name, count in sums.items() if count is not None}
    return {"input": 0, "output": 0} | known if known else None


def _sum(tasks: Sequence[Task], name: str) -> int | None:
    counts = [count for task in tasks if isinstance(count := (task.usage or {}).get(name), int)]
    return sum(counts) if counts else None
