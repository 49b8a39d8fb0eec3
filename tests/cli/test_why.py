"""Why each task waits, and the exact command that ends it."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from fusion_kit.cli.cost import cost_of, spending, tokens_of
from fusion_kit.cli.why import Picture, Why, clock_text, whys
from fusion_kit.core import events as e
from fusion_kit.core.events import Draft
from fusion_kit.core.run import Run
from fusion_kit.core.states import Outcome, RunState, TaskState
from fusion_kit.core.task import Task
from tests.cli import asks, plays
from tests.cli.fakes import RUN, FakeProject, FakeProjects
from tests.cli.runner import cli

R = Run("r", "hello", RunState.RUNNING, settings={"slots": 2})
NOON = "2026-01-31T12:00:00.000Z"
LATER = "2126-01-31T12:00:00.000Z"
Q = TaskState.QUEUED
P = TaskState.PAUSED


def _task(id_: str, state: TaskState, **more: object) -> Task:
    return replace(Task("r", id_, "agent", state), **more)  # type: ignore[arg-type]


def _command(*words: str) -> str:
    return shlex.join(["fusion-kit", *words])


def _whys(*tasks: Task, run: Run = R, is_owned: bool = True, rests: dict[str, str] | None = None) -> dict[str, Why]:
    return whys(Picture(run, tasks, _command, is_owned, rests or {}))


def _why(task: Task, *others: Task, run: Run = R) -> Why:
    return _whys(task, *others, run=run)[task.id]


RUNNING = (_task("x", TaskState.RUNNING, agent="coder-1"), _task("y", TaskState.ASSIGNED))


def test_needs_are_named_with_their_states_and_those_that_ended_are_left_out() -> None:
    a = _task("a", TaskState.WAITING, needs=("x", "y", "z"))
    assert _why(a, *RUNNING, _task("z", TaskState.COMPLETED)) == Why("waits for x (running), y (assigned)")


def test_a_full_run_is_told_with_its_numbers_and_an_expanded_parent_takes_no_room() -> None:
    parent, child = _task("x", TaskState.RUNNING), _task("x@a", TaskState.RUNNING, parent="x")
    assert _why(_task("q", Q), *RUNNING) == Why("waits for room: 2 of 2 running")
    assert _why(_task("q", Q, capabilities=("python",)), parent, child) == Why(
        "waits for a free agent with python (1 of 2 running)"
    )


def test_what_is_queued_in_a_run_that_nobody_works_on_waits_for_the_run() -> None:
    paused = replace(R, state=RunState.PAUSED)
    assert _why(_task("q", Q), run=paused) == Why("waits for the run to go on")
    assert _whys(_task("q", Q), is_owned=False) == {"q": Why("waits for the run to go on")}


def test_the_delay_of_a_retry_is_told_with_its_end() -> None:
    found = _whys(_task("q", Q, attempts=1), rests={"q": NOON})["q"]
    assert found == Why(f"waits until {clock_text(NOON)} for its next attempt; this will be attempt 2")


@pytest.mark.parametrize(
    ("state", "waits", "expected"),
    [
        (Q, {"reason": "lock", "message": "touches src/** like x"}, Why("waits for its turn: touches src/** like x")),
        (
            Q,
            {"reason": "budget", "message": asks.SHORT},
            Why(f"waits for money: {asks.SHORT}", command="fusion-kit resume r --max-cost 2.70"),
        ),
        (
            P,
            {"reason": "budget", "message": f"{asks.SHORT}; fusion-kit resume r --max-cost 2.20"},
            Why(f"waits for money: {asks.SHORT}", command="fusion-kit resume r --max-cost 2.20"),
        ),
        (
            Q,
            {"reason": "budget", "message": f"{asks.SHORT} that build may use"},
            Why(f"waits for money: {asks.SHORT} that build may use"),
        ),
        (Q, {"reason": "breaker", "message": "it failed 5 times"}, Why("waits for its provider: it failed 5 times")),
        (
            P,
            {"reason": "quota", "message": "", "until": NOON},
            Why(f"waits for its quota until {clock_text(NOON)}"),
        ),
        (P, {"reason": "person", "message": "ann"}, Why("paused by ann", command="fusion-kit resume r")),
        (
            P,
            {"reason": "approval", "message": "Release?", "until": NOON, "form": {"n": {"type": "integer"}}},
            Why(
                f"asks for approval until {clock_text(NOON)}: Release?",
                ("n: integer, optional",),
                "fusion-kit approve r q",
            ),
        ),
    ],
)
def test_whatever_holds_a_task_is_named_with_what_ends_it(
    state: TaskState, waits: dict[str, object], expected: Why
) -> None:
    assert _why(_task("q", state, waits=waits), *RUNNING) == expected


@pytest.mark.parametrize(
    ("approved", "is_owned", "text"),
    [
        (True, True, "approved by ann; the run takes note of it"),
        (False, False, "rejected by ann; the run has to go on to take note of it"),
    ],
)
def test_an_answer_that_nobody_took_note_of_is_no_question_any_more(approved: bool, is_owned: bool, text: str) -> None:
    task = _task("q", P, waits={"reason": "approval"}, answer={"approved": approved, "by": "ann"})
    assert _whys(task, is_owned=is_owned) == {"q": Why(text)}


def test_a_question_whose_time_is_up_is_told_as_such_and_not_to_be_answered() -> None:
    task = _task("q", P, waits={"reason": "approval", "until": NOON})
    late = datetime.fromisoformat(NOON) + timedelta(minutes=1)
    said = f"nobody answered until {clock_text(NOON)}, so it fails"
    assert whys(Picture(R, [task], _command, now=late)) == {"q": Why(said)}
    left = whys(Picture(R, [task], _command, is_owned=False, now=late))
    assert left == {"q": Why(f"{said} once the run goes on", command="fusion-kit resume r")}


def test_status_of_a_run_that_waits_for_its_group_names_the_run_ahead(
    project: FakeProject, projects: FakeProjects
) -> None:
    plays.begin(project)
    ahead = Draft(e.RunQueued(workflow="hello", settings={"group": "only"}), run="hello-20260131-ahead1")
    waiting = Draft(e.RunQueued(workflow="hello", settings={"group": "only"}), run="hello-20260131-later1")
    project.tell(ahead, Draft(e.RunStarted(owner="test"), run="hello-20260131-ahead1"), waiting)
    assert cli("status", "hello-20260131-later1", projects=projects).out.splitlines() == [
        "hello-20260131-later1 queued",
        "waits for hello-20260131-ahead1: runs of the group 'only' never overlap",
    ]


def test_what_has_ended_waits_for_nothing() -> None:
    assert _whys(_task("a", TaskState.COMPLETED), _task("b", TaskState.FAILED), _task("c", TaskState.SKIPPED)) == {}


def test_status_shows_the_question_its_form_and_the_command(project: FakeProject, projects: FakeProjects) -> None:
    plays.begin(project)
    asks.ship_asks(project, until=LATER)
    assert cli("status", RUN, projects=projects).out.splitlines()[1:] == [
        "  plan   waiting    waits to be looked at",
        "  build  waiting    waits for plan (waiting)",
        f"  ship   paused     asks for approval until {clock_text(LATER)}: Release it?",
        "    version: string",
        "    force: boolean, default false",
        "    level: low | high, default low",
        "    count: integer, optional",
        f"    fusion-kit approve {RUN} ship",
    ]


def test_status_shows_what_is_missing_and_how_much_more_it_takes(project: FakeProject, projects: FakeProjects) -> None:
    plays.begin(project)
    asks.lacks_money(project)
    assert cli("status", RUN, projects=projects).out.splitlines()[2:] == [
        f"  build  paused           waits for money: {asks.SHORT}",
        f"    fusion-kit resume {RUN} --max-cost 2.20",
        "used so far: 1.8k tokens, $0.03",
    ]


def test_status_says_until_when_a_retry_rests(project: FakeProject, projects: FakeProjects) -> None:
    plays.begin(project)
    plays.plan_starts(project)
    project.tell(plays.of_task("plan", e.TaskRetried(outcome=Outcome.EXIT_CODE, delay_s=1e9)))
    line = cli("status", RUN, projects=projects).out.splitlines()[1]
    assert " for its next attempt; this will be attempt 2" in line
    assert "waits until 2057-" in line


def test_money_is_summed_over_all_attempts_and_what_is_not_known_is_never_nothing() -> None:
    known = _task("a", TaskState.COMPLETED, attempts=2, agent="a-1", spent={"cost_usd": 1.2, "tokens": 900.0})
    silent = replace(known, id="b", spent={"cost_usd": 0.5}, unmetered=1)
    mute = _task("c", TaskState.COMPLETED, attempts=1, agent="a-1")
    assert (cost_of([known]), tokens_of([known]), spending([known]).texts()) == (
        1.2,
        {"input": 0, "output": 0, "total": 900},
        ["900 tokens", "$1.20"],
    )
    assert (cost_of([known, silent]), spending([known, silent]).texts()) == (None, ["900 tokens", "at least $1.70"])
    assert (cost_of([known, mute]), spending([known, mute]).texts()) == (None, ["900 tokens", "at least $1.20"])
    assert (cost_of([mute]), tokens_of([mute]), spending([mute]).texts()) == (None, None, [])


def test_ps_says_what_a_run_has_used(project: FakeProject, projects: FakeProjects) -> None:
    plays.begin(project)
    plays.plan_starts(project)
    plays.plan_ends(project)
    assert cli("ps", projects=projects).out == (
        f"{RUN}  running  2026-01-31 12:00    1 waiting, 1 completed, 1.8k tokens, $0.03\n"
    )
    item = cli("ps", "-o", "json", projects=projects).json["items"][0]
    assert (item["cost_usd"], item["tokens"]) == (0.03, {"input": 1500, "output": 250, "total": 1750})
