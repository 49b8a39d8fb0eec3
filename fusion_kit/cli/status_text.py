"""A run as it stands, told to a person: its tasks, and for each that waits the reason why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from fusion_kit.cli.cost import spending
from fusion_kit.cli.documents import seconds_between
from fusion_kit.cli.merge_text import last_merge, place_lines
from fusion_kit.cli.nesting import nested
from fusion_kit.cli.project import Project, Views
from fusion_kit.cli.run_list import coloured
from fusion_kit.cli.style import bold, columns, cyan, dim, red, yellow
from fusion_kit.cli.summary import result_lines
from fusion_kit.cli.why import Command, Picture, whys
from fusion_kit.cli.words import duration_text
from fusion_kit.core.errors import UsageError
from fusion_kit.core.events import MergeWaiting, TaskRetried
from fusion_kit.core.run import Run
from fusion_kit.core.states import FINAL_RUNS, RunState, TaskState
from fusion_kit.core.task import Task

_NOT_BEGUN = frozenset({TaskState.WAITING, TaskState.QUEUED})  # what an earlier attempt took is not told


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


def status_lines(picture: Picture, now: datetime) -> Iterator[str]:
    """Yield the run and its tasks as they stand at `now`, and below a task what it asks for and what to type."""
    run, tasks = picture.run, picture.tasks
    yield from _head(picture, now)
    yield from picture.told
    reasons = whys(picture)
    shown = list(nested(tasks))
    rows = columns(
        [
            [
                f"  {'  ' * depth}{task.id}",
                task.state.value,
                duration_text(_elapsed(task.started_at, task.finished_at, now)) if task.state not in _NOT_BEGUN else "",
                reasons[task.id].text if task.id in reasons else _ending(task),
            ]
            for depth, task in shown
        ]
    )
    for (depth, task), row in zip(shown, rows, strict=True):
        yield row
        if why := reasons.get(task.id):
            yield from (f"  {'  ' * depth}  {line}" for line in [*why.details, cyan(why.command)] if line)
    if run.state not in FINAL_RUNS and (spent := spending(tasks).texts()):
        yield dim(f"used so far: {', '.join(spent)}")


def told_of(project: Project, run: Run, command: Command) -> list[str]:
    """Return what is to be said of a run beside its state: where its work is, and which run it waits for."""
    merged = last_merge(project.views, run.id)
    lines = list(place_lines(run, merged))
    if lines and isinstance(merged, MergeWaiting):
        lines.append(cyan(command("merge", run.id)))
    group = run.settings.get("group")
    if run.state is RunState.QUEUED and group is not None:
        others = project.views.runs(states=[RunState.RUNNING, RunState.PAUSED])
        ahead = [each.id for each in others if each.settings.get("group") == group and project.is_owned(each.id)]
        lines += [f"waits for {', '.join(ahead)}: runs of the group '{group}' never overlap"] if ahead else []
    return lines


def rests_of(views: Views, run: str, tasks: Sequence[Task], now: datetime) -> dict[str, str]:
    """Return until when (UTC text) queued tasks wait for their next attempt, for those that still do."""
    found: dict[str, str] = {}
    for task in tasks:
        if task.state is not TaskState.QUEUED or not task.attempts:
            continue
        for event in views.events(type="task.retried", run=run, task=task.id, limit=1000)[-1:]:
            delay_s = event.fact.delay_s if isinstance(event.fact, TaskRetried) else 0.0
            until = datetime.fromisoformat(event.ts) + timedelta(seconds=delay_s)
            if until > now:
                found[task.id] = until.isoformat()
    return found


def _head(picture: Picture, now: datetime) -> Iterator[str]:
    run = picture.run
    if run.state in FINAL_RUNS:
        yield from result_lines(run, picture.tasks)
        return
    elapsed = duration_text(_elapsed(run.started_at, None, now))
    yield f"{bold(run.id)} {coloured(run.state)} {dim(elapsed)}".rstrip()
    if run.reason:
        yield f"reason: {run.reason}"
    if run.state is RunState.PAUSED or not picture.is_owned:
        gone = "" if run.state is RunState.PAUSED else "its process is gone: "
        yield yellow(f"{gone}`{picture.command('resume', run.id)}` goes on with it")


def _ending(task: Task) -> str:
    if task.refused is not None:
        return red("its work broke the gate and was left out")
    message = str((task.error or {}).get("message") or task.reason or "")
    outcome = "" if task.is_good or task.outcome is None else task.outcome.value.replace("_", " ")
    return message or outcome


def _elapsed(start: str | None, end: str | None, now: datetime) -> float | None:
    stop = end or now.isoformat()
    return seconds_between(start, stop)
