"""A run as it stands, told to a person: its tasks, and for each that waits the reason why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from fusion_kit.cli.documents import seconds_between
from fusion_kit.cli.nesting import nested
from fusion_kit.cli.project import Views
from fusion_kit.cli.run_list import coloured
from fusion_kit.cli.style import bold, columns, dim, yellow
from fusion_kit.cli.summary import result_lines
from fusion_kit.cli.words import duration_text
from fusion_kit.core.errors import UsageError
from fusion_kit.core.run import Run
from fusion_kit.core.states import FINAL_RUNS, RunState, TaskState
from fusion_kit.core.task import Task


class NoRunYet(UsageError):
    """There was no run in this project yet."""

    hint = "`fusion-kit list` shows what can be run."


def chosen_run(views: Views, name: str | None) -> Run:
    """Return the run of that id or prefix, or the newest; raises `NotFound` or `NoRunYet`."""
    if name:
        return views.run(name)
    newest = views.runs(limit=1)
    if not newest:
        raise NoRunYet
    return newest[0]


def status_lines(run: Run, tasks: Sequence[Task], now: datetime, way_on: str | None = None) -> Iterator[str]:
    """Yield the run and its tasks as they stand at `now`; `way_on` is what to type for a run that nobody works on."""
    if run.state in FINAL_RUNS:
        yield from result_lines(run, tasks)
    else:
        elapsed = duration_text(_elapsed(run.started_at, None, now))
        yield f"{bold(run.id)} {coloured(run.state)} {dim(elapsed)}".rstrip()
        yield from (f"reason: {run.reason}" for _ in range(bool(run.reason)))
        if way_on:
            yield yellow(f"{'' if run.state is RunState.PAUSED else 'its process is gone: '}`{way_on}` goes on with it")
    states = {task.id: task.state for task in tasks}
    rows = [
        [
            f"  {'  ' * depth}{task.id}",
            task.state.value,
            duration_text(_elapsed(task.started_at, task.finished_at, now)),
            why(task, states),
        ]
        for depth, task in nested(tasks)
    ]
    yield from columns(rows)


def why(task: Task, states: dict[str, TaskState]) -> str:
    """Return why a task is where it is, as far as its state does not say it."""
    match task.state:
        case TaskState.WAITING:
            missing = [
                f"{name} ({states[name].value})" for name in task.needs if name in states and not _is_over(states[name])
            ]
            return f"waits for {', '.join(missing)}" if missing else "waits to be looked at"
        case TaskState.QUEUED:
            wanted = f" with {', '.join(task.capabilities)}" if task.capabilities else ""
            again = f"; attempt {task.attempts} did not do it" if task.attempts else ""
            return f"waits for a free agent{wanted}{again}"
        case TaskState.RUNNING | TaskState.ASSIGNED:
            again = f", attempt {task.attempts}" if task.attempts > 1 else ""
            return f"{task.agent or ''}{again}".strip(", ")
        case TaskState.PAUSED:
            return task.reason or "paused"
    return _ending(task)


def _ending(task: Task) -> str:
    message = str((task.error or {}).get("message") or task.reason or "")
    outcome = "" if task.is_good or task.outcome is None else task.outcome.value.replace("_", " ")
    return message or outcome


def _is_over(state: TaskState) -> bool:
    return state in (TaskState.COMPLETED, TaskState.SKIPPED, TaskState.FAILED, TaskState.CANCELLED)


def _elapsed(start: str | None, end: str | None, now: datetime) -> float | None:
    stop = end or now.isoformat()
    return seconds_between(start, stop)
