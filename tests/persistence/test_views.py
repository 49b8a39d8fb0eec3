"""Asking: what is found, in which order, and what a question leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from fusion_kit.core import events as e
from fusion_kit.core.agent import Agent
from fusion_kit.core.errors import NotFound
from fusion_kit.core.events import Draft, Event, Severity
from fusion_kit.core.run import Run
from fusion_kit.core.states import AgentState, Outcome, RunState, TaskState
from fusion_kit.core.task import Task
from fusion_kit.persistence.errors import AmbiguousRun
from fusion_kit.persistence.ledger import Ledger
from fusion_kit.persistence.selection import UnknownEventType
from fusion_kit.persistence.views import Views
from tests.persistence.ground import notes, numbers, opened

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
A, B, C = "flow-20261122-aaaaaa", "flow-20261122-abbbbb", "other-20261122-cccccc"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Three runs, written a second apart each event."""
    ticks = count()
    ledger = Ledger.open(tmp_path, project="demo", source="test", now=lambda: START + timedelta(seconds=next(ticks)))
    for batch in (
        [Draft(e.RunQueued("flow"), run=A)],
        [Draft(e.TaskCreated("run"), run=A, task="zeta"), Draft(e.TaskCreated("run"), run=A, task="alpha")],
        [Draft(e.AgentSpawned("coder"), agent="coder-1")],
        [Draft(e.AgentSpawned("tester"), agent="tester-1")],
        [Draft(e.RunStarted(), run=A)],
        [Draft(e.TaskQueued(), run=A, task="zeta")],
        [Draft(e.TaskFailed(Outcome.TIMEOUT), run=A, task="zeta", agent="coder-1")],
        [Draft(e.RunFailed({"code": "task-failed"}), run=A)],
        [Draft(e.RunQueued("flow"), run=B)],
        [Draft(e.RunQueued("other"), run=C)],
        [Draft(e.RunStarted(), run=C)],
    ):
        ledger.commit(batch)
    ledger.close()
    return tmp_path


@pytest.fixture
def views(state: Path) -> Iterator[Views]:
    views = Views(state)
    yield views
    views.close()


def seqs(events: list[Event]) -> list[int]:
    return [event.seq for event in events]


def test_a_run_is_found_by_its_id_and_by_a_beginning_that_no_other_has(views: Views) -> None:
    assert views.run(C) == views.run("oth")
    assert views.run("flow-20261122-aa") == Run(
        id=A,
        workflow="flow",
        state=RunState.FAILED,
        error={"code": "task-failed"},
        created_at="2026-11-22T12:00:00.000Z",
        started_at="2026-11-22T12:00:04.000Z",
        finished_at="2026-11-22T12:00:07.000Z",
    )
    with pytest.raises(AmbiguousRun, match=f"More than one run begins with 'flow': {A}, {B}"):
        views.run("flow")
    for unknown in ("nobody", "", "FLOW", "flow-20261122-aaaaaaa", "%"):
        with pytest.raises(NotFound, match="no run"):
            views.run(unknown)


def test_runs_are_listed_newest_first_and_filtered(views: Views) -> None:
    assert [run.id for run in views.runs()] == [C, B, A]
    assert [run.id for run in views.runs(workflow="flow")] == [B, A]
    assert [run.id for run in views.runs(states=[RunState.FAILED, RunState.RUNNING])] == [C, A]
    assert [run.id for run in views.runs(since=START + timedelta(seconds=8))] == [C, B]
    assert [run.id for run in views.runs(limit=2)] == [C, B]
    assert [run.id for run in views.runs(limit=2, after=views.cursor(B))] == [A]
    assert views.runs(states=[]) == []
    assert (views.count_runs(), views.count_runs(workflow="flow", states=[RunState.QUEUED])) == (3, 1)


def test_tasks_are_listed_as_they_were_created(views: Views) -> None:
    created = "2026-11-22T12:00:01.000Z"
    zeta = Task(
        A,
        "zeta",
        "run",
        TaskState.FAILED,
        Outcome.TIMEOUT,
        created_at=created,
        finished_at="2026-11-22T12:00:06.000Z",
    )
    alpha = Task(A, "alpha", "run", created_at=created)
    assert views.tasks(A) == [zeta, alpha]
    assert views.task(A, "alpha") == alpha
    assert views.counts(A) == {TaskState.FAILED: 1, TaskState.WAITING: 1}
    assert views.tasks("nobody") == []
    with pytest.raises(NotFound, match="no task 'nothing'"):
        views.task(A, "nothing")


def test_agents_are_listed_by_id_or_by_name(views: Views) -> None:
    at = [f"2026-11-22T12:00:0{second}.000Z" for second in (2, 3)]
    coder = Agent("coder-1", "coder", AgentState.SPAWNING, created_at=at[0], changed_at=at[0])
    tester = Agent("tester-1", "tester", AgentState.SPAWNING, created_at=at[1], changed_at=at[1])
    assert views.agents() == [coder, tester]
    assert views.agents("tester") == [tester]


def test_events_are_filtered_by_everything_and_in_order(views: Views) -> None:
    assert seqs(views.events()) == list(range(1, 13))
    assert seqs(views.events(after=4, limit=3)) == [5, 6, 7]
    assert seqs(views.events(type="task.created")) == [2, 3]
    assert seqs(views.events(type="task.*")) == [2, 3, 7, 8]
    assert seqs(views.events(type="workflow.*", limit=2)) == [1, 6]
    assert seqs(views.events(type="*", run=C)) == [11, 12]
    assert seqs(views.events(run=A, task="zeta")) == [2, 7, 8]
    assert seqs(views.events(run=A, type="task.*", severity=Severity.ERROR)) == [8]
    assert seqs(views.events(agent="coder-1")) == [4, 8]
    assert seqs(views.events(agent="coder-1", run=A)) == [8]
    assert seqs(views.events(severity=Severity.ERROR)) == [8, 9]
    assert seqs(views.events(severity=Severity.INFO, after=9)) == [10, 11, 12]
    assert seqs(views.events(severity=Severity.DEBUG, limit=2)) == [1, 2]
    assert seqs(views.events(type="workflow.failed", severity=Severity.CRITICAL)) == []
    with pytest.raises(UnknownEventType, match=r"No event is of type 'tusk\.\*'"):
        views.events(type="tusk.*")


def test_since_is_included_and_until_is_not(views: Views) -> None:
    second = timedelta(seconds=1)
    assert seqs(views.events(since=START + 4 * second, until=START + 6 * second)) == [6, 7]
    assert seqs(views.events(since=START - second, until=START)) == []
    assert seqs(views.events(since=START + 100 * second)) == []
    assert seqs(views.events(until=START + 1.5 * second)) == [1, 2, 3]
    assert seqs(views.events(since=START + 9 * second, after=11)) == [12]


def test_a_question_before_anything_was_recorded_leaves_no_trace(tmp_path: Path) -> None:
    views = Views(tmp_path / "state")
    assert (views.runs(), views.events(), views.agents(), views.last_seq()) == ([], [], [], 0)
    assert views.events(since=START) == []
    assert list(tmp_path.iterdir()) == []
    ledger = opened(tmp_path / "state")
    ledger.commit(notes(1, 2))
    assert numbers(views.events()) == [1, 2]
    ledger.close()
    views.close()


def test_who_may_not_write_reads_the_log_itself(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)
    (state / "index.db").unlink()
    views = Views(state)
    assert [run.id for run in views.runs()] == [C, B, A]
    ledger = opened(state)
    ledger.commit(notes(1, 1))
    assert views.last_seq() == 13
    before = {path.name for path in state.iterdir()}
    assert seqs(views.events(after=12)) == [13]
    assert {path.name for path in state.iterdir()} == before
    ledger.close()
    views.close()


def test_views_go_on_after_they_were_closed(views: Views) -> None:
    assert views.last_seq() == 12
    views.close()
    assert views.last_seq() == 12
