"""Runs as lines of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from fusion_kit.cli.cost import cost_of, spending, tokens_of
from fusion_kit.cli.documents import Document, run_item, seconds_between
from fusion_kit.cli.project import Project, Views
from fusion_kit.cli.session import Session
from fusion_kit.cli.style import bold, columns, cyan, dim, green, red, yellow
from fusion_kit.cli.words import duration_text, moment
from fusion_kit.clock import SystemClock
from fusion_kit.core.run import Run
from fusion_kit.core.states import RunState, TaskState

_COLOURS: dict[RunState, Callable[[str], str]] = {
    RunState.QUEUED: dim,
    RunState.RUNNING: cyan,
    RunState.PAUSED: yellow,
    RunState.COMPLETED: green,
    RunState.FAILED: red,
    RunState.CANCELLED: yellow,
}


ALIVE = (RunState.QUEUED, RunState.RUNNING, RunState.PAUSED)


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Which runs: in these states (none: any), begun since, at most `limit`, older than the cursor `after`."""

    states: tuple[RunState, ...] = ()
    since: str | None = None
    limit: int = 20
    after: int | None = None
    with_cost: bool = False  # what the tasks of each have used is read, too


def list_runs(session: Session, request: RunRequest, nothing: str) -> None:
    """Print a page of runs, the newest first, or say that there is `nothing`; raises `NotATime`."""
    project = session.project()
    views = project.views
    since = moment(request.since, SystemClock().now()) if request.since else None
    states = request.states or None
    runs = views.runs(states=states, since=since, limit=request.limit, after=request.after)
    is_whole = len(runs) < request.limit
    session.show.listing(
        [run_item(run) | (_used(run, project) if request.with_cost else {}) for run in runs],
        run_lines(runs, project, with_cost=request.with_cost),
        next_after=None if is_whole else views.cursor(runs[-1].id),
        total=views.count_runs(states=states, since=since),
    )
    if not runs:
        session.show.say(nothing)


def run_lines(runs: Sequence[Run], project: Project, *, with_cost: bool = False) -> Iterator[str]:
    """Yield one line for each run: what became of it, when, how long, its tasks, and whether its process is gone."""
    rows = [[bold(run.id), coloured(run.state), *_times(run), _doing(run, project)] for run in runs]
    if with_cost:
        rows = [[*row[:4], ", ".join([row[4], *_spent(run, project)])] for row, run in zip(rows, runs, strict=True)]
    yield from columns(rows)


def coloured(state: RunState) -> str:
    """Return a run's state in its colour."""
    return _COLOURS[state](state.value)


def _times(run: Run) -> list[str]:
    start = (run.started_at or run.created_at)[:16].replace("T", " ")
    return [start, duration_text(seconds_between(run.started_at, run.finished_at))]


def _doing(run: Run, project: Project) -> str:
    is_left = run.state in (RunState.QUEUED, RunState.RUNNING) and not project.is_owned(run.id)
    return _tasks(run, project.views) + (yellow("; its process is gone: resume it") if is_left else "")


def _tasks(run: Run, views: Views) -> str:
    counts = views.counts(run.id)
    return ", ".join(f"{counts[state]} {state.value}" for state in TaskState if state in counts)


def _spent(run: Run, project: Project) -> list[str]:
    return spending(project.views.tasks(run.id)).texts()


def _used(run: Run, project: Project) -> Document:
    tasks = project.views.tasks(run.id)
    return {"cost_usd": cost_of(tasks), "tokens": tokens_of(tasks)}
