"""Runs as lines of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from fusion_kit.cli.documents import run_item, seconds_between
from fusion_kit.cli.project import Views
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


def list_runs(session: Session, views: Views, request: RunRequest, nothing: str) -> None:
    """Print a page of runs, the newest first, or say that there is `nothing`; raises `NotATime`."""
    since = moment(request.since, SystemClock().now()) if request.since else None
    states = request.states or None
    runs = views.runs(states=states, since=since, limit=request.limit, after=request.after)
    is_whole = len(runs) < request.limit
    session.show.listing(
        [run_item(run) for run in runs],
        run_lines(runs, views),
        next_after=None if is_whole else views.cursor(runs[-1].id),
        total=views.count_runs(states=states, since=since),
    )
    if not runs:
        session.show.say(nothing)


def run_lines(runs: Sequence[Run], views: Views) -> Iterator[str]:
    """Yield one line for each run: what became of it, when, how long, and its tasks."""
    yield from columns([[bold(run.id), coloured(run.state), *_times(run), _tasks(run, views)] for run in runs])


def coloured(state: RunState) -> str:
    """Return a run's state in its colour."""
    return _COLOURS[state](state.value)


def _times(run: Run) -> list[str]:
    start = (run.started_at or run.created_at)[:16].replace("T", " ")
    return [start, duration_text(seconds_between(run.started_at, run.finished_at))]


def _tasks(run: Run, views: Views) -> str:
    counts = views.counts(run.id)
    return ", ".join(f"{counts[state]} {state.value}" for state in TaskState if state in counts)
