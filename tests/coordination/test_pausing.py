"""`pause`: everything of a run stands still, from any terminal, and goes on where it was."""

from __future__ import annotations

import pytest

from fusion_kit.coordination.steering import wishing
from fusion_kit.core.code import Desk, DeskOrder
from fusion_kit.core.states import AgentState, RunState, TaskState
from fusion_kit.testing import Sandbox
from fusion_kit.testing.actors import Part
from fusion_kit.testing.ledger import Crash

TWO = """
    name: two
    tasks:
      - {id: long, agent: coder, prompt: long}
      - {id: next, needs: long, run: next}
"""


def tell(sandbox: Sandbox) -> None:
    sandbox.agent("coder")
    sandbox.workflow(TWO)
    sandbox.task("long").plays(Part(seconds=30))


async def test_a_paused_run_stands_still_and_goes_on(sandbox: Sandbox) -> None:
    tell(sandbox)
    house = sandbox.fusion.house
    seen: dict[str, object] = {}

    async def pause() -> None:
        await wishing.pause(house, sandbox.last.id, "ana")

    async def look_and_go_on() -> None:
        seen["run"] = (sandbox.last.state, sandbox.last.reason)
        seen["task"] = (sandbox.rows["long"].state, sandbox.rows["long"].reason_to_wait)
        seen["agent"] = [agent.state for agent in sandbox.ledger.agents()]
        seen["owned"] = await wishing.let_go_on(house, sandbox.last.id, "ana", {})

    sandbox.when("long started", pause)
    looking = sandbox.when("long paused: person", look_and_go_on)
    run = await sandbox.run()
    await looking

    assert seen == {
        "run": (RunState.PAUSED, "paused by ana"),
        "task": (TaskState.PAUSED, "person"),
        "agent": [AgentState.PAUSED],
        "owned": True,
    }
    assert run.state is RunState.COMPLETED
    assert [name for _attempt, name in sandbox.troupe.signals] == ["pause", "resume"]
    assert sandbox.story() == [
        "long started", "long paused: person", "long resumed", "long completed", "next started", "next completed",
    ]  # fmt: skip


async def test_nothing_starts_while_a_run_is_paused(sandbox: Sandbox) -> None:
    tell(sandbox)
    sandbox.task("long").plays(Part(seconds=2))
    house = sandbox.fusion.house

    async def pause_for_an_hour() -> None:
        await wishing.pause(house, sandbox.last.id, "ana")
        while sandbox.clock.elapsed_s < 3600:
            await house.clock.sleep(60)
        await wishing.let_go_on(house, sandbox.last.id, "ana", {})

    sandbox.when("long started", pause_for_an_hour)
    run = await sandbox.run()

    assert run.state is RunState.COMPLETED
    assert (sandbox.rows["next"].started_at or "") > "2026-01-01T01:00"


async def test_ctrl_c_and_cancel_work_on_a_paused_run(sandbox: Sandbox) -> None:
    tell(sandbox)
    house = sandbox.fusion.house
    sandbox.when("long started", lambda: wishing.pause(house, sandbox.last.id, "ana"))
    sandbox.when("long paused: person", lambda: sandbox.fusion.cancel(sandbox.last.id, "ben"))

    run = await sandbox.run()

    assert run.state is RunState.CANCELLED
    assert [agent.state for agent in sandbox.ledger.agents()] == [AgentState.IDLE]


async def test_a_paused_attempt_whose_owner_died_goes_on_with_the_next(sandbox: Sandbox) -> None:
    tell(sandbox)

    async def pause_and_lose_the_owner() -> None:
        await wishing.pause(sandbox.fusion.house, sandbox.last.id, "ana")
        sandbox.ledger.crash_at = -(sandbox.ledger.appends + 1)

    sandbox.when("long started", pause_and_lose_the_owner)
    with pytest.raises(Crash):
        await sandbox.run()
    assert sandbox.rows["long"].state is TaskState.PAUSED
    sandbox.ledger.crash_at = None

    run = await sandbox.resume()

    assert run.state is RunState.COMPLETED
    assert sandbox.troupe.starts == ["long", "next"]
    assert sandbox.troupe.signals[-1][1] == "resume"


async def test_a_run_nobody_works_on_cannot_be_paused(sandbox: Sandbox) -> None:
    sandbox.workflow("name: q\ntasks: [{id: ask, approval: {message: ok?, timeout: 1h}}]")
    run = await sandbox.run()

    with pytest.raises(wishing.NotRunning) as refusal:
        await wishing.pause(sandbox.fusion.house, run.id, "ana")

    assert refusal.value.way_out == f"`fusion-kit resume {run.id}` goes on with it."


async def test_nobody_is_told_to_go_on_where_nobody_owns_the_run(sandbox: Sandbox) -> None:
    sandbox.workflow("name: q\ntasks: [{id: ask, approval: {message: ok?, timeout: 1h}}]")
    run = await sandbox.run()

    assert not await wishing.let_go_on(sandbox.fusion.house, run.id, "ana", {"max_cost_usd": 5})


async def test_what_is_stopped_before_it_began_never_begins(sandbox: Sandbox) -> None:
    tell(sandbox)
    making = sandbox.workspaces.prepare

    async def slowly(order: DeskOrder) -> Desk:
        sandbox.stop.request()
        await sandbox.clock.sleep(5)
        return await making(order)

    sandbox.workspaces.prepare = slowly  # type: ignore[method-assign]

    run = await sandbox.run()

    assert (run.state, sandbox.troupe.starts) == (RunState.PAUSED, [])
    assert sandbox.rows["long"].state is TaskState.QUEUED


async def test_what_is_paused_before_it_began_begins_when_the_run_goes_on(sandbox: Sandbox) -> None:
    tell(sandbox)
    house, making = sandbox.fusion.house, sandbox.workspaces.prepare
    begun_at: list[float] = []

    async def slowly(order: DeskOrder) -> Desk:
        await wishing.pause(house, sandbox.last.id, "ana")
        await sandbox.clock.sleep(5)
        return await making(order)

    async def go_on() -> None:
        await house.clock.sleep(60)
        begun_at.extend([len(sandbox.troupe.starts), sandbox.clock.elapsed_s])
        sandbox.workspaces.prepare = making  # type: ignore[method-assign]
        await wishing.let_go_on(house, sandbox.last.id, "ana", {})

    sandbox.workspaces.prepare = slowly  # type: ignore[method-assign]
    sandbox.when("long paused: person", go_on)
    run = await sandbox.run()

    assert (run.state, begun_at[0]) == (RunState.COMPLETED, 0)
