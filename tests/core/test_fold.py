"""State is the fold of events."""

from __future__ import annotations

import json
from typing import get_args

import pytest

from fusion_kit.core import events as e
from fusion_kit.core.errors import IllegalMove
from fusion_kit.core.fold import OrphanEvent, World, fold
from fusion_kit.core.states import (
    AGENT_MOVES,
    FINAL_RUNS,
    FINAL_TASKS,
    RUN_MOVES,
    TASK_MOVES,
    AgentState,
    Outcome,
    RunState,
    TaskState,
    move,
)


def told(*drafts: e.Draft) -> list[e.Event]:
    return [
        e.Event(seq, f"t{seq}", draft.fact, "p", draft.run, draft.task, draft.attempt, draft.agent)
        for seq, draft in enumerate(drafts, 1)
    ]


def task(fact: e.AnyFact, attempt: str | None = None, agent: str | None = None) -> e.Draft:
    return e.Draft(fact, run="r", task="t", attempt=attempt, agent=agent)


def agent(fact: e.AnyFact) -> e.Draft:
    return e.Draft(fact, run="r", task="t", agent="a-1")


LIFE = told(
    e.Draft(e.RunQueued("w"), run="r"),
    e.Draft(e.RunStarted(), run="r"),
    task(e.TaskCreated("agent", needs=("s",))),
    task(e.TaskQueued()),
    e.Draft(e.AgentSpawned("a", provider="scripted"), agent="a-1"),
    e.Draft(e.AgentIdle(), agent="a-1"),
    task(e.TaskAssigned(), agent="a-1"),
    agent(e.AgentWorking()),
    task(e.TaskStarted(1, base="b"), attempt="x1", agent="a-1"),
    task(e.TaskRetried(Outcome.EXIT_CODE, exit_code=1), attempt="x1"),
    agent(e.AgentIdle()),
    task(e.TaskAssigned(), agent="a-1"),
    agent(e.AgentWorking()),
    task(e.TaskStarted(2, base="b"), attempt="x2", agent="a-1"),
    task(e.TaskCompleted(outputs={"n": 1}, commit="c"), attempt="x2"),
    agent(e.AgentIdle()),
    e.Draft(e.RunCompleted({"n": 1}, branch="fk/r/result", commit="c"), run="r"),
)


def test_a_life_folds_into_its_rows() -> None:
    world = fold(LIFE)

    run, row, worker = world.runs["r"], world.tasks["r", "t"], world.agents["a-1"]
    assert (run.state, run.outputs, run.branch, run.finished_at) == (
        RunState.COMPLETED,
        {"n": 1},
        "fk/r/result",
        "t17",
    )
    assert (row.state, row.outcome, row.attempt, row.attempts, row.counted, row.commit) == (
        TaskState.COMPLETED,
        Outcome.SUCCESS,
        "x2",
        2,
        1,
        "c",
    )
    assert (worker.state, worker.task, worker.run) == (AgentState.IDLE, None, None)


def test_every_event_survives_the_way_to_a_line_and_back() -> None:
    lines = [json.dumps(event.as_dict()) for event in LIFE]

    assert [e.event_from(json.loads(line)) for line in lines] == LIFE


@pytest.mark.parametrize("fact", [task(e.TaskStarted(1)), agent(e.AgentIdle()), e.Draft(e.RunStarted(), run="r")])
def test_an_event_about_something_never_introduced_is_refused(fact: e.Draft) -> None:
    with pytest.raises(OrphanEvent):
        fold(told(fact))


@pytest.mark.parametrize("again", [LIFE[0], LIFE[2], LIFE[4]])
def test_nothing_is_introduced_twice(again: e.Event) -> None:
    with pytest.raises(IllegalMove, match=r"cannot go from .* to new"):
        fold([*LIFE, again])


def test_a_refused_event_changes_nothing() -> None:
    world = World()
    for event in LIFE:
        world.apply(event)
    before = dict(world.tasks)

    with pytest.raises(IllegalMove) as refusal:
        world.apply(told(task(e.TaskQueued()))[0])

    assert world.tasks == before
    assert str(refusal.value) == "The task cannot go from completed to queued."


def test_a_paused_agent_keeps_its_task_and_goes_on_with_it() -> None:
    world = fold(LIFE[:9])
    world.apply(told(agent(e.AgentPaused("lunch")))[0])
    assert (world.agents["a-1"].state, world.agents["a-1"].task) == (AgentState.PAUSED, "t")

    world.apply(told(agent(e.AgentResumed()))[0])
    assert (world.agents["a-1"].state, world.agents["a-1"].task) == (AgentState.WORKING, "t")


def test_a_run_whose_owner_died_is_resumed_though_it_never_stopped_running() -> None:
    world = fold(LIFE[:2])
    world.apply(told(e.Draft(e.RunResumed("pid 2"), run="r"))[0])

    assert (world.runs["r"].state, world.runs["r"].resumes) == (RunState.RUNNING, 1)


def test_a_field_that_a_newer_release_added_is_no_error_of_ours() -> None:
    with pytest.raises(e.UnknownEvent) as refusal:
        e.fact_from("task.queued", 1, {"mood": "good"})
    assert refusal.value.way_out == "It was written by a newer release: upgrade fusion-kit."


def test_an_event_of_a_newer_release_says_so() -> None:
    line = {**LIFE[0].as_dict(), "v": 99}

    with pytest.raises(e.UnknownEvent, match="version 99"):
        e.event_from(line)


def test_every_declared_fact_has_a_type_of_its_own_under_a_known_topic() -> None:
    topics = {"agent", "task", "workflow", "message", "provider", "workspace", "merge", "log", "system"}

    assert len(e.FACTS) == len(get_args(e.AnyFact))
    assert {name.split(".")[0] for name in e.FACTS} <= topics


def test_tables_of_moves_name_every_state_and_lead_out_of_every_state_that_is_not_final() -> None:
    for states, table in ((RunState, RUN_MOVES), (TaskState, TASK_MOVES), (AgentState, AGENT_MOVES)):
        assert set(table) == set(states)
    assert all(RUN_MOVES[state] for state in RunState if state not in FINAL_RUNS)
    assert all(TASK_MOVES[state] for state in TaskState if state not in FINAL_TASKS)
    assert [state for state in AgentState if not AGENT_MOVES[state]] == [AgentState.TERMINATED]


def test_an_illegal_move_names_both_states() -> None:
    with pytest.raises(IllegalMove, match="The agent cannot go from terminated to idle"):
        move(AGENT_MOVES, AgentState.TERMINATED, AgentState.IDLE)
