"""What may start now."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fusion_kit.core.plan import Idle, Spawnable, Start, Waiting, starts


def capable(*names: str) -> frozenset[str]:
    return frozenset(names)


def test_the_rare_agent_is_kept_for_the_task_that_needs_it() -> None:
    queue = [Waiting("docs", 9, 0), Waiting("ui", 0, 1, capabilities=capable("browser"))]
    idle = [Idle("a-1", "a", capable("browser")), Idle("b-1", "b")]

    assert starts(queue, idle, [], 9) == [Start("docs", "b-1"), Start("ui", "a-1")]


def test_an_idle_agent_is_taken_before_a_new_one_is_made() -> None:
    queue = [Waiting("one", agent="a"), Waiting("two", agent="a"), Waiting("three", agent="a")]

    chosen = starts(queue, [Idle("a-1", "a")], [Spawnable("a", capable(), 1)], 9)

    assert chosen == [Start("one", "a-1"), Start("two", spawn="a")]


def test_a_task_that_nobody_can_take_does_not_hold_up_those_behind_it() -> None:
    queue = [Waiting("ui", 9, capabilities=capable("browser")), Waiting("docs", 0)]

    assert starts(queue, [Idle("b-1", "b")], [], 9) == [Start("docs", "b-1")]


def test_no_more_start_than_there_is_room_for() -> None:
    queue = [Waiting(name, needs_agent=False) for name in "abc"]

    assert starts(queue, [], [], 2) == [Start("a"), Start("b")]
    assert starts(queue, [], [], 0) == []


def test_a_lane_has_a_limit_of_its_own() -> None:
    queue = [Waiting(name, needs_agent=False, lane="matrix") for name in "abc"] + [Waiting("d", needs_agent=False)]

    assert starts(queue, [], [], 9, {"matrix": 2}) == [Start("a"), Start("b"), Start("d")]


names = st.sampled_from(["a", "b", "c"])
skills = st.frozensets(st.sampled_from(["web", "sql", "docs"]))


@given(
    st.lists(st.builds(Waiting, st.uuids().map(str), st.integers(0, 3), st.integers(0, 9), capabilities=skills)),
    st.lists(st.builds(Idle, st.uuids().map(str), names, skills), unique_by=lambda agent: agent.id),
    st.integers(0, 5),
)
def test_a_plan_never_gives_an_agent_two_tasks_nor_a_task_an_agent_that_lacks_something(
    queue: list[Waiting], idle: list[Idle], room: int
) -> None:
    queue.sort(key=lambda waiting: waiting.rank)
    chosen = starts(queue, idle, [], room)

    taken = [start.agent for start in chosen]
    skills_of = {agent.id: agent.capabilities for agent in idle}
    wanted = {waiting.node: waiting.capabilities for waiting in queue}
    assert len(taken) == len(set(taken)) <= room
    assert all(wanted[start.node] <= skills_of[start.agent or ""] for start in chosen)
