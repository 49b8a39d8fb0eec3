"""Questions to a long log: what `fusion-kit events` and a dashboard ask most often."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.measure import clocked, percentile
from benchmarks.table import Table
from fusion_kit.core.events import Draft, RunQueued, Severity, TaskCreated, TaskQueued, TaskSkipped, WorkspaceSalvaged
from fusion_kit.persistence.ledger import Ledger
from fusion_kit.persistence.views import Views

TASKS_A_RUN = 200
BATCH = 4_000
PAGE = 50
COLUMNS = ("question", "median ms", "95th percentile ms")


def history(events: int) -> Iterator[Draft]:
    """Yield the drafts of many runs until there are `events`."""
    made = 0
    run = 0
    while made < events:
        run += 1
        for draft in _one_run(run):
            made += 1
            yield draft


def _one_run(number: int) -> Iterator[Draft]:
    run = f"bench-{number}"
    yield Draft(RunQueued(workflow="bench"), run=run)
    for place in range(TASKS_A_RUN):
        task, agent = f"t{place}", f"worker-{place % 20}"
        yield Draft(TaskCreated(kind="run"), run=run, task=task, agent=agent)
        if place % 50 == 0:
            yield Draft(WorkspaceSalvaged(ref=f"refs/fusion-kit/salvage/{run}", commit="0" * 40), run=run, agent=agent)
        if place % 2:
            yield Draft(TaskQueued(), run=run, task=task, agent=agent)
        else:
            yield Draft(TaskSkipped(), run=run, task=task, agent=agent)


def filled(state: Path, events: int) -> None:
    """Write a log of at least `events` events."""
    ledger = Ledger.open(state, project="bench", source="bench:1", now=lambda: datetime.now(UTC))
    waiting: list[Draft] = []
    for draft in history(events):
        waiting.append(draft)
        if len(waiting) == BATCH:
            ledger.commit(waiting)
            ledger.news()  # told to nobody, so that it does not pile up here
            waiting = []
    ledger.commit(waiting)
    ledger.close()


def questions(views: Views, last: int) -> dict[str, Callable[[int], object]]:
    """Return what is asked, each with a number that makes it different every time."""
    middle = last // 2
    return {
        "a page from the middle": lambda n: views.events(after=middle + n, limit=PAGE),
        "one type": lambda n: views.events(after=middle + n, type="task.queued", limit=PAGE),
        "all types of one kind": lambda n: views.events(after=middle + n, type="task.*", limit=PAGE),
        "one agent": lambda n: views.events(after=middle + n, agent=f"worker-{n % 20}", limit=PAGE),
        "warnings": lambda n: views.events(after=middle + n, severity=Severity.WARNING, limit=PAGE),
        "one run": lambda n: views.events(run=f"bench-{n + 1}", limit=PAGE),
        "one task of a run": lambda n: views.events(run=f"bench-{n + 1}", task="t7", limit=PAGE),
        "the tasks of a run": lambda n: views.tasks(f"bench-{n + 1}"),
    }


def _row(name: str, ask: Callable[[int], object], rounds: int) -> tuple[str, ...]:
    seconds = [clocked(lambda number=number: ask(number)) for number in range(rounds)]  # type: ignore[misc]
    return (name, f"{median(seconds) * 1e3:.2f}", f"{percentile(seconds, 0.95) * 1e3:.2f}")


def measure(scratch: Path, *, quick: bool) -> list[Table]:
    """Fill a log, ask everything many times, then let the index be built anew."""
    events, rounds = (20_000, 20) if quick else (1_000_000, 200)
    state = scratch / "state"
    written_s = clocked(lambda: filled(state, events))
    views = Views(state)
    last = views.last_seq()
    rows = [_row(name, ask, rounds) for name, ask in questions(views, last).items()]
    return [
        Table(
            title=f"Questions to {last:,} events",
            note=f"{rounds} of each, {PAGE} rows a page; the log was written at {last / written_s:,.0f} events/s.",
            columns=COLUMNS,
            rows=tuple(rows),
        )
    ]
