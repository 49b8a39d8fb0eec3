"""What may start now."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fusion_kit.core.plan import Hold, Idle, Plan, Spawnable, Start, Waiting, planned


def capable(*names: str) -> frozenset[str]:
    return frozenset(names)


def test_the_rare_agent_is_kept_for_the_task_that_needs_it() -> None:
    queue = [Waiting("docs", 9, 0), Waiting("ui", 0, 1, capabilities=capable("browser"))]
    idle = [Idle("a-1", "a", capable("browser")), Idle("b-1", "b")]

    assert planned(queue, idle, [], 9).starts == [Start("docs", "b-1"), Start("ui", "a-1")]


def test_an_idle_agent_is_taken_before_a_new_one_is_made() -> None:
    queue = [Waiting("one", agent="a"), Waiting("two", agent="a"), Waiting("three", agent="a")]

    plan = planned(queue, [Idle("a-1", "a")], [Spawnable("a", capable(), 1)], 9)

    assert plan.starts == [Start("one", "a-1"), Start("two", spawn="a")]


def test_a_task_that_nobody_can_take_does_not_hold_up_those_behind_it() -> None:
    queue = [Waiting("ui", 9, capabilities=capable("browser")), Waiting("docs", 0)]

    assert planned(queue, [Idle("b-1", "b")], [], 9).starts == [Start("docs", "b-1")]


def test_no_more_start_than_there_is_room_for() -> None:
    queue = [Waiting(name, needs_agent=False) for name in "abc"]

    assert planned(queue, [], [], 2).starts == [Start("a"), Start("b")]
    assert planned(queue, [], [], 0).starts == []


def test_a_lane_has_a_limit_of_its_own() -> None:
    queue = [Waiting(name, needs_agent=False, lane="matrix") for name in "abc"] + [Waiting("d", needs_agent=False)]

    assert planned(queue, [], [], 9, {"matrix": 2}).starts == [Start("a"), Start("b"), Start("d")]


class Purse:
    """Lets a few start, and holds back the rest."""

    def __init__(self, coins: int) -> None:
        self.coins = coins
        self.asked: list[str] = []

    def admits(self, task: Waiting) -> Hold | None:
        self.asked.append(task.node)
        return None if self.coins else Hold(task.node, "budget", "no coin left")

    def take(self, task: Waiting) -> None:
        self.coins -= 1


def test_the_allowance_is_asked_in_the_order_of_the_queue_and_only_about_what_could_start_otherwise() -> None:
    queue = [
        Waiting("ui", needs_agent=True, capabilities=capable("browser")),
        *(Waiting(name, needs_agent=False) for name in "abc"),
    ]
    purse = Purse(coins=2)

    plan = planned(queue, [], [], 9, allowance=purse)

    assert plan == Plan([Start("a"), Start("b")], [Hold("c", "budget", "no coin left")])
    assert purse.asked == ["a", "b", "c"]


def test_what_the_allowance_holds_back_does_not_use_up_an_agent() -> None:
    class Never(Purse):
        def admits(self, task: Waiting) -> Hold | None:
            return Hold(task.node, "lock") if task.node == "first" else None

    queue = [Waiting("first", agent="a"), Waiting("second", agent="a")]

    assert planned(queue, [Idle("a-1", "a")], [], 9, allowance=Never(9)).starts == [Start("second", "a-1")]


def test_of_ten_thousand_held_tasks_only_those_there_was_room_for_are_told() -> None:
    queue = [Waiting(str(number), needs_agent=False) for number in range(10_000)]

    assert [hold.node for hold in planned(queue, [], [], 3, allowance=Purse(0)).held] == ["0", "1", "2"]


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
    chosen = planned(queue, idle, [], room).starts

    taken = [start.agent for start in chosen]
    skills_of = {agent.id: agent.capabilities for agent in idle}
    wanted = {waiting.node: waiting.capabilities for waiting in queue}
    assert len(taken) == len(set(taken)) <= room
    assert all(wanted[start.node] <= skills_of[start.agent or ""] for start in chosen)
