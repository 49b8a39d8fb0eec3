"""Runs as lines of a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from fusion_kit.cli.documents import seconds_between
from fusion_kit.cli.project import Views
from fusion_kit.cli.style import bold, columns, cyan, dim, green, red, yellow
from fusion_kit.cli.words import duration_text
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
    counts = Counter(task.state for task in views.tasks(run.id))
    return ", ".join(f"{counts[state]} {state.value}" for state in TaskState if counts[state])
