"""A run never starts what it may not be able to pay for."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from fusion_kit.coordination.steering.wishing import let_go_on
from fusion_kit.core import events as e
from fusion_kit.core.process import Ended
from fusion_kit.core.states import RunState, TaskState
from fusion_kit.core.work import Usage
from fusion_kit.testing import Sandbox
from fusion_kit.testing.actors import Part
from fusion_kit.testing.ledger import Crash

FOUR = """
    name: four
    max_parallel: 9
    limits: {{cost_usd: {limit}}}
    tasks:
      - {{id: a, agent: coder, prompt: x}}
      - {{id: b, agent: coder, prompt: x}}
      - {{id: c, agent: coder, prompt: x}}
      - {{id: d, agent: coder, prompt: x}}
"""


def coders(sandbox: Sandbox, limit: float = 1.5, cap: str = "{cost_usd: 0.50}") -> None:
    sandbox.workflow(FOUR.format(limit=limit))
    sandbox.agent("coder", max_parallel=9, limits=cap)


def plays(sandbox: Sandbox, cost_usd: float | None, *nodes: str, seconds: float = 1.0) -> None:
    for node in nodes:
        sandbox.task(node).plays(Part(seconds=seconds, usage=Usage(cost_usd=cost_usd)))


def held(sandbox: Sandbox) -> list[tuple[str | None, str, str]]:
    facts = ((event.task, event.fact) for event in sandbox.ledger.events)
    return [(task, fact.reason, fact.message) for task, fact in facts if isinstance(fact, e.TaskHeld)]


async def test_of_n_parallel_agents_the_one_the_budget_does_not_suffice_for_is_not_started(sandbox: Sandbox) -> None:
    coders(sandbox)
    plays(sandbox, 0.5, "a", "b", "c")

    run = await sandbox.run()

    assert run.state is RunState.PAUSED
    assert run.reason == "d waits for a higher limit"
    assert sandbox.troupe.starts == ["a", "b", "c"]
    assert sandbox.outcomes() == {"a": "success", "b": "success", "c": "success", "d": "paused"}
    assert held(sandbox) == [("d", "budget", "needs 0.50 USD: 0.00 spent, 1.50 reserved of 1.50")]
    waits = sandbox.rows["d"].waits or {}
    assert (waits["reason"], waits["message"]) == (
        "budget",
        f"needs 0.50 USD: 1.50 spent, 0.00 reserved of 1.50; fusion-kit resume {run.id} --max-cost 2.00",
    )


async def test_raising_the_budget_goes_on_from_where_it_stood(sandbox: Sandbox) -> None:
    coders(sandbox)
    plays(sandbox, 0.5, "a", "b", "c", "d")
    await sandbox.run()

    run = await sandbox.resume(settings={"max_cost_usd": 2.0})

    assert run.state is RunState.COMPLETED
    assert sandbox.troupe.starts == ["a", "b", "c", "d"]
    assert [row.spent for row in sandbox.rows.values()] == [{"cost_usd": 0.5}] * 4


async def test_what_a_run_spent_before_it_was_resumed_stays_spent(sandbox: Sandbox) -> None:
    coders(sandbox)
    plays(sandbox, 0.5, "a", "b", "c", "d")
    await sandbox.run()

    run = await sandbox.resume(settings={"max_cost_usd": 1.99})

    assert run.state is RunState.PAUSED
    assert sandbox.troupe.starts == ["a", "b", "c"]


async def test_money_that_an_end_sets_free_starts_the_next(sandbox: Sandbox) -> None:
    coders(sandbox, limit=1.0)
    plays(sandbox, 0.1, "a", "b", "c", "d")

    run = await sandbox.run()

    assert run.state is RunState.COMPLETED
    assert sandbox.troupe.most_alive == 2
    assert ("d", "budget", "needs 0.50 USD: 0.20 spent, 0.50 reserved of 1.00") not in held(sandbox)[:2]


def costs_something(sandbox: Sandbox) -> None:
    coders(sandbox)
    sandbox.workflow(FOUR.format(limit=1.3).replace("tasks:", "defaults: {retry: 1}\n    tasks:"))
    for node, cost in zip("abcd", (0.5, 0.17, None, 0.4), strict=True):
        sandbox.task(node).plays(
            Part(seconds=2, code=1, usage=Usage(cost_usd=cost)), Part(seconds=1, usage=Usage(cost_usd=cost))
        )


def assert_never_over(sandbox: Sandbox, limit: float) -> None:
    """Add up, event by event, what is set aside and what was spent."""
    spent: dict[str, float] = {}
    set_aside: dict[str, float] = {}
    for event in sandbox.ledger.events:
        match event.fact:
            case e.TaskStarted(reserved=reserved):
                set_aside[event.task or ""] = reserved["cost_usd"]
            case e.TaskCompleted(usage=usage) | e.TaskRetried(usage=usage) | e.TaskFailed(usage=usage):
                most = set_aside.pop(event.task or "")
                cost = (usage or {}).get("cost_usd")
                spent[event.task or ""] = spent.get(event.task or "", 0) + (cost if isinstance(cost, float) else most)
        assert sum(spent.values()) + sum(set_aside.values()) <= limit + 1e-9
    assert spent == {name: row.spent["cost_usd"] for name, row in sandbox.rows.items() if row.spent}


async def test_what_is_set_aside_and_spent_is_never_more_than_the_ceiling(sandbox: Sandbox) -> None:
    costs_something(sandbox)

    await sandbox.run(keep_going=True)

    assert_never_over(sandbox, 1.3)


@pytest.mark.parametrize("side", [1, -1], ids=["before it is durable", "after it is durable"])
async def test_a_crash_at_any_append_neither_forgets_nor_doubles_what_was_spent(tmp_path: Path, side: int) -> None:
    number = 0
    while number := number + 1:
        sandbox = Sandbox(tmp_path / str(number))
        costs_something(sandbox)
        sandbox.ledger.crash_at = side * number
        try:
            await sandbox.run(keep_going=True)
            break
        except Crash:
            sandbox.ledger.crash_at = None
            sandbox.folders.owned.clear()
        if not sandbox.ledger.runs():
            continue
        if not sandbox.last.finished_at:
            await sandbox.resume()
        assert_never_over(sandbox, 1.3)
        assert max(Counter(sandbox.troupe.starts).values()) <= 2, number
    assert number > 5


async def test_a_living_owner_goes_on_as_soon_as_its_budget_is_raised(sandbox: Sandbox) -> None:
    coders(sandbox)
    plays(sandbox, 0.5, "a", "b", "c", "d")

    async def pay() -> bool:
        return await let_go_on(sandbox.fusion.house, sandbox.last.id, "ana", {"max_cost_usd": 2.0})

    paying = sandbox.when("d paused: budget", pay)
    run = await sandbox.run(waits=True)

    assert await paying is True
    assert run.state is RunState.COMPLETED
    assert sandbox.troupe.starts == ["a", "b", "c", "d"]


async def test_who_does_not_say_what_it_cost_has_used_all_it_was_given(sandbox: Sandbox) -> None:
    coders(sandbox, limit=1.0)

    run = await sandbox.run()

    assert run.state is RunState.PAUSED
    assert sandbox.troupe.starts == ["a", "b"]
    rows = sandbox.rows
    assert [(rows[name].spent, rows[name].unmetered) for name in "abc"] == [({"cost_usd": 0.5}, 1)] * 2 + [({}, 0)]


async def test_an_attempt_that_never_became_a_process_used_nothing(sandbox: Sandbox) -> None:
    coders(sandbox, limit=1.0)
    sandbox.task("a").plays(Part(ended=Ended.NOT_STARTED))
    plays(sandbox, 0.5, "b", "c", "d")

    await sandbox.run(keep_going=True)

    assert sandbox.rows["a"].spent == {"cost_usd": 0.0, "tokens": 0.0}
    assert sandbox.rows["a"].unmetered == 0
    assert sandbox.troupe.starts == ["a", "b", "c"]


async def test_a_program_that_used_more_than_it_was_given_is_flagged_and_the_rest_sees_it(sandbox: Sandbox) -> None:
    coders(sandbox, limit=2.0)
    plays(sandbox, 1.75, "a", seconds=0.5)
    plays(sandbox, 0.25, "b", "c", "d")

    run = await sandbox.run(max_parallel=1)

    assert run.state is RunState.PAUSED
    assert sandbox.outcomes() == {"a": "success", "b": "paused", "c": "paused", "d": "paused"}
    facts = [event.fact for event in sandbox.ledger.events]
    assert [fact.flags for fact in facts if isinstance(fact, e.TaskCompleted)] == [
        ("over its limit: 1.75 of 0.50 USD",)
    ]


async def test_the_ceiling_a_person_gives_wins_over_the_files(sandbox: Sandbox) -> None:
    coders(sandbox, limit=0.5)
    plays(sandbox, 0.5, "a", "b", "c", "d")

    run = await sandbox.run(max_cost_usd=9.0)

    assert run.state is RunState.COMPLETED


async def test_what_is_taken_from_an_earlier_run_was_paid_for_there(sandbox: Sandbox) -> None:
    coders(sandbox, limit=9.0)
    sandbox.workflow(FOUR.format(limit=9).replace("id: d,", "id: d, needs: a,"))
    plays(sandbox, 0.5, "a", "b", "c", "d")
    await sandbox.run()

    run = await sandbox.run(only="d", max_cost_usd=0.5)

    assert run.state is RunState.COMPLETED
    assert sandbox.outcomes() == {"a": "cached", "d": "success"}


async def test_a_task_says_for_itself_what_it_may_use_and_others_of_the_run_use_nothing(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: mixed
        limits: {cost_usd: 1, tokens: 100}
        tasks:
          - {id: own, agent: coder, prompt: x, limits: {cost_usd: 0.25}}
          - {id: shell, run: x}
          - {id: any, capabilities: [coding], prompt: x}
    """)
    sandbox.agent("coder", max_parallel=2, capabilities="[coding]", limits="{cost_usd: 0.50, tokens: 40}")
    sandbox.agent("cheap", capabilities="[coding, docs]", limits="{cost_usd: 0.10, tokens: 50}")

    run = await sandbox.run()

    assert run.state is RunState.COMPLETED
    starts = {event.task: event.fact for event in sandbox.ledger.events if isinstance(event.fact, e.TaskStarted)}
    assert {task: fact.reserved for task, fact in starts.items()} == {
        "own": {"cost_usd": 0.25, "tokens": 40},
        "shell": {},
        "any": {"cost_usd": 0.5, "tokens": 50},  # whoever gets it
    }


NESTED = {
    "main": """
        name: nested
        tasks:
          - {id: review, uses: ./inner.yaml}
          - {id: own, agent: coder, prompt: x}
    """,
    "inner": """
        name: inner
        limits: {cost_usd: 0.75}
        tasks:
          - {id: one, agent: coder, prompt: x}
          - {id: two, agent: coder, prompt: x}
    """,
}


async def test_the_ceiling_of_a_sub_workflow_holds_for_what_is_inside_of_it(sandbox: Sandbox) -> None:
    sandbox.workflow(NESTED["main"])
    sandbox.workflow(NESTED["inner"], ".fusion/workflows/inner.yaml")
    sandbox.agent("coder", max_parallel=9, limits="{cost_usd: 0.50}")
    plays(sandbox, 0.5, "review.one", "review.two", "own")

    run = await sandbox.run()

    assert run.state is RunState.FAILED  # nobody can raise what the file says while the run lives
    assert sandbox.outcomes() == {
        "review": "budget", "own": "success", "review.one": "success", "review.two": "budget"
    }  # fmt: skip
    assert sandbox.rows["review.two"].error == {
        "code": "over-budget",
        "message": "It needs 0.50 USD: 0.50 spent, 0.00 reserved of 0.75 that review may use.",
        "hint": "That ceiling is part of the workflow: raise it there, and begin another run.",
    }


async def test_a_task_paused_for_money_waits_for_it_under_a_crash_too(sandbox: Sandbox) -> None:
    coders(sandbox)
    plays(sandbox, 0.5, "a", "b", "c", "d")
    await sandbox.run()

    run = await sandbox.resume()

    assert run.state is RunState.PAUSED
    assert sandbox.rows["d"].state is TaskState.PAUSED
    assert sandbox.troupe.starts == ["a", "b", "c"]
